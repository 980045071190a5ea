#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is refused before the first step: everything at once, the right exit code, nothing left behind.
. tests/helpers/tap.sh

nothing_left() {
	[ ! -e "$T/run" ]
	ok $? "$1: no run directory is left" "$(find "$T/run" 2>/dev/null | head)"
}

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: bad}
spec:
  taskSpec:
    stepss: []
    steps:
    - {name: s, image: busybox, scrpt: x}
    - {name: s, image: busybox}
YAML
echo before >"$T/term"
run --termination-log "$T/term"
is "$code" 2 "invalid input"
like "$err" "in.yaml:6:5: error:" "every problem is shown with its place"
like "$err" "in.yaml:8:33: error:" "every problem, the second too"
nothing_left "invalid input"
like "$(cat "$T/term")" '"False Invalid ' "the termination file says so"
run -o json
is "$code $(python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["kind"], d["status"], len(d["details"]["causes"]) >= 2, d["details"]["causes"][0]["line"])' <"$T/out")" \
	"2 Status Failure True 6" "-o json gives a Status with its causes"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: images}
spec:
  pipelineSpec:
    tasks:
    - {name: a, taskSpec: {steps: [{name: s, image: busybos}, {name: t, image: busybox, script: "echo ran"}]}}
    - {name: b, taskSpec: {steps: [{name: s, image: "ghcr.io/x/y:v1"}]}}
YAML
run --termination-log "$T/term"
is "$code" 3 "missing images"
like "$err" "busybos" "the first is listed"
like "$err" "ghcr.io/x/y:v1" "and the second"
like "$err" "in.yaml:7:" "with the place where it is written"
unlike "$out" "ran" "no step was started"
like "$(cat "$T/term")" '"False NotStarted ' "the termination file says that nothing was started"
nothing_left "missing images"

# a layer whose bytes are not what its digest says
script fine <<'SH'
echo ran
SH
layer=$(find "$IMAGES/blobs/sha256" -type f -size +100k | head -1)
cp "$layer" "$T/layer"
printf 'X' | dd of="$layer" bs=1 seek=50000 conv=notrunc 2>/dev/null
run
is "$code" 3 "a corrupt layer"
like "$err" "busybox" "names the image"
unlike "$out" "ran" "no step was started"
nothing_left "corrupt layer"
cp "$T/layer" "$layer"
run
is "$code" 0 "the same image, repaired"

echo '{' >"$IMAGES/index.json.new"
cp "$IMAGES/index.json" "$T/index"
mv "$IMAGES/index.json.new" "$IMAGES/index.json"
STORE=$T/store2 run
is "$code" 3 "a corrupt index"
nothing_left "corrupt index"
cp "$T/index" "$IMAGES/index.json"

# found only when the run starts
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: late}
spec: {pipelineSpec: {tasks: [{name: a, taskRef: {name: ghost}}]}}
YAML
run
is "$code" 1 "an unknown task is found when the run starts"
is "$(json 'cond(run)["reason"]')" CouldntGetTask "and the run ends with Tekton's reason"
like "$err" "in.yaml:4:57" "the problem is shown with its place all the same"

# an image that only a result names
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: later}
spec:
  pipelineSpec:
    tasks:
    - {name: a, taskSpec: {results: [{name: i}], steps: [{name: s, image: busybox, script: "printf nosuch > $(results.i.path)"}]}}
    - {name: b, taskSpec: {steps: [{name: s, image: $(tasks.a.results.i), script: "echo ran"}]}}
    - {name: c, taskSpec: {results: [{name: i}], steps: [{name: s, image: busybox, script: "printf busybox > $(results.i.path)"}]}}
    - {name: d, taskSpec: {steps: [{name: s, image: $(tasks.c.results.i), script: "echo ran"}]}}
