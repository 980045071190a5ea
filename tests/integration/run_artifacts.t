#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Artifacts: what steps write down of what they took and made, and who reads it (tekton-semantics 8).
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t}
spec:
  taskSpec:
    steps:
    - name: make
      image: busybox
      script: |
        echo $(step.artifacts.path) $(artifacts.path)
        cat >$(step.artifacts.path) <<'E'
        {"inputs": [{"name": "src", "values": [{"uri": "git+x", "digest": {"sha1": "aa"}}]}],
         "outputs": [{"name": "img", "buildOutput": true, "values": [{"uri": "pkg:x?a&b", "digest": {"sha256": "b", "sha1": "c"}}]}]}
        E
        echo '{"outputs": [{"name": "img", "values": [{"uri": "pkg:y"}]}]}' >$(artifacts.path)
    - name: read
      image: busybox
      env: [{name: E, value: "in $(steps.make.inputs.src)"}]
      args: ["$(steps.make.outputs.img)"]
      script: |
        #!/bin/sh
        echo '$(steps.make.outputs.img)'
        echo "$1"
        echo "$E"
        echo '$(steps.make.outputs) $(steps.make.outputs.none) $(steps.last.outputs.img)'
        ls /tekton/scripts | wc -l
        cat $(artifacts.path)
        { echo more >$0; } 2>/dev/null || echo fixed
    - name: command
      image: busybox
      command: [echo, "$(steps.make.inputs.src)"]
    - name: last
      image: busybox
      script: |
        ls /tekton/run/0/status
        touch /tekton/run/0/status/artifacts/more 2>/dev/null && echo touched
        echo '{"outputs": [{"name": "log", "values": [{"uri": "pkg:z"}]}]}' >$(artifacts.path)
