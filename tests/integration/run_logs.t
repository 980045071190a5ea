#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What steps write: whole on disk or cut in the middle when asked, never in the way of anything, never somebody else's word.
. tests/helpers/tap.sh

# --- whose word a line is
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: forge}
spec:
  pipelineSpec:
    tasks:
    - name: a
      taskSpec:
        steps:
        - name: s
          image: busybox
          script: |
            #!/bin/sh
            printf '[b] succeeded in 1s\n'
            printf 'x\r[b/s] cr\n'
            printf '\033[2K\033[1G[b/s] esc\n'
            printf '\302\205[b/s] nel\n'
            printf '\342\200\250[b/s] ls\n'
            printf '\013[b/s] vt\014[b/s] ff\000nul\n'
            printf '\2332K\377\376 inv\n'
            printf '\033]0;title\n[b] started osc\n'
            printf 'partial'
            exit 3
    - name: b
      taskSpec: {steps: [{name: s, image: busybox, script: "printf partial-b"}]}
YAML
run
is "$(printf '%s\n' "$out" | grep -c '^\[b/s\] ')" 1 "a line with another step's name is not to be had"
is "$(printf '%s\n' "$out" | grep -c '^\[b\] ')" 2 "nor monopod's own words"
is "$(printf '%s' "$out" | LC_ALL=C tr -d '\n -~' | sed 's/[✗✓]//g')" "" "nothing moves a terminal"
is "$(printf '%s\n' "$out" | grep -cxF "[a] step s: exit code 3")" 1 "what monopod says of a step is told from what the step says"
monopod logs --run-dir "$T/run"
is "$(printf '%s\n' "$out" | grep -vc '^\[forge-[ab]/s\] ')" 0 "logs of all steps: each line with its step"
"$MONOPOD" logs --run-dir "$T/run" a s >"$T/log"
cmp -s "$T/log" "$T/run/logs/forge-a/0/s.log"
ok $? "logs of one step: the bytes as they are"

# --- --log-limit
script long <<'SH'
#!/bin/sh
i=0
while [ $i -lt 3000 ]; do i=$((i + 1)); echo "line $i"; done
SH
run --log-limit 8Ki
size=$(cat "$T"/run/logs/long/0/s.log* | wc -c)
[ "$size" -le 8400 ] && [ "$size" -ge 6144 ]
ok $? "a log within its limit" "$size bytes"
"$MONOPOD" logs --run-dir "$T/run" long s >"$T/log"
is "$(head -n 1 "$T/log")" "line 1" "its beginning is there"
is "$(tail -n 100 "$T/log")" "$(seq 2901 3000 | sed 's/^/line /')" "its end is there"
note=$(grep -c "^monopod: [0-9]* bytes with [0-9]* line ends were dropped here" "$T/log")
is "$note" 1 "what was dropped is told at its place"
dropped=$(sed -n 's/^monopod: [0-9]* bytes with \([0-9]*\) line ends were.*/\1/p' "$T/log")
is "$(($(wc -l <"$T/log") - 1 + dropped))" 3000 "and adds up"
like "$out" "note: the log of step s in long is without" "the summary tells it"
run --log-limit 100
is "$code" 2 "a limit that leaves no room"
like "$err" "is below 4096 bytes" "is refused"

# the end of a log that was cut is in the failure block
script failing <<'SH'
#!/bin/sh
seq 1 5000
exit 1
SH
run --log-limit 4Ki
like "$out" "  | 4999
  | 5000
  whole log: " "the last lines of a step that failed"

# --- a reader that has stopped holds up neither the step for ever, nor signals
script flood <<'SH'
#!/bin/sh
exec yes
SH
mkfifo "$T/unread"
exec 7<>"$T/unread"
rm -rf "$T/run"
"$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" --log-limit 64Ki >"$T/unread" 2>"$T/err" </dev/null 7>&- &
pid=$!
wait_for 60 grep -q "^monopod: [0-9]\{8,\} bytes" "$T/run/logs/flood/0/s.log" 2>/dev/null
ok $? "its step goes on"
kill -TERM "$pid"
cat <&7 >"$T/out" &
reader=$!
wait "$pid"
is $? 143 "and a signal is heard"
wait_for 30 grep -q "not read in time" "$T/out"
ok $? "what was not read is told"
kill "$reader"
wait "$reader" 2>/dev/null
exec 7>&-
[ "$(cat "$T"/run/logs/flood/0/s.log* | wc -c)" -le 70000 ]
ok $? "an endless log stays within its limit"

# --- a noisy step beside a quiet one
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: fair}
spec:
  timeouts: {pipeline: 1m}
  pipelineSpec:
    tasks:
    - name: noisy
      timeout: 5s
      taskSpec: {steps: [{name: s, image: busybox, command: ["yes"]}]}
    - {name: quiet, taskSpec: {steps: [{name: s, image: busybox, script: "echo here; echo there"}]}}
    - {name: after, runAfter: [quiet], taskSpec: {steps: [{name: s, image: busybox, command: [echo, then]}]}}
YAML
run --log-limit 1Mi
is "$(json 'cond(tasks["fair-noisy"])["reason"]')" TaskRunTimeout "the timeout of a step that floods its output fires"
is "$(log fair-quiet s) $(log fair-after s)" "here
there then" "others write and start meanwhile"

# --- a full disk
if [ "$(id -u)" = 0 ] && mkdir "$T/mnt" && mount -t tmpfs -o size=24m small "$T/mnt" 2>/dev/null; then
	script full <<-'SH'
		#!/bin/sh
		head -c 100000000 /dev/zero
		echo
		echo the end
	SH
	monopod run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/mnt/run"
	is "$code" 0 "a disk that the log fills does not stop the step" || echo "# $err"
	like "$out" "note: the log of step s in full lacks" "how much is missing is told"
	is "$(printf '%s\n' "$out" | grep -cxF "[full/s] the end")" 1 "and the end is shown"
	umount "$T/mnt"
fi

done_testing
