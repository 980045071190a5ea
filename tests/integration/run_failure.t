#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Steps that do everything wrong: the verdict is right and the message says what happened.
. tests/helpers/tap.sh

step_state() {
	json '[(s["terminated"]["exitCode"], s["terminationReason"]) for s in tasks["'"$1"'"]["status"]["steps"]]'
}

script fails <<'SH'
i=0; while [ $i -lt 30 ]; do i=$((i + 1)); echo "line $i"; done
echo "the reason" >&2
exit 7
SH
run
is "$code" 1 "a failing step fails the run"
is "$(json 'cond(run)["reason"]+"|"+cond(run)["message"]')" \
	'StepFailed|"step-s" exited with code 7: Error' "with Tekton's reason and message"
is "$(step_state fails)" "[(7, 'Error')]" "and state"
like "$out" "the reason" "the failure block shows the last lines"
like "$out$err" "$T/run/logs/fails/0/s.log" "and the path of the whole log"
is "$(log fails s | wc -l)" 31 "which has them all"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: noprog}
spec: {taskSpec: {steps: [{name: s, image: busybox, command: [no-such-program, x]}, {name: t, image: busybox, command: ["true"]}]}}
YAML
run
is "$code" 1 "a program that does not exist"
is "$(log noprog s)" 'Error executing command: exec: "no-such-program": executable file not found in $PATH' \
	"is told in the log, in Go's words"
is "$(step_state noprog)" "[(1, 'Error'), (1, 'Skipped')]" "and ends like Tekton's entrypoint"

script nointerp <<'SH'
#!/no/such/shell
true
SH
run
is "$code" 1 "a script without its interpreter"
like "$(log nointerp s)" "Error executing command: fork/exec /tekton/scripts/script-0-" "names the script"
like "$(log nointerp s)" ": no such file or directory" "and the reason"

script blank <<'SH'

#!/bin/sh
true
SH
run
is "$code" 1 "a script with a blank line before #!"
like "$(log blank s)" ": exec format error" "is not executable"

script killed <<'SH'
kill -9 $$
SH
run
is "$code" 1 "a step killed by SIGKILL"
is "$(step_state killed)" "[(255, 'Error')]" "ends with 255, as in Tekton"
like "$out" "signal 9" "people are told the signal"

script aborted <<'SH'
kill -ABRT $$
SH
run
is "$(step_state aborted)" "[(255, 'Error')]" "an abort is an abort, not a SIGSEGV of PID 1"

# grandchildren that keep the pipe
script holder <<'SH'
sleep 300 &
sleep 300 >/dev/null 2>&1 &
echo started
SH
start=$(date +%s)
run
is "$code" 0 "a grandchild that holds the pipe"
[ $(($(date +%s) - start)) -lt 60 ]
ok $? "does not hold the run"
is "$(log holder s)" started "its output before is there"

script closed <<'SH'
exec >/dev/null 2>&1
exit 5
SH
run
is "$(step_state closed)" "[(5, 'Error')]" "a step that closes its streams has not ended with that"

# time limits, of steps that listen and of steps that do not
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: slow}
spec:
  taskSpec:
    results: [{name: r}]
    steps:
    - {name: s, image: busybox, timeout: 3s, script: "printf early > $(results.r.path); trap '' TERM; while :; do sleep 1; done"}
    - {name: t, image: busybox, command: ["true"]}
YAML
begin=$SECONDS
run
is "$code" 1 "a step that is too slow"
is "$(step_state slow)" "[(1, 'TimeoutExceeded'), (1, 'Skipped')]" "is stopped"
[ $((SECONDS - begin)) -lt 60 ]
ok $? "although it does not listen"
is "$(json 'run["status"]["results"][0]["value"]')" early "and its results are read"
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: late}
spec: {timeout: 1s, taskSpec: {steps: [{name: s, image: busybox, script: "sleep 100"}]}}
YAML
run
is "$code $(json 'cond(run)["reason"]+"|"+cond(run)["message"]')" '1 TaskRunTimeout|TaskRun "late" failed to finish within "1s"' "a task that is too slow"

