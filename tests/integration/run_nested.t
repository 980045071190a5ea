#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pipelines in pipelines: results through two levels, fan-out, finally, skips, timeouts and cancelling.
. tests/helpers/tap.sh

# every object of the List: "name reason", one after the other
objects() {
	json '" ".join(i["metadata"]["name"] + ":" + cond(i)["reason"] for i in d["items"])'
}

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: inner}
spec:
  params: [{name: m, default: inner}]
  workspaces: [{name: w}]
  results: [{name: end, value: $(tasks.first.results.o)}]
  tasks:
  - name: first
    params: [{name: m, value: $(params.m)}]
    workspaces: [{name: w}]
    taskSpec:
      params: [{name: m}]
      workspaces: [{name: w}]
      results: [{name: o}]
      steps: [{name: s, image: busybox, script: "printf '<%s>' '$(params.m)' | tee $(results.o.path) >>$(workspaces.w.path)/all"}]
---
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: middle}
spec:
  params: [{name: m}]
  workspaces: [{name: data}]
  results: [{name: up, value: $(tasks.deep.results.end)}]
  tasks:
  - {name: deep, pipelineRef: {name: inner}, params: [{name: m, value: $(params.m)}], workspaces: [{name: w, workspace: data}]}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p, labels: {own: label}}
spec:
  workspaces: [{name: data, persistentVolumeClaim: {claimName: c}}]
  pipelineSpec:
    workspaces: [{name: data}]
    results: [{name: r, value: $(tasks.use.results.o)}]
    tasks:
    - {name: mid, pipelineRef: {name: middle}, params: [{name: m, value: x}], workspaces: [{name: data}]}
    - name: use
      params: [{name: v, value: $(tasks.mid.results.up)}]
      taskSpec:
        params: [{name: v}]
        results: [{name: o}]
        steps: [{name: s, image: busybox, script: "printf '[%s]' '$(params.v)' >$(results.o.path)"}]
    - name: fan
      matrix: {params: [{name: m, value: [a, b]}]}
      pipelineRef: {name: inner}
      workspaces: [{name: w, workspace: data, subPath: fan}]
    - name: skipped
      when: [{input: a, operator: in, values: [b]}]
      pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{image: busybox, script: exit 1}]}}]}
    finally:
    - name: last
      params: [{name: m, value: "$(tasks.mid.status) $(tasks.fan.reason) $(tasks.skipped.status)"}]
      pipelineRef: {name: inner}
      workspaces: [{name: w, workspace: data}]
YAML
mkdir "$T/claim"
run --volume c="$T/claim"
is "$code" 0 "two levels of pipelines" || printf '%s\n' "$err" | sed 's/^/#   /'
is "$(json 'run["status"]["results"]')" "[{'name': 'r', 'value': '[<x>]'}]" "a result comes up through both"
is "$(json 'cond(run)["message"]')" "Tasks Completed: 4 (Failed: 0, Cancelled 0), Skipped: 1" "a child counts as one task"
is "$(json '[(c["kind"], c["name"]) for c in run["status"]["childReferences"]]')" \
	"[('PipelineRun', 'p-mid'), ('TaskRun', 'p-use'), ('PipelineRun', 'p-fan-0'), ('PipelineRun', 'p-fan-1'), ('PipelineRun', 'p-last')]" \
	"childReferences"
is "$(json '[s["name"] for s in run["status"]["skippedTasks"]]')" "['skipped']" "a child is skipped by when"
is "$(json '[i["metadata"]["labels"] for i in d["items"] if i["metadata"]["name"] == "p-mid-deep"]')" \
	"[{'own': 'label', 'tekton.dev/memberOf': 'tasks', 'tekton.dev/pipelineRun': 'p-mid', 'tekton.dev/pipelineRunUID': '$(json '[i["metadata"]["uid"] for i in d["items"] if i["metadata"]["name"] == "p-mid"][0]')', 'tekton.dev/pipelineTask': 'deep', 'tekton.dev/pipeline': 'inner', 'app.kubernetes.io/managed-by': 'tekton-pipelines'}]" \
	"labels of a child of a child"
