#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Breakpoints of a TaskRun (tekton-semantics 25): who waits, what ends the wait, and how it is reported.
. tests/helpers/tap.sh

# start ARG…: the run of $T/in.yaml in the background; its pid is $agent
start() {
	start_run "$T/in.yaml" -o json "$@"
	agent=$pid
}
finish() {
	wait "$agent"
	code=$?
	out=$(<"$T/run.out") err=$(<"$T/run.err")
}
ended() { ! kill -0 "$agent" 2>/dev/null; }
# waits N: so many waits were announced
waits() { [ "$(grep -c 'waiting at a breakpoint' "$T/run.err")" = "$1" ]; }
steps() { json "' '.join('%s=%d/%s' % (s['name'], s['terminated']['exitCode'], s['terminationReason']) for s in run['status']['steps'])"; }

# task BREAKPOINTS FIRST-STEP: three steps, of which the first is given
task() {
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: dbg}
		spec:
		  debug: {breakpoints: {$1}}
		  taskSpec:
		    results: [{name: r}]
		    steps:
		    - {name: one, image: busybox, $2}
		    - {name: two, image: busybox, script: "echo two ran"}
		    - {name: three, image: busybox, script: "echo three ran"}
	YAML
}
scripts=/tekton/debug/scripts

# what Tekton does when a step leaves word itself
task "onFailure: enabled" "script: \"$scripts/debug-continue; exit 3\""
run -o json
is "$code" 0 "debug-continue makes a success of a failure" || echo "# $err"
is "$(steps)" "one=0/Completed two=0/Completed three=0/Completed" "and the rest runs"
task "onFailure: enabled" "script: \"$scripts/debug-fail-continue; exit 3\""
run -o json
is "$code" 1 "debug-fail-continue lets it fail"
is "$(steps)" "one=1/Error two=1/Skipped three=1/Skipped" "and the rest is skipped"
is "$(json "run['status']['conditions'][0]['message']")" '"step-one" exited with code 1: Error' "with the code of the file"
task "onFailure: enabled" "onError: continue, script: \"$scripts/debug-fail-continue; exit 3\""
run -o json
is "$code" 1 "onError continue is overridden"
task "onFailure: enabled" "script: \"cd /tekton/run/0; echo 7 >out.breakpointexit; exit 3\""
run -o json
is "$(steps)" "one=7/Error two=1/Skipped three=1/Skipped" "any exit code may be written"
task "onFailure: enabled" "script: \"cd /tekton/run/0; echo 9 >out.breakpointexit.err; exit 3\""
run -o json
is "$(steps)" "one=9/Error two=1/Skipped three=1/Skipped" "and the file for failures"
task "onFailure: enabled" "script: \"true\""
run -o json
is "$code" 0 "nothing waits when nothing fails"
unlike "$err" "waiting" "nor says so"
task "onFailure: enabled" "command: [/nowhere]"
start
wait_for 20 waits 1
ok $? "a program that cannot be executed halts its step, too"
kill -TERM "$agent"
finish
is "$code" 143 "a signal ends the wait"

# somebody writes while it waits: a process that the step left
task "onFailure: enabled" "script: \"(until [ -e /tekton/home/go ]; do sleep 0.05; done; $scripts/debug-continue) & exit 4\""
sed -i 's/name: dbg}/&/; s/taskSpec:/workspaces: [{name: w, emptyDir: {}}]\n  &\n    workspaces: [{name: w, mountPath: \/tekton\/home}]/' "$T/in.yaml"
mkdir -p "$T/ws" && chmod 777 "$T/ws"
start -w w="$T/ws"
wait_for 20 waits 1
ok $? "a failed step waits"
kill -0 "$agent"
ok $? "and the run with it"
touch "$T/ws/go"
finish
is "$code" 0 "a file written meanwhile releases it" || echo "# $err"
is "$(steps)" "one=0/Completed two=0/Completed three=0/Completed" "as a success"

# more happens in its directory than the kernel keeps for an agent that does not look
events=$(</proc/sys/fs/inotify/max_queued_events)
task "onFailure: enabled" "script: \"(until [ -e /tekton/home/go ]; do sleep 0.05; done; cd /tekton/run/0;
	i=0; while [ \$i -lt $events ]; do : >a; : >b; i=\$((i+1)); done; : >out.breakpointexit; touch /tekton/home/written) & exit 4\""
sed -i 's/name: dbg}/&/; s/taskSpec:/workspaces: [{name: w, emptyDir: {}}]\n  &\n    workspaces: [{name: w, mountPath: \/tekton\/home}]/' "$T/in.yaml"
rm -f "$T/ws/go"
start -w w="$T/ws"
wait_for 20 waits 1
kill -STOP "$agent"
touch "$T/ws/go"
wait_for 60 test -e "$T/ws/written"
ok $? "a step fills the queue of events, and leaves word last"
kill -CONT "$agent"
wait_for 20 ended
ok $? "its word is not lost" || kill -TERM "$agent"
finish
is "$(steps)" "one=0/Completed two=0/Completed three=0/Completed" "and releases it"