YAML
run
is "$code" 0 "artifacts from step to step" || echo "# $err"
is "$(log t make)" "/tekton/steps/step-make/artifacts/provenance.json /tekton/artifacts/provenance.json" "their paths"
img='[{"digest":{"sha1":"c","sha256":"b"},"uri":"pkg:x?a\u0026b"}]'
is "$(log t read)" "$img
$img
in [{\"digest\":{\"sha1\":\"aa\"},\"uri\":\"git+x\"}]
\$(steps.make.outputs) \$(steps.make.outputs.none) \$(steps.last.outputs.img)
3
{\"outputs\": [{\"name\": \"img\", \"values\": [{\"uri\": \"pkg:y\"}]}]}
fixed" "in a script, an argument and the environment"
is "$(log t command)" '[{"digest":{"sha1":"aa"},"uri":"git+x"}]' "in a command"
is "$(log t last)" "artifacts
exitCode
results" "a step's own are its own"
is "$(json 'json.dumps([s.get("outputs", 0) for s in run["status"]["steps"]])')" \
	'[[{"buildOutput": true, "name": "img", "values": [{"digest": {"sha1": "c", "sha256": "b"}, "uri": "pkg:x?a&b"}]}], 0, 0, 0]' \
	"what each step said"
is "$(json 'json.dumps(run["status"]["artifacts"])')" \
	'{"inputs": [{"name": "src", "values": [{"digest": {"sha1": "aa"}, "uri": "git+x"}]}], "outputs": [{"buildOutput": true, "name": "img", "values": [{"uri": "pkg:y"}, {"digest": {"sha1": "c", "sha256": "b"}, "uri": "pkg:x?a&b"}]}, {"name": "log", "values": [{"uri": "pkg:z"}]}]}' \
	"all of them in the task's"
monopod describe "$T/run"
is "$(grep put <<<"$out")" "input src  git+x  sha1:aa
output img  pkg:y  (build output)
output img  pkg:x?a&b  sha1:c  sha256:b  (build output)
output log  pkg:z" "and in the words of describe"

# --- a hostile file ---------------------------------------------------------------------------

# hostile NAME, the text of a step: what it leaves is read by others and by monopod
hostile() {
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: t}
		spec:
		  taskSpec:
		    steps:
		    - name: make
		      image: busybox
		      script: |
		        p=\$(step.artifacts.path) d=/tekton/run/0/status/artifacts
		        $1
		    - name: read
		      image: busybox
		      script: |
		        echo '\$(steps.make.outputs.a)'
	YAML
	run
}

# What it is: the file cannot be read, and the task does not say what it should.
while IFS='~' read -r how why; do
	hostile "$how"
	is "$code $(json 'cond(run)["reason"]')" "1 TaskRunValidationFailed" "$how: fails the task" || echo "# $err"
	is "$(json 'cond(run)["message"]')" "[User error] artifacts of step \"make\" cannot be read: $why" "$how: says why"
	like "$(log t make)" "monopod: artifacts 'provenance.json' is not taken: $why" "$how: so does its log"
	is "$(log t read | head -n 1)" '$(steps.make.outputs.a)' "$how: nothing of it is used"
done <<'CASES'
mkfifo $p~is a FIFO
mkdir $p~is a directory
ln -s /etc/passwd $p~is a symbolic link
echo '{}' >$d/x; ln $d/x $p~has more than one link
head -c 300000 /dev/zero | tr '\0' ' ' >$p~is larger than 256 KiB
truncate -s 1G $p~is larger than 256 KiB
mkfifo /tekton/artifacts/provenance.json~is a FIFO
ln -s /proc/self/environ /tekton/artifacts/provenance.json~is a symbolic link
CASES

# What it says: it is no file of artifacts, which Tekton lets pass, and here is told.
while IFS='~' read -r how why; do
	hostile "$how"
	is "$code" 0 "$how: does not fail the task" || echo "# $err"
	like "$(log t make)" "monopod: artifacts 'provenance.json' is not taken: $why" "$how: its log says why"
	like "$out" "artifacts of step make in t are not taken: $why" "$how: so does the summary"
	is "$(log t read) $(json '"artifacts" in run["status"]')" '$(steps.make.outputs.a) False' "$how: nothing of it is used"
done <<'CASES'
: >$p~json, line 1, byte 1: expected a value
echo not json >$p~json, line 1
printf '{"outputs":[{"name":"\377"}]}' >$p~json
printf '%2000s' | tr ' ' '[' >$p~json
echo '[]' >$p~it is not an object
echo '{"outputs": {"a": 1}}' >$p~'outputs' is not a list
echo '{"outputs": [{"name": "a", "values": [1]}]}' >$p~outputs[0]: 'values' is not a list of objects
CASES

# No file, because there is no place for one: nobody but the step has lost something.
while IFS= read -r how; do
	hostile "$how"
	is "$code $(json '"artifacts" in run["status"]')" "0 False" "$how" || echo "# $err"
done <<'CASES'
:
rmdir $d
rmdir $d; ln -s /etc $d
rmdir $d; mkfifo $d
chmod 0 $d
CASES

# --- between tasks ------------------------------------------------------------------------------

mkdir "$T/side"
chmod 777 "$T/side"
: >"$T/side/log"
rm -rf "$T/run"
yaml <<'YAML'
apiVersion: v1
kind: Secret
metadata: {name: hidden}
stringData: {k: verysecretvalue}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  workspaces: [{name: side, emptyDir: {}}]
  pipelineSpec:
    workspaces: [{name: side}]
    tasks:
    - name: make
      taskSpec:
        steps:
        - name: s
          image: busybox
          env: [{name: K, valueFrom: {secretKeyRef: {name: hidden, key: k}}}]
          script: echo "{\"outputs\":[{\"name\":\"a\",\"values\":[{\"uri\":\"pkg:$K\"}]},{\"name\":\"$K\",\"values\":[{\"digest\":{\"$K\":\"1\"}}]}]}" >$(artifacts.path)
    - name: fan
      matrix: {params: [{name: num, value: ["1", "2"]}]}
      taskSpec:
        params: [{name: num}]
        steps:
        - image: busybox
          script: echo '{"inputs":[{"name":"in","values":[{"uri":"$(params.num)"}]}]}' >$(step.artifacts.path)
    - name: hold
      runAfter: [make, fan]
      workspaces: [{name: side}]
      taskSpec:
        workspaces: [{name: side}]
        steps:
        - name: s
          image: busybox
          script: |
            echo held >>$(workspaces.side.path)/log
            while ! test -e $(workspaces.side.path)/go; do sleep 0.05; done
    - name: read
      runAfter: [hold]
      params: [{name: a, value: $(tasks.make.outputs.a)}]
      taskSpec:
        params: [{name: a}]
        steps:
        - name: s
          image: busybox
          args: ["$(tasks.make.outputs)", "$(params.a)", "$(tasks.fan.inputs.in)", "$(tasks.make.inputs)"]
          script: |
            #!/bin/sh
            for i; do echo "$i" | tr a-z A-Z; done
    - name: child
      runAfter: [hold]
      pipelineSpec:
        tasks:
        - {name: one, taskSpec: {steps: [{image: busybox, script: "echo '{\"outputs\":[{\"name\":\"o\"}]}' >$(artifacts.path)"}]}}
        - name: two
          runAfter: [one]
          taskSpec: {steps: [{name: s, image: busybox, script: "echo '$(tasks.one.outputs.o)'"}]}
YAML
start_run "$T/in.yaml" -w side="$T/side"
wait_for 60 grep -q held "$T/side/log"
kill_run
touch "$T/side/go"
run_on -w side="$T/side" --resume
is "$code" 0 "artifacts of tasks that ended before a crash" || echo "# $err"
is "$(log p-read s)" '[{"URI":"PKG:VERYSECRETVALUE"}]
[{"URI":"PKG:VERYSECRETVALUE"}]
[{"URI":"1"},{"URI":"2"}]
$(TASKS.MAKE.INPUTS)' "in a script, in params, of a matrix"
is "$(cat "$T"/run/logs/p-child-two/0/s.log)" "[]" "inside a pipeline in the pipeline"
is "$(json 'tasks["p-make"]["status"]["artifacts"]["outputs"][0]["values"][0]["uri"]')" "pkg:***" "values of Secrets are masked"
is "$(json 'json.dumps(tasks["p-make"]["status"]["artifacts"]["outputs"][1])')" '{"name": "***", "values": [{"digest": {"***": "1"}}]}' "names that hold one, too"
is "$(grep -rl verysecretvalue "$T/run" | sed "s|$T/run/||" | sort | tr '\n' ' ')" "journal.sealed " "and nowhere but where they must be"
done_testing