is "$(json 'tasks["p-last-first"]["status"]["results"][0]["value"]')" "<Succeeded Succeeded None>" \
	"finally has a child, which knows how the others ended"
like "$(cat "$T/claim/all")" "<x>" "the workspace goes through both levels"
is "$(tr -d '<>' <"$T/claim/fan/all" | fold -w1 | sort | tr -d '\n')" "ab" "with its subPath"
is "$(log p-mid-deep-first s)" "" "logs lie by the name of the TaskRun"
monopod describe --run-dir "$T/run"
like "$out" "p-mid  (pipeline)  True  Succeeded" "describe shows children"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  pipelineSpec:
    tasks:
    - name: slow
      timeout: 1s
      retries: 1
      pipelineSpec:
        tasks: [{name: t, taskSpec: {steps: [{name: s, image: busybox, script: "echo in; exec sleep 1000"}]}}]
        finally: [{name: f, taskSpec: {steps: [{image: busybox, script: "true"}]}}]
    - {name: after, runAfter: [slow], taskSpec: {steps: [{image: busybox, script: "true"}]}}
YAML
run
is "$code" 1 "a child's timeout fails the run"
is "$(objects)" \
	"p:Failed p-slow:PipelineRunTimeout p-slow-retry1:PipelineRunTimeout p-slow-t:TaskRunCancelled p-slow-retry1-t:TaskRunCancelled" \
	"it is retried, and its finally does not run after a timeout"
is "$(json 'run["status"]["childReferences"][0]["name"]')" p-slow-retry1 "the reference is to the last"
monopod logs --run-dir "$T/run" slow
like "$out" "p-slow-retry1-t" "logs of a child are those of its tasks"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  pipelineSpec:
    tasks:
    - name: kid
      pipelineSpec:
        tasks:
        - {name: t, taskSpec: {steps: [{name: s, image: busybox, script: "echo in; exec sleep 1000"}]}}
        - {name: u, runAfter: [t], taskSpec: {steps: [{image: busybox, script: "true"}]}}
        finally: [{name: f, taskSpec: {steps: [{name: s, image: busybox, script: "echo end"}]}}]
    finally: [{name: g, taskSpec: {steps: [{name: s, image: busybox, script: "echo end"}]}}]
YAML

is_running() {
	grep -q in "$T/run/logs/p-kid-t/0/s.log" 2>/dev/null
}

# cancelled FLAGS…: the run is ended by `monopod cancel` while the child runs
cancelled() {
	local pid
	start_run "$T/in.yaml"
	wait_for 30 is_running || echo "# the child never ran"
	monopod cancel "$@" --run-dir "$T/run"
	wait "$pid"
}
cancelled
is $? 143 "cancelled: exit code"
is "$(objects)" "p:Cancelled p-kid:Cancelled p-kid-t:TaskRunCancelled" "cancelling reaches the child at once"
cancelled --graceful
is $? 143 "gracefully: exit code"
is "$(objects)" "p:Cancelled p-kid:Cancelled p-kid-t:TaskRunCancelled p-kid-f:Succeeded p-g:Succeeded" \
	"both run their finally tasks"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: a}
spec: {tasks: [{name: x, pipelineRef: {name: b}}]}
---
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: b}
spec: {tasks: [{name: v, pipelineRef: {name: a}}]}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec: {pipelineRef: {name: a}}
YAML
run
is "$code" 1 "a cycle: exit code"
is "$(objects)" "p:CreateRunFailed" "a cycle: nothing starts"
like "$err" "in.yaml:9:46: error: [User error] PipelineRun default/p can't be Run; pipeline \"a\" is inside itself: a → b → a" \
	"a cycle: named, where it closes"

done_testing