# a gigabyte without a line end
script flood <<'SH'
dd if=/dev/zero bs=1M count=1024 2>/dev/null | tr '\000' x
echo
echo end
SH
rm -rf "$T/run"
/usr/bin/time -f %M -o "$T/peak" "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" \
	--run-dir "$T/run" >"$T/out" 2>"$T/err"
is $? 0 "a gigabyte without a line end"
is "$(stat -c %s "$T/run/logs/flood/0/s.log")" 1073741829 "is in the log to the last byte"
limit=65536
[ "${VARIANT:-debug}" = san ] && limit=524288
[ "$(tail -1 "$T/peak")" -lt "$limit" ]
ok $? "and costs the agent no memory" "peak: $(cat "$T/peak") KiB"
[ "$(stat -c %s "$T/out")" -lt 100000 ]
ok $? "nor the screen"
like "$(tail -c 2000 "$T/out")" "end" "the line after it is shown"
rm -rf "$T/run"

# results
for what in 'mkfifo R' 'ln -s /etc/passwd R' 'mkdir R' 'echo x > R.x; ln R.x R'; do
	script bad <<-SH
		$(printf '%s' "$what" | sed 's|R|/tekton/results/r|g')
	SH
	run
	is "$code" 1 "a result made by '$what'"
	like "$(json 'cond(run)["message"]')" '"r"' "is named in the verdict"
	unlike "$(cat "$T/run/run.json")" "root:x:" "and gives nothing away"
done
like "$(log bad s)" "result 'r' is not taken: has more than one link" "the log says why"

script big <<'SH'
dd if=/dev/zero bs=1M count=10 2>/dev/null | tr '\000' y > /tekton/results/r
SH
run
is "$code" 0 "a result of 10 MB"
is "$(json 'len(run["status"]["results"][0]["value"])')" 10485760 "arrives whole"

script huge <<'SH'
dd if=/dev/zero of=/tekton/results/r bs=1M count=1 seek=20 2>/dev/null
SH
run
is "$code" 1 "a result of 21 MB"
like "$(json 'cond(run)["message"]')" "exceeded size limit 16777216 bytes" "is too large, and that is said"

# a full disk
if [ "$(id -u)" = 0 ]; then
	mkdir "$T/mnt"
	mount -t tmpfs -o size=24m,mode=0755 none "$T/mnt"
	script full <<-'SH'
		dd if=/dev/zero of=/big bs=1M count=100 || echo "dd said $?"
		dd if=/dev/zero of=/workspace/big bs=1M count=100 2>/dev/null || true
		exit 9
	SH
	monopod run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/mnt/run"
	is "$code" 1 "a step that fills the disk"
	is "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["items"][0]["status"]["conditions"][0]["message"])' "$T/mnt/run/run.json")" \
		'"step-s" exited with code 9: Error' "ends with its own verdict, written down"
	like "$out" "No space left on device" "and the reason is seen"
	[ "$(df --output=used -k "$T/mnt" | tail -1)" -lt 4096 ]
	ok $? "what it wrote is gone"
	yaml <<-'YAML'
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: claimfull}
		spec:
		  workspaces: [{name: w, volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}]
		  taskSpec:
		    workspaces: [{name: w}]
		    steps:
		    - {name: fill, image: busybox, onError: continue, script: "dd if=/dev/zero of=$(workspaces.w.path)/big bs=1M count=100"}
		    - {name: after, image: busybox, script: "echo after; exit 4"}
	YAML
	monopod run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/mnt/run2"
	is "$code" 1 "a claim that fills the disk for good"
	like "$(cat "$T/mnt/run2/run.json" 2>&1)" 'exited with code 4' "does not keep the verdict from being written"
	like "$out" "claimfull" "and shown"
	umount "$T/mnt"
else
	skip "a step that fills the disk" "needs root for a small file system"
fi
done_testing
