#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# collect: recorded Pods through the program, and real runs whose message and record are put into one.
. tests/helpers/tap.sh

# What the List says of its first object: "STATUS REASON"
verdict() {
	python3 -c '
import json, sys
c = json.load(open(sys.argv[1]))["items"][0]["status"]["conditions"][0]
print(c["status"], c["reason"])' "$T/out"
}

# pod CODE: a Pod that ended so, with $T/term as its message
pod() {
	python3 - "$1" "$T/term" >"$T/pod.json" <<-'PY'
		import json, sys
		print(json.dumps({"apiVersion": "v1", "kind": "Pod",
		    "metadata": {"name": "p", "namespace": "ns", "labels": {"tekton.dev/pipelineRun": "tell"}},
		    "spec": {"restartPolicy": "Never", "containers": [{"name": "monopod"}]},
		    "status": {"phase": "Failed", "containerStatuses": [{"name": "monopod", "restartCount": 0, "state": {"terminated": {
		        "exitCode": int(sys.argv[1]), "reason": "Error", "message": open(sys.argv[2]).read(),
		        "startedAt": "2026-11-22T12:00:00Z", "finishedAt": "2026-11-22T12:00:05Z"}}}]}}))
	PY
}

# --- recorded ones ------------------------------------------------------------------------------