YAML
run --max-parallel 1
is "$code" 1 "an image known only later"
is "$(json 'cond(tasks["later-b"])["reason"]')" TaskRunImagePullFailed "fails its task"
like "$(json 'cond(tasks["later-b"])["message"]')" 'the step "s" in TaskRun "later-b" failed to pull the image "nosuch". The pod errored with the message: "' \
	"in Tekton's words"

# names that would be paths
evil() { # WHAT < YAML
	yaml
	run -o plain
	[ "$code" = 2 ] || [ "$code" = 1 ]
	ok $? "$1 is refused" "exit $code" "$err"
	is "$(find "$T" -name 'escaped*' | head -1)" "" "$1: nothing is written elsewhere"
	rm -rf "$T/run"
}
evil "a run named like a path" <<'YAML'
{apiVersion: tekton.dev/v1, kind: TaskRun, metadata: {name: "../escaped"}, spec: {taskSpec: {steps: [{name: s, image: busybox, command: ["true"]}]}}}
YAML
evil "a step named like a path" <<'YAML'
{apiVersion: tekton.dev/v1, kind: TaskRun, metadata: {name: x}, spec: {taskSpec: {steps: [{name: "../../escaped", image: busybox, command: ["true"]}]}}}
YAML
evil "a task named like a path" <<'YAML'
{apiVersion: tekton.dev/v1, kind: PipelineRun, metadata: {name: x}, spec: {pipelineSpec: {tasks: [{name: "../../escaped", taskSpec: {steps: [{name: s, image: busybox, command: ["true"]}]}}]}}}
YAML
evil "a claim named like a path" <<'YAML'
{apiVersion: tekton.dev/v1, kind: TaskRun, metadata: {name: x}, spec: {workspaces: [{name: w, persistentVolumeClaim: {claimName: "../../escaped"}}], taskSpec: {workspaces: [{name: w}], steps: [{name: s, image: busybox, command: ["true"]}]}}}
YAML
evil "a key named like a path" <<'YAML'
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {"../../escaped": x}}
---
{apiVersion: tekton.dev/v1, kind: TaskRun, metadata: {name: x}, spec: {workspaces: [{name: w, configMap: {name: c}}], taskSpec: {workspaces: [{name: w}], steps: [{name: s, image: busybox, command: ["true"]}]}}}
YAML
evil "an item's path that leads out" <<'YAML'
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: x}}
---
{apiVersion: tekton.dev/v1, kind: TaskRun, metadata: {name: x}, spec: {workspaces: [{name: w, configMap: {name: c, items: [{key: a, path: "../../escaped"}]}}], taskSpec: {workspaces: [{name: w}], steps: [{name: s, image: busybox, command: ["true"]}]}}}
YAML
yaml <<'YAML'
{apiVersion: tekton.dev/v1, kind: PipelineRun, metadata: {name: x}, spec: {pipelineSpec: {results: [{name: "../escaped", value: $(tasks.a.results.r)}], tasks: [{name: a, taskSpec: {results: [{name: r}], steps: [{name: s, image: busybox, script: "printf x > $(results.r.path)"}]}}]}}}
YAML
run --results-dir "$T/results"
is "$code $(find "$T" -name 'escaped*' | wc -l)" "0 0" "a result named like a path has no file"
is "$(json 'run["status"]["results"][0]["value"]')" x "but a value"
rm -rf "$T/run"

# the place
script fine <<'SH'
echo ran
SH
monopod run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir /proc/nosuch/run
is "$code" 3 "a run directory that cannot be made"
like "$err" "--run-dir" "says what to do"
rm -rf "$T/run"
monopod run -f "$T/in.yaml" --store /proc/nosuch --images "$IMAGES" --run-dir "$T/run"
is "$code" 3 "a store that cannot be made"
nothing_left "no store"
run --termination-log /nosuch/dir/file
is "$code" 3 "a termination file that cannot be written"
monopod run -f "$T/nosuch.yaml" --run-dir "$T/run"
is "$code" 2 "an input file that is not there"
monopod run
is "$code" 2 "no input"
done_testing
