#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sidecars (tekton-semantics 22): beside the steps, waited for, stopped after them, and what may go wrong with them.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: sc}
spec:
  params: [{name: cnt, value: side}]
  taskSpec:
    params: [{name: cnt}]
    volumes: [{name: sh, emptyDir: {}}]
    workspaces: [{name: w}]
    results: [{name: seen}, {name: web}]
    steps:
    - name: a
      image: busybox
      volumeMounts: [{name: sh, mountPath: /sh}]
      script: |
        n=0; until [ -f /sh/up ]; do n=$((n+1)); [ $n -lt 600 ] || exit 1; sleep 0.1; done
        printf '%s' "$(cat /sh/up)" >$(results.seen.path)
        n=0; until wget -qO- http://127.0.0.1:28087/page >$(results.web.path); do n=$((n+1)); [ $n -lt 600 ] || exit 1; sleep 0.1; done
        echo "pids: $(ls -d /proc/[0-9]* | wc -l)"
    sidecars:
    - name: $(params.cnt)
      image: busybox
      env: [{name: OWN, value: secret-of-the-sidecar}]
      volumeMounts: [{name: sh, mountPath: /sh}]
      script: |
        trap 'echo told to stop; exit 0' TERM
        ls /tekton >&2
        [ -d $(workspaces.w.path) ] && [ ! -e /tekton/results ] && [ -z "${TEKTON_HERMETIC:-}" ] && echo up >/sh/up
        echo of the sidecar >$(workspaces.w.path)/page
        while :; do sleep 0.1; done
    - name: web
      image: busybox
      command: [httpd, -f, -p, "28087", -h, $(workspaces.w.path)]
    - name: shortfail
      image: busybox
      script: exit 5
      readinessProbe: {tcpSocket: {port: 28089}} # nobody is there: the steps wait until it has ended
  workspaces: [{name: w, emptyDir: {}}]
YAML
run
is "$code" 0 "a task with sidecars" || echo "# $err"
is "$(json "run['status']['results'][0]['value']")" up "step and sidecar share a volume"
is "$(json "run['status']['results'][1]['value']")" "of the sidecar" "and the network"
is "$(log sc sidecar-side | grep -v Terminated)" "scripts
told to stop" "a sidecar has its own log, of /tekton the scripts alone, and is told to stop"
is "$(json "run['status']['sidecars'][0]['name']")" side "names of sidecars hold params"
is "$(json "run['status']['sidecars'][0]['container']")" sidecar-side "as do those of containers"
is "$(json "run['status']['sidecars'][0]['terminated']['exitCode']")" 0 "a sidecar that was stopped is no failure"
is "$(json "run['status']['sidecars'][1]['terminated']['exitCode']")" 0 "however it ended"
is "$(json "run['status']['sidecars'][2]['terminated']['exitCode']")" 5 "one that failed before is told of"
is "$(json "run['status']['conditions'][0]['reason']")" Succeeded "and fails nothing"
monopod logs --run-dir "$T/run" sc sidecar-side
is "$(grep -v Terminated <<<"$out")" "scripts
told to stop" "logs shows it"
monopod describe "$T/run"
like "$out" "    sidecar side  Completed, exit code 0" "describe shows it"
like "$out" "    sidecar shortfail  Error, exit code 5" "and one that failed"

# A step sees nothing of a sidecar's, and the other way round.
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: apart}
spec:
  taskSpec:
    volumes: [{name: own, emptyDir: {}}]
    steps:
    - name: thief
      image: busybox
      script: |
        echo of-the-step >/only-here
        for p in /proc/[0-9]*; do
          if cat $p/environ 2>/dev/null | tr '\0' '\n' | grep -q PASSWORD=; then echo "environ of $p"; fi
          [ ! -e $p/root/own/key ] || echo "root of $p"
        done
        [ ! -e /own ] || echo /own
        kill -9 -1 2>/dev/null || :
        echo looked
    sidecars:
    - name: db
      image: busybox
      env: [{name: PASSWORD, value: s3cret}]
      volumeMounts: [{name: own, mountPath: /own}]
      script: |
        trap 'for f in /only-here /tekton/run /tekton/creds /workspace; do [ ! -e $f ] || echo $f; done; echo alive; exit 0' TERM
        echo key >/own/key
        while :; do sleep 0.1; done
      readinessProbe: {exec: {command: [test, -e, /own/key]}}
YAML
run
is "$code" 0 "a step that looks for secrets" || echo "# $err"
is "$(log apart thief)" looked "finds none, nor anybody to kill"
is "$(log apart sidecar-db | grep -v -e Terminated -e ^monopod:)" alive "and the sidecar sees nothing of the step"