# shell ARG…: `monopod shell` on the run, without a terminal
shell() { monopod shell --run-dir "$T/run" "$@"; }
state() { python3 -c 'import json,sys
for s in json.load(open(sys.argv[1]))["items"][0]["status"].get("steps", []):
	if "breakpoint" in s: print(s["name"], s["breakpoint"])' "$T/run/run.json" 2>/dev/null; }
shows() { [ "$(state)" = "$1" ]; }

# --continue and --fail, before a step and after its failure
task "onFailure: enabled, beforeSteps: [one, two]" "timeout: 1s, script: exit 3"
start
wait_for 20 waits 1
ok $? "a step named in beforeSteps waits"
like "$(<"$T/run.err")" "step one: waiting at a breakpoint before it starts: monopod shell $T/run dbg one, --continue or --fail" \
	"and it is said how to go on"
wait_for 20 shows "one before"
ok $? "the record shows it"
monopod describe "$T/run"
like "$out" "step one  waiting at a breakpoint (monopod shell)" "describe does"
monopod list "$T"
like "$out" "waiting at a breakpoint" "list does"
like "$(ls "$T/run/logs/dbg/0")" one.log "its log has begun"
shell --continue
is "$code" 0 "--continue starts it" || echo "# $err"
wait_for 20 waits 2
ok $? "it fails, and waits again"
wait_for 20 shows "one failure"
ok $? "the record shows which breakpoint that is"
shell --continue dbg two
is "$code" 2 "a step that does not run cannot be released"
like "$err" "no step 'two' of 'dbg' is running: expected one of 'dbg " "and that is said"
shell --fail --continue
is "$code" 2 "one of the two options"
shell --continue dbg one
wait_for 20 waits 3
shell --fail dbg two
is "$code" 0 "--fail ends a step that has not started"
finish
is "$code" 1 "and with it the task"
is "$(steps)" "one=0/Completed two=1/Error three=1/Skipped" "what comes after is skipped"
like "$(log dbg two)" "Skipping execute step script because before step breakpoint fail-continue" "its log says so"
monopod describe --journal "$T/run"
like "$out" "step-halt" "the journal tells of the wait"
like "$out" "step-release" "and of its end"
shell --continue
is "$code" 2 "a run that is over takes no orders"

# a timeout of the step halts it; the task's and the run's end the wait
task "onFailure: enabled" "timeout: 100ms, script: sleep 60"
start
wait_for 20 waits 1
ok $? "a step that timed out waits, too"
shell -- sh -c 'ls /tekton/debug/scripts /tekton/debug/info; id -u'
is "$out" "/tekton/debug/info:
0

/tekton/debug/scripts:
debug-beforestep-continue
debug-beforestep-fail-continue
debug-continue
debug-fail-continue
0" "in what it left" || echo "# $err"
shell -- $scripts/debug-continue
is "$out" "Executing step 0..." "the scripts work from there"
finish
is "$(steps)" "one=0/Completed two=0/Completed three=0/Completed" "and release it"
task "onFailure: enabled" "script: exit 3"
sed -i 's/^  debug:/  timeout: 2s\n&/' "$T/in.yaml"
start
finish
is "$code" 1 "the task's timeout counts while it waits"
is "$(json "run['status']['conditions'][0]['reason']")" TaskRunTimeout "and is the reason"
task "beforeSteps: [two]" "script: 'true'"
start
wait_for 20 waits 1
monopod cancel "$T/run"
finish
is "$code" 143 "cancel ends the wait"
is "$(json "run['status']['conditions'][0]['reason']")" TaskRunCancelled "as a cancellation"

# whoever was killed while a step waited goes on with that step
task "beforeSteps: [two]" "script: echo one ran"
start
wait_for 20 waits 1
kill_run
: >"$T/run.err"
"$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" --resume -o json >"$T/run.out" 2>"$T/run.err" </dev/null &
agent=$!
wait_for 20 waits 1
ok $? "after a resume the attempt runs again, and waits"
shell --continue
finish
is "$code" 0 "to its end" || echo "# $err"

# in a pipeline inside, of one of several combinations, and at a second attempt
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  pipelineSpec:
    tasks:
    - name: child
      pipelineSpec:
        tasks:
        - {name: in, taskSpec: {steps: [{name: s, image: busybox, script: exit 3}, {name: t, image: busybox, script: echo on}]}}
    - name: m
      matrix: {params: [{name: x, value: [one, two]}]}
      taskSpec: {params: [{name: x}], steps: [{name: s, image: busybox, script: 'echo $(params.x) again $(context.task.retry-count); [ $(params.x) = one ]'}]}
    - name: again
      retries: 1
      taskSpec: {steps: [{name: s, image: busybox, script: 'exit 4'}]}
YAML
start --debug on-failure
wait_for 20 waits 3
ok $? "steps wait in a pipeline inside, in a combination, and in a task with retries"
like "$(<"$T/run.err")" " m-1 s, --continue or --fail" "which are named as they can be entered"
shell m-1 s -- sh -c 'echo in $0' there
is "$out" "in there" "a combination can be entered" || echo "# $err"
shell in s -- pwd
is "$code" 0 "a pipeline inside, too" || echo "# $err"
shell m-0 s -- true
is "$code" 2 "but no combination that has ended"
shell --continue m-1 s
is "$code" 0 "--continue ends the wait of a combination" || echo "# $err"
shell --continue in s
is "$code" 0 "and in a pipeline inside" || echo "# $err"
shell --fail again s
is "$code" 0 "--fail ends that of a first attempt" || echo "# $err"
wait_for 20 waits 4
ok $? "the second one fails, and waits anew"
shell --continue again s
is "$code" 0 "and goes on"
finish
is "$code" 0 "all of it has succeeded" || echo "# $err"
like "$(cat "$T"/run/logs/*/*/t.log)" on "as has what came behind the step inside"

start --debug before-step=in/s --debug before-step=m-1/s --debug before-step=again/s
wait_for 20 waits 3
ok $? "they wait before their program, where that was asked for"
shell --fail in
is "$code" 0 "--fail in a pipeline inside" || echo "# $err"
shell --fail m-1
is "$code" 0 "and of a combination" || echo "# $err"
shell --fail again
wait_for 20 waits 4
ok $? "a retry waits before its program again"
shell --fail again
finish
is "$code" 1 "the run has failed"
is "$(json "' '.join(sorted(c['pipelineTaskName'] for c in run['status']['childReferences']))")" "again child m m" "with all its tasks"

# --debug: the same for tasks of a pipeline
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  pipelineSpec:
    tasks:
    - {name: a, taskSpec: {steps: [{name: s, image: busybox, script: exit 3}]}}
    - {name: b, taskSpec: {steps: [{name: s, image: busybox, script: "true"}]}}
YAML
start --debug on-failure --debug before-step=b/s
wait_for 20 waits 2
ok $? "--debug sets breakpoints in a pipeline"
shell
like "$err" "more than one step is running: name one of 'a s', 'b s'" "of several steps one has to be named"
shell --continue a
shell --continue b s
finish
is "$code" 0 "and they end as any" || echo "# $err"
run --debug before-step=c/s
is "$code" 2 "a task that is not there"
like "$err" "before-step=c/s: no run has a task 'c': expected one of 'a', 'b'" "is told what there is"
run --debug before-step=a/t
is "$code" 2 "a step that is not there"
like "$err" "before-step=a/t: task 'a' has no step 't': expected one of 's'" "is told what there is"
run --debug before-step=p-b/t
like "$err" "task 'p-b' has no step 't'" "of a task that is called as its TaskRun, too"
run --debug on-success
is "$code" 2 "as is a place that is none"


# names of fan-outs, of pipelines in pipelines, of steps without a name; a breakpoint of one run is none of the next
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  pipelineSpec:
    tasks:
    - name: fan
      matrix: {params: [{name: m, value: [x, z]}]}
      taskSpec: {params: [{name: m}], steps: [{image: busybox, script: "true"}]}
    - name: in
      pipelineSpec: {tasks: [{name: deep, taskSpec: {steps: [{name: s, image: busybox, script: "true"}]}}]}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t1}
