#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A place that gives little, or that its caller has set up oddly.
. tests/helpers/tap.sh

# tasks N [chained]: N tasks and a first one; one after the other, or all at once
tasks() {
	cat <<-'YAML'
		apiVersion: tekton.dev/v1
		kind: PipelineRun
		metadata: {name: many}
		spec:
		  pipelineSpec:
		    tasks:
		    - {name: t0, taskSpec: {steps: [{name: s, image: busybox, command: ["true"]}]}}
	YAML
	for i in $(seq "$1"); do
		printf '    - {name: t%d, ' "$i"
		[ $# -eq 1 ] || printf 'runAfter: [t%d], ' $((i - 1))
		echo 'taskSpec: {steps: [{name: s, image: busybox, command: ["true"]}]}}'
	done
}

# limited LIMIT: runs with at most so many open files
limited() {
	rm -rf "$T/run"
	(
		ulimit -n "$1"
		exec "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" >"$T/out" 2>"$T/err" </dev/null
	)
	code=$?
}

tasks 60 chained | yaml
limited 160
is "$code" 0 "60 tasks, one after the other, keep nothing open" || tail -n 5 "$T/out"

tasks 60 | yaml
limited 320
is "$code" 0 "60 tasks at once wait for room among 320 open files" || tail -n 5 "$T/out"

limited 20
is "$code" 3 "no room for a sandbox at all"
like "$(cat "$T/err")" "too many open files" "is said before anything starts"

# what the caller ignores
script plain <<'SH'
echo hello
SH
rm -rf "$T/run"
(
	trap '' CHLD PIPE TERM HUP
	exec "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" >"$T/out" 2>"$T/err" </dev/null
)
is $? 0 "a caller that ignores SIGCHLD" || cat "$T/err"

script hup <<'SH'
echo up
until [ -e /workspace/go ]; do sleep 0.1; done
SH
sed -i 's/^spec:/&\n  workspaces: [{name: w, persistentVolumeClaim: {claimName: c}}]/; s/^  taskSpec:/&\n    workspaces: [{name: w, mountPath: \/workspace}]/' "$T/in.yaml"
for way in ignored default; do
	mkdir -p "$T/claim"
	rm -rf "$T/run" "$T/claim/go"
	(
		[ $way = default ] || trap '' HUP
		exec "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" --volume "c=$T/claim" >"$T/out" 2>"$T/err" </dev/null
	) &
	pid=$!
	wait_for 30 grep -q up "$T/run/logs/hup/0/s.log" 2>/dev/null
	kill -HUP "$pid"
	[ $way = default ] || touch "$T/claim/go"
	wait "$pid"
	code=$?
	case $way in
	ignored) is "$code" 0 "SIGHUP is nothing under nohup" || cat "$T/err" ;;
	default) is "$code" 143 "and the end elsewhere" ;;
	esac
done

# somebody holds the other end of standard output and does not read
script unread <<'SH'
line=$(printf '%01000d' 0) # a megabyte of them is written in no time
while :; do echo $line; done
SH
sed -i 's/^spec:/&\n  timeout: 4s/' "$T/in.yaml"
rm -rf "$T/run"
mkfifo "$T/pipe" "$T/go"
# reads nothing until something is written to $T/go
reader() {
	(
		read -r _ <"$T/go"
		cat
	) <"$T/pipe" >"$T/out" &
	reader=$!
}
reader
timeout -s KILL 60 "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" >"$T/pipe" 2>"$T/err" </dev/null
is $? 1 "standard output is held and not read: the deadline counts"
echo >"$T/go"
wait "$reader"
is "$(json 'cond(run)["reason"]')" TaskRunTimeout "and is recorded"
[ "$(stat -c %s "$T/run/logs/unread/0/s.log")" -gt 1000000 ]
ok $? "the log goes on"

