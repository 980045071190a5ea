#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A pipeline from YAML to records: results between tasks, what is printed, what is left behind.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: hello}
spec:
  params: [{name: who, value: world}]
  pipelineSpec:
    params: [{name: who}]
    results:
    - {name: word, value: $(tasks.make.results.word)}
    - {name: list, type: array, value: ["$(tasks.make.results.list[*])"]}
    tasks:
    - name: make
      params: [{name: who, value: $(params.who)}]
      taskSpec:
        params: [{name: who}]
        results: [{name: word}, {name: list, type: array}]
        steps:
        - name: say
          image: busybox
          script: |
            echo "hello $(params.who)"
            printf 'a\033[31m\r\001\377 no end'
            printf 'hello %s\n' $(params.who) > $(results.word.path)
            printf '["x","y z"]' > $(results.list.path)
            exec >&- # the end of one stream comes first
            echo "to stderr" >&2
    - name: use
      params:
      - {name: word, value: $(tasks.make.results.word)}
      - {name: list, value: ["$(tasks.make.results.list[*])"]}
      taskSpec:
        params: [{name: word}, {name: list, type: array}]
        steps:
        - name: show
          image: busybox
          command: [printf, '[%s]']
          args: ["$(params.word)", "$(params.list[*])"]
    finally:
    - name: last
      params: [{name: s, value: $(tasks.status)}]
      taskSpec:
        params: [{name: s}]
        steps: [{name: s, image: busybox, command: [echo, "all: $(params.s)"]}]
YAML

run
is "$code" 0 "a pipeline succeeds" || echo "# $err"
is "$(log hello-make say | od -An -c | tr -d ' \n')" \
	'helloworld\na033[31m\r001377noendtostderr\n' "the log has every byte"
is "$(log hello-use show)" '[hello world
][x][y z]' "results arrive in a later task"
is "$(log hello-last s)" "all: Succeeded" "finally sees the status"
is "$(json 'cond(run)["reason"]')" Succeeded "run.json has the verdict"
is "$(json '[(r["name"], r["value"]) for r in run["status"]["results"]]')" \
	"[('word', 'hello world\\n'), ('list', ['x', 'y z'])]" "run.json has the results"
is "$(json 'sorted(tasks)')" "['hello-last', 'hello-make', 'hello-use']" "and the TaskRuns"
is "$(json 'tasks["hello-make"]["status"]["steps"][0]["imageID"].split("@")[0]')" \
	docker.io/library/busybox "and the image that ran"
is "$(cd "$T/run" && ls)" "journal
logs
results
run.json
workspaces" "the run directory holds what it should and no more"
is "$(stat -c %a "$T/run" "$T/run/logs" "$T/run/journal" "$T/run/logs/hello-make/0/say.log" | tr '\n' ' ')" \
	"700 700 600 600 " "and is closed to others"
is "$(cat "$T/run/results/word")" "hello world" "results are files as well"
is "$(cat "$T/run/results/list")" '["x","y z"]' "arrays as JSON"
is "$(stat -c %a "$T/run/results/word")" 600 "that nobody else reads"

# the journal, checked by somebody else's arithmetic
is "$(python3 - "$T/run/journal" <<'PY'
import json, sys, zlib
last = -1
for line in open(sys.argv[1], "rb"):
    crc, record = line.rstrip(b"\n").split(b" ", 1)
    assert int(crc, 16) == zlib.crc32(record), line
    record = json.loads(record)
    if "journal" in record:
        continue
    seq = record["seq"]
    assert seq == last + 1, seq
    last = seq
print("good", last > 10)
PY
)" "good True" "the journal's records are numbered and match their sums"

run_on
is "$code" 2 "a run directory is not used twice"
like "$err" "holds a run already" "and the message says so"
is "$(log hello-last s)" "all: Succeeded" "the old run is untouched"

run -o json -p who=moon --results-dir "$T/results"
is "$code" 0 "-o json"
is "$(python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["kind"], len(d["items"]), d["items"][0]["status"]["results"][0]["value"])' <"$T/out")" \
	"List 4 hello moon" "standard output is one document, -p counts"
like "$err" "hello moon" "logs go to standard error"
is "$(cat "$T/results/word")" "hello moon" "--results-dir has a file per result"

# the default place
mkdir "$T/cwd"
(cd "$T/cwd" && "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" >/dev/null 2>&1)
(cd "$T/cwd" && "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" >/dev/null 2>&1)
is "$(ls "$T/cwd/.monopod/runs" | tr '\n' ' ')" "hello-0001 hello-0002 " "runs are numbered"

# a killed run leaves writable layers; the next start takes them away
mkdir -p "$T/cwd/.monopod/runs/hello-0003/scratch/layers/x/0/upper/deep"
(cd "$T/cwd" && "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" >/dev/null 2>&1)
is "$(ls "$T/cwd/.monopod/runs/hello-0003" | tr '\n' ' ')" "" "leftovers of a killed run are removed"

# several runs
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: one}
spec: {taskSpec: {steps: [{name: s, image: busybox, script: "exit 3"}]}}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: two}
spec: {taskSpec: {steps: [{name: s, image: busybox, script: "echo two"}]}}
YAML
run
is "$code" 1 "of several runs the first failure counts"
is "$(cat "$T/run/runs/two/logs/two/0/s.log")" two "those after it run all the same"
is "$(json '[(i["metadata"]["name"], cond(i)["status"]) for i in d["items"]]')" \
	"[('one', 'False'), ('two', 'True')]" "run.json has them all"
run two
is "$code" 0 "one of them can be named"
like "$out" "two" "and it alone runs"
is "$(ls "$T/run" | tr '\n' ' ')" "journal logs run.json workspaces " "in the plain layout"

# start by name
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: greet}
spec:
  params: [{name: who, default: nobody}]
  steps: [{name: s, image: busybox, script: "echo hi $(params.who)"}]
YAML
run -p who=you
is "$code" 0 "a Task alone is started"
like "$out" "hi you" "with its params"
run nosuch
is "$code" 2 "an unknown name is refused"
like "$err" "greet" "with what there is"

run --dry-run
is "$code" 0 "--dry-run" || echo "# $err"
like "$out$err" "mount" "prints operations"
[ ! -e "$T/run" ]
ok $? "and leaves nothing"
done_testing
