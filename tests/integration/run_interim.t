#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What run.json says while a run is on its way to its end (the interim reasons of Tekton).
. tests/helpers/tap.sh

mkdir "$T/w" && chmod 777 "$T/w"

# A step that goes on until its file is there: TASK
waits() {
	echo "{name: $1, workspaces: [{name: w}], taskSpec: {workspaces: [{name: w}], steps: [{name: s, image: busybox, script: 'echo up; i=0; while [ ! -e \$(workspaces.w.path)/$1 ] && [ \$i -lt 600 ]; do sleep 0.1; i=\$((i+1)); done'}]}}"
}
fails="{name: bad, taskSpec: {steps: [{name: s, image: busybox, command: ['false']}]}}"

# start SPEC: in the background
start() {
	rm -rf "$T/w"/*
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: PipelineRun
		metadata: {name: i}
		spec: {$1}
	YAML
	start_run "$T/in.yaml" -w w="$T/w"
}

says() { # REASON: the run, as far as it has come
	[ "$(json 'cond(run)["status"]+" "+cond(run)["reason"]' 2>/dev/null)" = "$1" ]
}

up() { # TASK
	wait_for 30 grep -q up "$T/run/logs/i-$1/0/s.log" 2>/dev/null
}

start "pipelineSpec: {workspaces: [{name: w}], tasks: [$(waits long)], finally: [$(waits last)]}, workspaces: [{name: w, emptyDir: {}}]"
up long
wait_for 30 says "Unknown Running"
ok $? "running"
monopod cancel --graceful "$T/run"
wait_for 30 says "Unknown CancelledRunningFinally"
ok $? "cancelled, finally is running"
touch "$T/w/last"
wait "$pid"
is "$?" 143 "its exit code"
says "False Cancelled"
ok $? "and its end"

start "pipelineSpec: {workspaces: [{name: w}], tasks: [$(waits long)], finally: [$(waits last)]}, workspaces: [{name: w, emptyDir: {}}]"
up long
monopod cancel --stop "$T/run"
wait_for 30 says "Unknown StoppedRunningFinally"
ok $? "stopped, a task is still running"
touch "$T/w/long" "$T/w/last"
wait "$pid"
says "False Cancelled"
ok $? "and its end"

start "timeouts: {pipeline: 1m, tasks: 1s}, pipelineSpec: {workspaces: [{name: w}], tasks: [$(waits long)], finally: [$(waits last)]}, workspaces: [{name: w, emptyDir: {}}]"
wait_for 30 says "Unknown PipelineRunTimeoutRunningFinally"
ok $? "tasks timed out, finally is running"
touch "$T/w/last"
wait "$pid"
is "$?" 1 "its exit code"
says "False PipelineRunTimeout"
ok $? "and its end"

start "pipelineSpec: {workspaces: [{name: w}], tasks: [$(waits long), $fails]}, workspaces: [{name: w, emptyDir: {}}]"
wait_for 30 says "Unknown PipelineRunStopping"
ok $? "a task failed, another is running"
touch "$T/w/long"
wait "$pid"
is "$?" 1 "its exit code"
says "False Failed"
ok $? "and its end"

done_testing