sed -i '/timeout: 4s/d' "$T/in.yaml"
rm -rf "$T/run"
reader
timeout -s KILL 60 "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" --grace 3s >"$T/pipe" 2>"$T/err" </dev/null &
pid=$!
# more than the pipe and the program hold together: by now some was given up
given_up() {
	[ "$(stat -c %s "$T/run/logs/unread/0/s.log" 2>/dev/null || echo 0)" -gt 1000000 ]
}
wait_for 30 given_up
ok $? "what nobody reads does not hold the step for ever"
pkill -TERM -P "$pid"
wait_for 30 grep -q Cancelled "$T/run/journal"
ok $? "a signal counts, too"
echo >"$T/go"
wait "$pid"
is $? 143 "and is the exit code"
wait "$reader"
like "$(tail -c 30000 "$T/out")" "Cancelled" "who reads again sees the end"
like "$(grep -a 'not read in time' "$T/out")" "the logs have them" "and what was left out"

# files may not be large
script big <<'SH'
i=0; while [ $i -lt 40000 ]; do echo "0123456789012345678901234567890123456789 $i"; i=$((i + 1)); done
exit 3
SH
rm -rf "$T/run"
(
	ulimit -f 1024
	exec "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" 2>&1 </dev/null
) | tail -n 60 >"$T/out"
is "${PIPESTATUS[0]}" 1 "a log that may not grow does not end the run"
is "$(json 'cond(run)["message"]')" '"step-s" exited with code 3: Error' "the verdict is the step's"
like "$(cat "$T/out")" " bytes that could not be written" "and what is missing is said"

# links and pipes where the results of the pipeline are to be
script put <<'SH'
printf value >/tekton/results/r
SH
mkdir "$T/results"
echo keep >"$T/target"
ln -s "$T/target" "$T/results/r"
run --results-dir "$T/results"
is "$code $(cat "$T/target" "$T/results/r")" "0 keep
value" "a link in --results-dir is replaced, not followed"
rm "$T/results/r"
mkfifo "$T/results/r"
run --results-dir "$T/results"
is "$code $(cat "$T/results/r")" "0 value" "so is a pipe"

# a result may hold any byte, a program's words may not
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: nul}
spec:
  pipelineSpec:
    tasks:
    - {name: a, taskSpec: {results: [{name: r}], steps: [{name: s, image: busybox, script: "printf 'a\\000b' > $(results.r.path)"}]}}
    - {name: b, params: [{name: p, value: $(tasks.a.results.r)}], taskSpec: {params: [{name: p}], steps: [{name: s, image: busybox, command: [echo, $(params.p)]}]}}
    - {name: c, params: [{name: p, value: $(tasks.a.results.r)}], taskSpec: {params: [{name: p}], steps: [{name: s, image: busybox, env: [{name: E, value: $(params.p)}], command: [env]}]}}
YAML
run
is "$code" 1 "a NUL byte is not cut off"
like "$(json 'cond(tasks["nul-b"])["message"]')" "the command holds a NUL byte" "in a command"
like "$(json 'cond(tasks["nul-c"])["message"]')" "an environment variable holds a NUL byte" "in the environment"

# killed before it had begun
script plain <<'SH'
echo hello
SH
run
sed -i '/"startTime"/d; s/"completionTime".*,/"x": 0,/' "$T/run/run.json"
monopod list "$T/run"
is "$code" 0 "a run that never began is listed" || echo "# $err"
unlike "$out" 1970 "without a time that never was"

# a store without room
if [ "$(id -u)" = 0 ]; then
	mkdir "$T/mnt"
	mount -t tmpfs -o size=1m none "$T/mnt"
	monopod run -f "$T/in.yaml" --store "$T/mnt/store" --images "$IMAGES" --run-dir "$T/run9"
	is "$code" 3 "an image that does not fit the store"
	like "$err" "no space left on device" "is refused with the reason"
	is "$(grep -o "image '" <<<"$err" | wc -l)" 1 "and named once"
	umount "$T/mnt"
else
	skip "a store without room" "needs root for a small file system"
fi
done_testing