# What goes wrong.
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: blame}
spec:
  taskSpec:
    steps: [{name: s, image: busybox, script: exit 1}]
    sidecars: [{name: bad, image: busybox, script: exit 3, readinessProbe: {tcpSocket: {port: 28089}}}]
YAML
run
is "$code" 1 "step and sidecar fail"
is "$(json "run['status']['conditions'][0]['reason']")" SidecarFailed "the sidecar takes the blame"
is "$(json "run['status']['conditions'][0]['message']")" '"sidecar-bad" exited with code 3: Error' "in Tekton's words"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: refused}
spec:
  taskSpec:
    steps: [{name: s, image: busybox, script: "exit 0"}]
    sidecars: [{name: x, image: busybox, securityContext: {runAsNonRoot: true}, script: "exit 0"}]
YAML
run
is "$code" 1 "a sidecar that must not run"
is "$(json "run['status']['conditions'][0]['reason']")" CreateContainerConfigError "fails its task"
like "$out" 'the sidecar "x" in TaskRun "refused" failed to start' "and is named"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: deaf}
spec:
  taskSpec:
    steps: [{name: s, image: busybox, script: "exit 0"}]
    sidecars:
    - name: stubborn
      image: busybox
      script: |
        trap '' TERM
        sleep 1000 & sleep 1001
    - {name: flood, image: busybox, script: "yes flood"}
    - {name: gone, image: busybox, command: [/no/such/program], readinessProbe: {tcpSocket: {port: 28089}}}
YAML
run --log-limit 64Ki
is "$code" 0 "sidecars that ignore SIGTERM, flood their log, are not there" || echo "# $err"
is "$(json "run['status']['sidecars'][0]['terminated']['exitCode']")" 0 "are never 137"
is "$(json "run['status']['sidecars'][2]['terminated']['reason']")" StartError "a program that is not there"
[ "$(stat -c %s "$T/run/logs/deaf/0/sidecar-flood.log")" -le 131072 ]
ok $? "a sidecar's log has the limit of a step's"
is "$(find "$T/run/scratch" -mindepth 2 2>/dev/null | wc -l)" 0 "nothing of them is left in the run directory"

# Hermetic: the sidecar is inside.
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: herm, annotations: {experimental.tekton.dev/execution-mode: hermetic}}
spec:
  taskSpec:
    results: [{name: got}]
    steps:
    - name: s
      image: busybox
      script: |
        n=0; until wget -qO $(results.got.path) http://127.0.0.1:80/page; do n=$((n+1)); [ $n -lt 600 ] || exit 1; sleep 0.1; done
    sidecars:
    - name: web
      image: busybox
      script: |
        mkdir /www; printf inside >/www/page
        exec httpd -f -p 80 -h /www
YAML
run
if [ "$code" -eq 2 ] && [[ $err == *"network"* ]]; then
	skip "a hermetic task with a sidecar" "no network namespaces here"
else
	is "$(json "run['status']['results'][0]['value']")" inside "a hermetic step and its sidecar share a loopback" || echo "# $err"
fi

# Each attempt has sidecars of its own, which find their ports free.
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: again}
spec:
  retries: 1
  taskSpec:
    results: [{name: got}]
    steps:
    - name: s
      image: busybox
      script: |
        n=0; until wget -qO $(results.got.path) http://127.0.0.1:28088/page; do n=$((n+1)); [ $n -lt 600 ] || exit 1; sleep 0.1; done
        [ $(context.task.retry-count) = 1 ]
    sidecars:
    - name: web
      image: busybox
      script: |
        trap '' TERM
        mkdir /www; printf %s $(context.task.retry-count) >/www/page
        httpd -f -p 28088 -h /www
YAML
run
is "$code" 0 "a task that is tried again" || echo "# $err"
is "$(json "run['status']['results'][0]['value']")" 1 "has a new sidecar on the same port"

# an attempt's time does not count the end of the sidecars of the one before
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: slow}
spec:
  retries: 1
  timeout: 4s
  taskSpec:
    steps:
    - name: s
      image: busybox
      script: '[ $(context.task.retry-count) = 1 ]'
    sidecars:
    - name: side
      image: busybox
      script: |
        trap '' TERM # until it is killed, after 5 s
        touch /tmp/up
        while :; do sleep 0.1; done
      readinessProbe: {exec: {command: [test, -e, /tmp/up]}}
YAML
run -o json
is "$code" 0 "a retry that waits for the sidecars before it has its own time" || echo "# $err"
is "$(json "len(run['status']['retriesStatus'])")" 1 "there was one"
monopod describe --journal "$T/run"
like "$out" "task-wait" "and the journal tells of the wait"

done_testing