spec: {taskSpec: {steps: [{name: s, image: busybox, script: "true"}]}}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t2}
spec: {taskSpec: {steps: [{name: s, image: busybox, script: "true"}]}}
YAML
run --dry-run --debug before-step=fan-1/unnamed-0 --debug before-step=fan/unnamed-0 --debug before-step=p-fan-0/unnamed-0 \
	--debug before-step=deep/s --debug before-step=p-in-deep/s --debug before-step=t2/s
is "$code" 0 "names of fan-outs, of what is inside, of TaskRuns" || echo "# $err"
run --debug before-step=fan-1/s
like "$err" "task 'fan-1' has no step 's': expected one of 'unnamed-0'" "a step without a name is called by its place"
run --debug before-step=fan-x/s
like "$err" "no run has a task 'fan-x': expected one of 'fan', 'deep', 't1', 't2'" "names of all runs"
start t1 --debug before-step=t1/s
wait_for 20 waits 1
shell --continue
finish
is "$code" 0 "a TaskRun's step"
start --debug before-step=p-in-deep/s --debug before-step=t1/s
wait_for 20 waits 1
monopod shell --continue "$T/run" deep s
wait_for 20 waits 2
monopod shell --continue "$T/run/runs/t1"
finish
is "$code" 0 "each run stops where it was asked to" || echo "# $err"

done_testing
