#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `monopod pod` renders, played by podman's kube play, and read back by `monopod collect`. The player has no termination
# message, downward API, user namespaces or deadlines: tests/helpers/kube_play.py takes away or replaces what it does not
# know, and says what.
. tests/helpers/tap.sh
. tests/helpers/podman.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: play, labels: {team: red}}
spec:
  params: [{name: long, value: "0"}]
  pipelineSpec:
    params: [{name: long}]
    results:
    - {name: text, value: $(tasks.first.results.r)}
    - {name: list, type: array, value: ["$(tasks.first.results.l[*])"]}
    tasks:
    - name: first
      taskSpec:
        results: [{name: r}, {name: l, type: array}]
        steps: [{name: s, image: busybox, script: "date +%s%N | tee $(results.r.path); printf '[\"a\"]' > $(results.l.path)"}]
    - name: long
      runAfter: [first]
      params: [{name: seconds, value: $(params.long)}]
      taskSpec:
        params: [{name: seconds}]
        steps:
        - name: s
          image: busybox
          script: |
            trap 'echo got TERM; exit 1' TERM
            echo up
            sleep $(params.seconds) & wait
    finally:
    - {name: last, taskSpec: {steps: [{name: s, image: busybox, command: [echo, last]}]}}
YAML
pm volume create images >/dev/null
cp -r "$IMAGES/." "$(pm volume inspect -f '{{.Mountpoint}}' images)"
pm volume create runs >/dev/null
mkdir "$T/podinfo"
played=

# play OPTION…: renders, plays, leaves the container running as $box
play() {
	[ -z "$played" ] || pm kube down "$T/play.yaml" >/dev/null 2>&1
	rm -f "$T/podinfo/"*
	: >"$T/podinfo/cancel"
	: >"$T/term"
	chmod 666 "$T/term"
	monopod pod -f "$T/in.yaml" --image registry.example/monopod --images-from images -o json "$@"
	[ "$code" = 0 ] || { ok 1 "pod $*" "$err"; done_testing; }
	cp "$T/out" "$T/list.json"
	python3 tests/helpers/kube_play.py manifest "$T/list.json" "$T/term" "$T/podinfo" "$image" >"$T/play.yaml" 2>"$T/left"
	pm kube play "$T/play.yaml" >"$T/out" 2>"$T/err"
	ok $? "kube play: ${*:-nothing else}" "$(cat "$T/err")" || done_testing
	played=1
	box=play-monopod
}

inspect() { pm inspect --type container "$box" >"$T/inspect.json" 2>/dev/null; }

# Reads the pod back: $code, $out (the document), $verdict
collect() {
	inspect
	python3 tests/helpers/kube_play.py pod "$T/list.json" "$T/inspect.json" "$T/term" >"$T/pod.json"
	pm logs "$box" >"$T/log" 2>&1
	monopod collect "$T/pod.json" "$@"
	verdict=$(python3 -c '
import json
d = json.load(open("'"$T/out"'"))["items"]
c = d[0]["status"]["conditions"][0]
print(c["status"], c["reason"], " ".join(i["metadata"]["name"] + ":" + i["status"]["conditions"][0]["reason"] for i in d[1:]))')
}

ended() { [ "$(pm inspect -f '{{.State.Status}}' "$box" 2>/dev/null)" = exited ]; }
is_up() { pm logs "$box" 2>&1 | grep -q 'long/s\] up'; }

# --- each profile -------------------------------------------------------------------------------

play --profile default
sed 's/^/# not known to kube play: /' "$T/left"
wait_for 60 ended
collect
is "$code $verdict" "3 False NotStarted " "the default profile cannot give a sandbox here: so it says" || pm logs "$box" 2>&1 | sed 's/^/# /'
like "$out" "no sandbox is possible here" "and why"

inode=$(stat -c %i "$T/term")
play --profile privileged --log-record
wait_for 60 ended
collect
is "$code $verdict" "0 True Succeeded play-first:Succeeded play-long:Succeeded play-last:Succeeded" "privileged: the run, and its tasks" ||
	pm logs "$box" 2>&1 | sed 's/^/# /'
is "$(stat -c '%i %a' "$T/term")" "$inode 666" "the message was written in place"
is "$(python3 -c 'import json; d = json.load(open("'"$T/out"'"))["items"][0]
print(d["metadata"]["name"], d["metadata"]["labels"]["team"], d["spec"]["params"], [r["name"] + str(type(r["value"])) for r in d["status"]["results"]])')" \
	"play red [{'name': 'long', 'value': '0'}] [\"text<class 'str'>\", \"list<class 'list'>\"]" "the object that it was, with its results"
collect --log "$T/log"
is "$code$err" 0 "with the record in its log"
is "$(sha256sum <"$T/out" | cut -d' ' -f1)" "$(grep -o '"sha256:[0-9a-f]* /[^"]*' "$T/term" | sed 's/"sha256:\([0-9a-f]*\) .*/\1/')" "it is the run.json that the message names"

# --- its ends -----------------------------------------------------------------------------------

play --profile privileged -p long=1000
wait_for 60 is_up
collect
is "$code $verdict" "4 Unknown Running " "while it runs"
pm stop -t 30 "$box" >/dev/null 2>&1
collect
is "$code $verdict" "143 False Cancelled play-first:Succeeded play-long:TaskRunCancelled play-last:Succeeded" "SIGTERM: cancelled, with its finally tasks"

play --profile privileged -p long=1000
wait_for 60 is_up
echo CancelledRunFinally >"$T/podinfo/new" && mv "$T/podinfo/new" "$T/podinfo/cancel"
wait_for 60 ended
ok $? "the annotation monopod/cancel ends it" "$(pm logs "$box" 2>&1)"
collect
is "$code $verdict" "143 False Cancelled play-first:Succeeded play-long:TaskRunCancelled play-last:Succeeded" "with its finally tasks too"

play --profile privileged -p long=1000
wait_for 60 is_up
kill -KILL "$(pm inspect -f '{{.State.Pid}}' "$box")"
wait_for 60 ended
collect
is "$code $verdict" "4 False Interrupted play-first:Succeeded play-long:Interrupted" "SIGKILL: no more is said than is known"

# killed, started again, gone on: the run directory is on a claim
play --profile privileged -p long=10 --run-claim runs
wait_for 60 is_up
first=$(pm logs "$box" 2>&1 | sed -n 's/^\[first\/s\] //p')
kill -KILL "$(pm inspect -f '{{.State.Pid}}' "$box")"
restarted() { [ "$(pm inspect -f '{{.RestartCount}}' "$box")" = 1 ]; }
wait_for 60 restarted
ok $? "restartPolicy OnFailure starts the container again"
wait_for 60 ended
collect
is "$code $verdict" "0 True Succeeded play-first:Succeeded play-long:Succeeded play-last:Succeeded" "and it goes on to its end" ||
	pm logs "$box" 2>&1 | sed 's/^/# /'
is "$(python3 -c 'import json; print(json.load(open("'"$T/out"'"))["items"][0]["status"]["results"][0]["value"])')" "$first" \
	"without a finished task that runs again"
pm kube down "$T/play.yaml" >/dev/null 2>&1
ok $? "kube down"
done_testing
