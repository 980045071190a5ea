#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The termination file of real runs, decoded by an independent program.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: tell}
spec:
  pipelineSpec:
    results:
    - {name: text, value: $(tasks.a.results.text)}
    - {name: list, type: array, value: ["$(tasks.a.results.list[*])"]}
    - {name: big, value: $(tasks.a.results.big)}
    - {name: after, value: $(tasks.a.results.text)}
    tasks:
    - name: a
      taskSpec:
        results: [{name: text}, {name: list, type: array}, {name: big}]
        steps:
        - name: s
          image: busybox
          script: |
            printf 'line\n<é>' > $(results.text.path)
            printf '["a","b"]' > $(results.list.path)
            dd if=/dev/urandom bs=1k count=50 2>/dev/null | base64 > $(results.big.path)
    - {name: b, runAfter: [a], onError: continue, taskSpec: {steps: [{name: s, image: busybox, script: "cat /tekton/never"}]}}
YAML
printf '%5000s' old >"$T/term"
inode=$(stat -c %i "$T/term")
run --termination-log "$T/term"
is "$code" 0 "a run with results"
is "$(term)" "monopod/verdict text list after monopod/omitted monopod/run.json monopod/task/tell-a monopod/task/tell-b" \
	"records come in order of importance"
like "$(term monopod/verdict)" "3 True Succeeded Tasks Completed: 2 (Failed: 1 (Ignored: 1)" "the verdict"
is "$(term text)" "1 line
<é>" "a string result as it is"
is "$(term list)" '1 ["a","b"]' "an array as JSON"
is "$(term monopod/omitted)" "3 big" "what does not fit is named"
is "$(term monopod/task/tell-b)" "3 False FailureIgnored" "tasks have status and reason"
is "$(term monopod/run.json)" "3 sha256:$(sha256sum "$T/run/run.json" | cut -d' ' -f1) $T/run/run.json" "run.json is named by digest"
is "$(stat -c %i "$T/term")" "$inode" "the file was written in place"

# many tasks: compressed
{
	cat <<-'YAML'
		apiVersion: tekton.dev/v1
		kind: PipelineRun
		metadata: {name: a-name-that-is-rather-long}
		spec:
		  pipelineSpec:
		    tasks:
		    - name: tasks
		      matrix:
		        params:
		        - name: num
		          value:
	YAML
	for i in $(seq 90); do echo "          - \"$i\""; done
	cat <<-'YAML'
		      taskSpec:
		        params: [{name: num}]
		        steps: [{name: s, image: busybox, command: ["true"]}]
	YAML
} | yaml
run --termination-log "$T/term" --max-parallel 4
is "$code" 0 "90 tasks" || echo "# $err"
is "$(head -c 5 "$T/term")" "tknz:" "do not fit as they are"
is "$(term | wc -w)" 92 "and are all there, compressed"

# several runs
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: one}
spec: {taskSpec: {results: [{name: r}], steps: [{name: s, image: busybox, script: "printf x > $(results.r.path)"}]}}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: two}
spec: {taskSpec: {steps: [{name: s, image: busybox, script: "exit 2"}]}}
YAML
run --termination-log "$T/term"
is "$(term)" "monopod/verdict monopod/run.json monopod/task/one monopod/task/two" "of several runs no results"
is "$(term monopod/verdict)" '3 False StepFailed two: "step-s" exited with code 2: Error' "the verdict names the run that failed"
run one --termination-log "$T/term"
is "$(term r)" "1 x" "a TaskRun's results, when it is the only one"

# files that cannot be written: found before the first step
mkdir "$T/dir"
for bad in /proc/self/comm-of-nobody /proc/version /dev/full "$T/dir" "$T/none/term"; do
	run one --termination-log "$bad"
	is "$code" 3 "a termination file at ${bad#"$T"}" || echo "# $err"
	like "$err" "${bad##*/}" "is refused by name"
	[ ! -e "$T/run" ]
	ok $? "before anything is made"
done
if [ "$(id -u)" = 0 ]; then
	mkdir "$T/mnt"
	mount -t tmpfs -o size=4k none "$T/mnt"
	: >"$T/mnt/full" && head -c 4096 /dev/zero >"$T/mnt/rest" 2>/dev/null
	run one --termination-log "$T/mnt/full"
	is "$code" 3 "a termination file on a full volume"
	like "$err" "no space left on device" "says so"
	mount -o remount,ro "$T/mnt"
	run one --termination-log "$T/mnt/full"
	is "$code" 3 "a read-only termination file"
	umount "$T/mnt"
else
	skip "a termination file on a full volume" "needs root for a small file system"
fi

# a bug of monopod's own
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: long}
spec: {taskSpec: {steps: [{name: s, image: busybox, script: "echo up; sleep 100"}]}}
YAML
for sig in SEGV ABRT; do
	start_run "$T/in.yaml" --termination-log "$T/term"
	wait_for 30 grep -q up "$T/run/logs/long/0/s.log" 2>/dev/null
	kill -"$sig" "$pid"
	wait "$pid" 2>/dev/null
	status=$?
	[ "$status" -ne 0 ] && [ "$status" -ne 143 ]
	ok $? "SIG$sig ends the program" "status $status"
	is "$(term monopod/verdict)" "3 Unknown InternalError monopod ended by a bug of its own" "and leaves its last words"
done
done_testing
