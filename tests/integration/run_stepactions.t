#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# StepActions, step results, step when (tekton-semantics 7.6, 12, 18), and what steps may not do with them.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1beta1
kind: StepAction
metadata: {name: greet}
spec:
  params:
  - {name: who, default: you}
  - name: need
  - {name: list, type: array, default: [a, b]}
  image: busybox
  results: [{name: greet}]
  env:
  - {name: WHO, value: $(params.who)}
  - {name: NEED, value: $(params.need)}
  - {name: LAST, value: "$(params.list[1])"}
  script: |
    printf '%s:%s:%s' "$WHO" "$NEED" "$LAST" >$(step.results.greet.path)
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: act}
spec:
  taskSpec:
    results:
    - {name: lifted, value: $(steps.two.results.greet)}
    - name: out
    steps:
    - name: one
      ref: {name: greet}
      params: [{name: need, value: N1}]
    - name: two
      ref: {name: greet}
      params:
      - {name: need, value: $(steps.one.results.greet)}
      - {name: who, value: $(context.taskRun.name)}
    - name: list
      image: busybox
      results: [{name: l, type: array}]
      script: printf '["x  y","$(X)"]' >$(step.results.l.path)
    - name: never
      image: busybox
      when: [{input: $(steps.one.results.greet), operator: in, values: [other]}]
      script: exit 3
    - name: show
      image: busybox
      command: [sh, -c]
      args:
      - printf '%s|' "$@" >$(results.out.path); cat /tekton/steps/step-never/exitCode
      - sh
      - $(steps.two.results.greet)
      - $(steps.list.results.l[*])
      - $(steps.never.results.none)
YAML
run
is "$code" 0 "StepActions run" || echo "# $err"
is "$(json "run['status']['results'][0]['value']")" "act:you:N1:b:b" "a task result made of a step's result"
is "$(json "run['status']['results'][1]['value']")" 'act:you:N1:b:b|x  y|$(X)|$(steps.never.results.none)|' "step results are filled in last"
is "$(json "run['status']['steps'][3]['terminationReason']")" "Skipped" "a step whose when does not hold"
is "$(json "run['status']['steps'][3]['terminated']['exitCode']")" 0 "it has succeeded"
is "$(log act show)" 0 "its exit code is told"
is "$(log act never)" "Step was skipped due to when expressions were evaluated to false." "and its log says why"
is "$(json "run['status']['steps'][2]['results'][0]['value'][0]")" "x  y" "step results are in the status"

# What a step puts in place of its results is not followed.
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: trap}
spec:
  taskSpec:
    steps:
    - name: evil
      image: busybox
      results: [{name: link}, {name: fifo}, {name: dir}]
      script: |
        cd $(dirname $(step.results.link.path))
        ln -s /etc/hostname link
        mkfifo fifo
        mkdir dir
    - name: swap
      image: busybox
      results: [{name: hostname}]
      script: |
        cd /tekton/run/1/status
        rm -rf results
        ln -s /etc results
    - name: look
      image: busybox
      env:
      - {name: A, value: $(steps.evil.results.link)}
      - {name: B, value: $(steps.evil.results.fifo)}
      - {name: C, value: $(steps.evil.results.dir)}
      - {name: D, value: $(steps.swap.results.hostname)}
      script: echo "$A $B $C $D"
YAML
run
is "$code" 0 "hostile step results do not stop the task" || echo "# $err"
is "$(log trap look)" '$(steps.evil.results.link) $(steps.evil.results.fifo) $(steps.evil.results.dir) $(steps.swap.results.hostname)' \
	"links, FIFOs and directories are no results"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: ghost}
spec:
  taskSpec:
    steps:
    - name: one
      ref: {name: nobody}
YAML
run
is "$code" 1 "an unknown StepAction fails the run"
like "$err" "in.yaml:8:19" "an unknown StepAction is named where it is written"
like "$err" 'stepactions.tekton.dev "nobody" not found' "in Tekton's words"
is "$(json "run['status']['conditions'][0]['reason']")" "TaskRunResolutionFailed" "with Tekton's reason"

done_testing
