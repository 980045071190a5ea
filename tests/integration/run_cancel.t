#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `monopod cancel`: the three ways to end a run from outside, and who may.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: stop}
spec:
  workspaces: [{name: w, emptyDir: {}}]
  pipelineSpec:
    workspaces: [{name: w}]
    tasks:
    - name: long
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w}]
        steps:
        - name: s
          image: busybox
          script: |
            echo up
            i=0
            while [ ! -e $(workspaces.w.path)/go ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done
            echo done
    - {name: after, runAfter: [long], taskSpec: {steps: [{name: s, image: busybox, command: [echo, ran]}]}}
    finally:
    - {name: last, taskSpec: {steps: [{name: s, image: busybox, command: [echo, finally]}]}}
YAML
mkdir -m 777 "$T/w"

# in the background, until the step is up
start() {
	rm -f "$T/w/go"
	start_run "$T/in.yaml" -w w="$T/w"
	wait_for 30 grep -q up "$T/run/logs/stop-long/0/s.log" 2>/dev/null
}

reason() {
	json 'cond(run)["status"]+" "+cond(run)["reason"]'
}

start
is "$(stat -c %a "$T/run/control")" 600 "the socket is private"
monopod cancel "$T/run"
is "$code" 0 "cancel: exit code"
wait "$pid"
is $? 143 "cancelled: exit code of the run"
is "$(reason)" "False Cancelled" "cancelled: the run"
[ ! -e "$T/run/logs/stop-last" ]
ok $? "cancelled: finally does not run"
[ ! -e "$T/run/control" ]
ok $? "the socket is gone with the run"
monopod cancel "$T/run"
is "$code" 2 "a run that has ended"
like "$err" "no run is running in it" "is said so"

start
monopod cancel --graceful --run-dir "$T/run"
wait "$pid"
is $? 143 "graceful: exit code of the run"
is "$(log stop-last s)" finally "graceful: finally runs"
unlike "$(log stop-long s)" "done" "graceful: the running step is stopped"

start
monopod cancel --stop "$T/run"
touch "$T/w/go"
wait "$pid"
is $? 143 "stop: exit code of the run"
like "$(log stop-long s)" "done" "stop: the running task finishes"
is "$(log stop-last s)" finally "stop: finally runs"
[ ! -e "$T/run/logs/stop-after" ]
ok $? "stop: nothing new starts"

monopod cancel --stop --graceful "$T/run"
is "$code" 2 "two ways at once"

if [ "$(id -u)" = 0 ]; then
	start
	chmod 755 "$T/run" && chmod 666 "$T/run/control"
	setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"Cancelled", sys.argv[1])' "$T/run/control"
	ok $? "a stranger can send"
	monopod cancel --graceful "$T/run"
	wait "$pid"
	is "$(log stop-last s)" finally "a stranger's word does not count, even where the modes let it in"
else
	ok 0 "a stranger's word # SKIP changing the user needs root"
fi

done_testing