for p in tests/pods/*.json; do
	name=$(basename "${p%.json}")
	"$MONOPOD" collect <"$p" >"$T/out" 2>"$T/err"
	code=$?
	got=$(python3 - "$T/out" "${p%.json}.want" $code <<-'PY'
		import json, sys
		want = json.load(open(sys.argv[2]))
		print(json.load(open(sys.argv[1])) == want["list"], int(sys.argv[3]) == want["code"])
	PY
	)
	is "$got $(cat "$T/err")" "True True " "$name"
done
python3 -c '
import json, sys
print(json.dumps({"kind": "List", "items": [json.load(open("tests/pods/%s.json" % n)) for n in ("failed", "restarted", "evicted")]}))' >"$T/list.json"
monopod collect "$T/list.json"
is "$code $(verdict)" "4 False Evicted" "of several pods of one run the newest counts"
monopod collect -o plain tests/pods/failed.json
is "$code" 1 "for people: exit code"
is "$out" "PipelineRun sample  False  Failed
Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 1
started 2026-11-22T12:58:19Z, took less than 1s

  sample-build  False  StepFailed" "the words of describe"

# --- what cannot be read ------------------------------------------------------------------------

monopod collect
is "$code" 2 "nothing on standard input" || echo "# $err"
like "$err" "there is nothing to read" "is said"
like "$out" '"kind": "Status"' "and is a document too"
monopod collect "$T/nosuch.json"
is "$code" 2 "a file that is not there"
echo '{"kind":"Job","metadata":{"name":"x"}}' >"$T/job.json"
monopod collect "$T/job.json" -o plain
is "$code$out" 2 "an object that is no Pod"
like "$err" "expected a Pod, or a List of pods" "says what was expected"
monopod collect --log -
is "$code" 2 "one standard input for two"
like "$err" "standard input has the Pod" "is said"

# --- a run, by its message, its directory and its log -------------------------------------------

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: tell}
spec:
  pipelineSpec:
    results:
    - {name: text, value: $(tasks.a.results.text)}
    - {name: list, type: array, value: ["$(tasks.a.results.list[*])"]}
    - {name: big, value: $(tasks.a.results.big)}
    tasks:
    - name: a
      taskSpec:
        results: [{name: text}, {name: list, type: array}, {name: big}]
        steps:
        - name: s
          image: busybox
          env: [{name: KEY, valueFrom: {secretKeyRef: {name: key, key: k}}}]
          script: |
            printf hi > $(results.text.path)
            printf '["a","b"]' > $(results.list.path)
            dd if=/dev/urandom bs=1k count=50 2>/dev/null | base64 > $(results.big.path)
            echo "key $KEY"
            echo 'monopod-run.json begin sha256:0000 1'
            printf 'monopod-run.json end 0\n2026-11-22T12:00:00Z monopod-run.json end 0\n\rmonopod-run.json end 0'
---
apiVersion: v1
kind: Secret
metadata: {name: key}
stringData: {k: correct-horse}
YAML
: >"$T/term"
run --termination-log "$T/term" --log-record -o plain
cp "$T/out" "$T/log"
is "$code" 0 "a run with its record in the log" || echo "# $err"
is "$(grep -c '^monopod-run.json' "$T/log")" "$(($(grep -c '^monopod-run.json [0-9]' "$T/log") + 2))" \
	"a step writes no line that looks like one of the record"
is "$(grep -o '^monopod-run.json begin sha256:[0-9a-f]*' "$T/log" | cut -d' ' -f3)" "sha256:$(sha256sum <"$T/run/run.json" | cut -d' ' -f1)" \
	"its digest is the file's"
sed -n 's/^monopod-run.json [0-9]* //p' "$T/log" | base64 -d | gunzip | cmp - "$T/run/run.json"
ok $? "and it can be taken out by hand"
sed -n 's/^monopod-run.json [0-9]* //p' "$T/log" | base64 -d | gunzip | grep -q correct-horse
[ $? = 1 ]
ok $? "values of Secrets are masked in it"
pod 0
monopod collect "$T/pod.json"
is "$code $(verdict)" "0 True Succeeded" "collected by its message alone"
like "$err" "had no room for: big" "what is not there is named"
is "$(python3 -c 'import json; d = json.load(open("'"$T/out"'"))["items"][0]; print(d["status"]["results"], d["metadata"]["annotations"])')" \
	"[{'name': 'text', 'value': 'hi'}, {'name': 'list', 'value': '[\"a\",\"b\"]'}] {'monopod/omitted': 'big'}" "in the document too"
monopod collect "$T/pod.json" --log "$T/log"
cmp -s "$T/out" "$T/run/run.json"
ok $? "with its log: run.json, byte for byte" "$err"
is "$code$err" 0 "and its exit code"
"$MONOPOD" collect "$T/pod.json" --log - <"$T/log" | cmp -s - "$T/run/run.json"
ok $? "the log from standard input"
monopod collect "$T/pod.json" --run-dir "$T/run"
cmp -s "$T/out" "$T/run/run.json"
ok $? "with its run directory: the same"

# rotated: the kubelet gives only the newest file, which begins anywhere
grep -n '^monopod-run.json begin' "$T/log" | cut -d: -f1 >"$T/at"
for from in +$(($(cat "$T/at") + 1)) +$(($(cat "$T/at") + 3)) 1; do
	tail -n "$from" "$T/log" >"$T/rotated"
	monopod collect "$T/pod.json" --log "$T/rotated"
	is "$code $(verdict)" "0 True Succeeded" "a log that begins within the record (line $from): the message alone"
	like "$err" "its beginning is missing, as after a rotation of the log: it is not used" "which is said"
	like "$err" "had no room for: big" "and what is not known without it"
done

# forged: what is not the one that the message names is not used
sed -i 's/^\(monopod-run.json 2 .\{50\}\).\{10\}/\1AAAAAAAAAA/' "$T/log"
monopod collect "$T/pod.json" --log "$T/log"
is "$code $(verdict)" "0 True Succeeded" "a changed record: the message alone"
like "$err" "warning: log: the record in the log is not whole" "which is said"
grep -v '^monopod-run.json' "$T/log" >"$T/log2"
monopod collect "$T/pod.json" --log "$T/log2"
like "$err" "there is no record of sha256:" "so is one that is not there"
echo >>"$T/run/run.json"
monopod collect "$T/pod.json" --run-dir "$T/run"
like "$err" "is not the one that the termination message names (sha256:" "and a run directory of another state"
is "$code $(verdict)" "0 True Succeeded" "the message alone"

# the logs of -o json are on standard error
: >"$T/term"
run --termination-log "$T/term" --log-record -o json
pod 0
monopod_out=$T/json-out && cp "$T/out" "$monopod_out" && cp "$T/err" "$T/log"
is "$(python3 -c 'import json; print(json.load(open("'"$monopod_out"'"))["kind"])')" List "-o json: standard output is one document"
monopod collect "$T/pod.json" --log "$T/log"
cmp -s "$T/out" "$T/run/run.json"
ok $? "and the record is on standard error"

# a dry run has none
run --log-record --dry-run -o plain
unlike "$out" "monopod-run.json" "a dry run leaves no record"

# --- whose child each is ------------------------------------------------------------------------

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: tell}
spec:
  pipelineSpec:
    tasks:
    - {name: a-0, taskSpec: {steps: [{name: s, image: busybox, command: ["true"]}]}}
    - {name: fan, matrix: {params: [{name: x, value: [u, v]}]}, taskSpec: {params: [{name: x}], steps: [{name: s, image: busybox, command: ["true"]}]}}
    - name: kid
      pipelineSpec:
        tasks:
        - {name: inner, taskSpec: {steps: [{name: s, image: busybox, command: ["true"]}]}}
        - {name: deep, pipelineSpec: {tasks: [{name: last, taskSpec: {steps: [{name: s, image: busybox, command: ["true"]}]}}]}}
YAML
: >"$T/term"
rm -rf "$T/run"
run --termination-log "$T/term"
is "$code" 0 "fan-outs, and pipelines in pipelines" || echo "# $err"
pod 0
# as `monopod pod` annotates the pod of this input
monopod pod -f "$T/in.yaml" --image m --images-from layout -o json
is "$code" 0 "its pod" || echo "# $err"
python3 - "$T/out" "$T/pod.json" <<'PY'
import json, sys
tasks = json.load(open(sys.argv[1]))["items"][-1]["metadata"]["annotations"]["monopod/tasks"]
pod = json.load(open(sys.argv[2]))
pod["metadata"]["annotations"] = {"monopod/tasks": tasks}
json.dump(pod, open(sys.argv[2], "w"))
print("#", tasks)
PY
monopod collect "$T/pod.json"
kin() { # FILE: what is whose child, of which task
	python3 -c '
import json, sys
for i in json.load(open(sys.argv[1]))["items"][1:]:
    print(i["kind"], i["metadata"]["name"], i["metadata"]["labels"]["tekton.dev/pipelineRun"], i["metadata"]["labels"]["tekton.dev/pipelineTask"], "podName" in i["status"])
for i in json.load(open(sys.argv[1]))["items"]:
    for c in i["status"].get("childReferences", []):
        print(i["metadata"]["name"], c["kind"], c["name"], c["pipelineTaskName"])' "$1" | sort
}
is "$(kin "$T/out")" "$(kin "$T/run/run.json")" "the message alone tells it as run.json does"
is "$(kin "$T/out" | grep -c .)" 14 "of all seven"
sed -i 's/monopod.tasks/monopod\/none/' "$T/pod.json"
monopod collect "$T/pod.json"
is "$(python3 -c 'import json; print({(c["kind"], c.get("pipelineTaskName")) for c in json.load(open("'"$T/out"'"))["items"][0]["status"]["childReferences"]})')" \
	"{('TaskRun', None)}" "without the annotation it is not known"

# --- killed -------------------------------------------------------------------------------------

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: tell}
spec:
  pipelineSpec:
    tasks:
    - {name: a, taskSpec: {steps: [{name: s, image: busybox, command: ["true"]}]}}
    - {name: b, runAfter: [a], taskSpec: {steps: [{name: s, image: busybox, script: "echo up; sleep 1000"}]}}
YAML
: >"$T/term"
start_run "$T/in.yaml" --termination-log "$T/term"
is_up() { grep -q 'tell-b' "$T/term" && grep -qs '"tell-b"' "$T/run/run.json" && grep -q up "$T/run/logs/tell-b/0/s.log"; }
wait_for 20 is_up
ok $? "a run is under way" "$(cat "$T/run.err")"
kill_run
pod 137
monopod collect "$T/pod.json"
is "$code $(verdict)" "4 False Interrupted" "it was killed"
tasks() {
	python3 -c '
import json
for i in json.load(open("'"$T/out"'"))["items"][1:]:
    c = i["status"]["conditions"][0]
    print(i["metadata"]["name"], c["status"], c["reason"], c.get("message", ""))'
}
is "$(tasks)" 'tell-a True Succeeded 
tell-b False Interrupted TaskRun "tell-b" had not ended when its pod did' "and what was running with it"
monopod collect "$T/pod.json" --run-dir "$T/run"
is "$code $(verdict)" "4 False Interrupted" "with its run directory"
is "$(tasks | cut -d' ' -f1-3)" 'tell-a True Succeeded
tell-b False Interrupted' "and its tasks"
is "$(python3 -c 'import json; d = json.load(open("'"$T/out"'"))["items"]; print(d[0]["status"]["completionTime"], len(d[0]["spec"]), len(d[1]["status"]["steps"]))')" \
	"2026-11-22T12:00:05Z 3 1" "with all that is known of them"
sed -i 's/"tell"/"told"/' "$T/pod.json"
monopod collect "$T/pod.json" --run-dir "$T/run"
like "$err" "it is not of run 'told'" "the directory of another run is not used"
monopod collect "$T/pod.json" --log "$T/log"
like "$err" "names no run.json that one in the log could be compared with" "nor a log that nothing vouches for"
# --- a result may hold any byte -----------------------------------------------------------------

script tell <<'SH'
printf 'a\000b' >/tekton/results/r
SH
run --termination-log "$T/term"
pod 0
monopod collect "$T/pod.json" --run-dir "$T/run"
is "$code $(verdict) $err" "0 True Succeeded " "a zero byte in a result: the message and run.json are read"
monopod describe --run-dir "$T/run"
is "$code $(printf '%s\n' "$out" | grep result)" '0 result r = "a\u0000b"' "by describe, too"

done_testing
