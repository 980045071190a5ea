#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A run that is filed as pending: recorded, not started; started when it is named.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: later}
spec:
  status: PipelineRunPending
  pipelineSpec:
    tasks: [{name: a, taskSpec: {steps: [{name: s, image: busybox, command: [echo, ran]}]}}]
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: now}
spec: {taskSpec: {steps: [{name: s, image: busybox, command: [echo, ran]}]}}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: never}
spec: {status: TaskRunPending, taskSpec: {steps: [{name: s, image: no-such-image, command: [echo, ran]}]}}
YAML

# of NAME EXPRESSION: about an object of the output
of() {
	json "(lambda o, s, c: $2)(*[(o, o['status'], cond(o)) for o in [i for i in d['items'] if i['metadata']['name'] == '$1']][0])"
}

run
is "$code" 1 "pending is not success"
is "$(of later 'c["status"]+" "+c["reason"]+" "+c["message"]')" 'Unknown PipelineRunPending PipelineRun "later" is pending' "the PipelineRun"
is "$(of never 'c["status"]+" "+c["reason"]+" "+c["message"]')" 'Unknown TaskRunPending TaskRun "never" is pending' "the TaskRun, whose image is not looked for"
is "$(of now 'c["reason"]')" Succeeded "the other run"
is "$(of later '[k for k in s if k.endswith("Time")]')" "[]" "no times"
is "$(json 'len(d["items"])')" 3 "no child"
like "$out" "'later' was not started: PipelineRunPending" "the summary says so"
unlike "$out" "'later' started" "and nothing else"
ok "$([ -s "$T/run/runs/later/journal" ] && [ -s "$T/run/runs/later/run.json" ]; echo $?)" "it is recorded"

# the directory of several runs, read back
shown=$("$MONOPOD" describe "$T/run" 2>&1)
like "$shown" "PipelineRun later  Unknown  PipelineRunPending" "describe: pending is not interrupted"
like "$shown" "TaskRun now  True  Succeeded" "describe: the next one is a run, too"
is "$("$MONOPOD" logs "$T/run" 2>&1)" "[now/s] ran" "logs: of every run"
is "$("$MONOPOD" logs --run-dir "$T/run" now 2>&1)" "[now/s] ran" "logs: of a task of the second"
"$MONOPOD" logs --run-dir "$T/run" none >/dev/null 2>&1
is "$?" 2 "logs: of a task that none has"
mkdir "$T/all" && cp -R "$T/run" "$T/all/later-0001"
is "$("$MONOPOD" list "$T/all" | awk '{print $1, $3}' | sort | tr '\n' ' ')" \
	"later PipelineRunPending never TaskRunPending now Succeeded " "list: a line for each"

run later
is "$code" 0 "named, it starts"
is "$(of later 'c["reason"]')" Succeeded "and ends"
is "$(of later '"status" in o["spec"]')" False "its spec is not pending any more"
is "$(log later-a s)" ran "its task ran"

# in the run directory of its record: nothing was started there, so it begins there
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {generateName: held-}
spec:
  status: PipelineRunPending
  pipelineSpec:
    tasks: [{name: a, taskSpec: {steps: [{name: s, image: busybox, command: [echo, ran]}]}}]
YAML
go() {
	run_on --termination-log "$T/term" "$@"
}
run
is "$code" 1 "one run that is pending"
name=$(json 'run["metadata"]["name"]')
uid=$(json 'run["metadata"]["uid"]')
go --resume
is "$code" 1 "--resume does not start it"
is "$(json 'cond(run)["reason"] + " " + run["metadata"]["name"]')" "PipelineRunPending $name" "and it is the same run"
like "$(cat "$T/term")" "Unknown PipelineRunPending" "the termination file says so"
go
is "$code" 2 "without --resume the directory is not touched"
like "$err" "holds a run already" "because there is a record in it"
go "$name" --resume
is "$code" 0 "named, it starts where it was recorded" || echo "# $err"
is "$(json 'cond(run)["reason"] + " " + run["metadata"]["name"] + " " + run["metadata"]["uid"]')" "Succeeded $name $uid" "as the same object"
unlike "$out" "resumed" "nothing was resumed"
go "$name" --resume
is "$code" 0 "and is done"
like "$out" "it had ended before" "for good"
run
sed -i '/PipelineRunPending/d' "$T/in.yaml"
go --resume
is "$code" 0 "without the word in its spec it starts there as well"
is "$(json 'cond(run)["reason"]')" Succeeded "and ends"

done_testing
