#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A step that wants a Secret to be read: nothing that monopod writes has it, in any form that is promised.
. tests/helpers/tap.sh

SECRET='s3cret/pass word+7'
b64() { printf '%s' "$1" | base64 -w0; }

secret() {
	cat <<YAML
apiVersion: v1
kind: Secret
metadata: {name: pw}
data: {password: $(b64 "$SECRET"), pin: $(b64 123)}
---
YAML
}

# forms TEXT: which of the forms are in it
forms() {
	local s
	for s in "$SECRET" "$(b64 "$SECRET")" "$(b64 "$SECRET" | tr -d =)" 'zM2NyZXQvcGFzcyB3b3JkKz' 'czY3JldC9wYXNzIHdvcmQrN' \
		's3cret%2Fpass%20word%2B7' 's3cret%2fpass+word%2b7'; do
		printf '%s' "$1" | tr -d '\r\n\000' | grep -qF -- "$s" && echo "$s"
	done
}

# --- what steps write
{
	secret
	cat <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: tell}
spec:
  pipelineSpec:
    results: [{name: out, value: $(tasks.a.results.r)}]
    tasks:
    - name: a
      taskSpec:
        results: [{name: r}, {name: list, type: array}]
        steps:
        - name: s
          image: busybox
          env: [{name: PW, valueFrom: {secretKeyRef: {name: pw, key: password}}}]
          script: |
            #!/bin/sh
            echo "plain <$PW>"
            echo "error <$PW>" >&2
            printf '%s' "$PW" | base64
            printf 'user:%s' "$PW" | base64
            printf '1%s' "$PW" | base64
            printf '%s\n' 's3cret%2Fpass%20word%2B7 s3cret%2fpass+word%2b7'
            printf 's3cret/'; printf 'pass word'; printf '+7|split\n'
            printf '\000%s\000\r%s\r\n' "$PW" "$PW"
            printf 's3cret/pass\n word+7|lines\n'
            printf 'no line end: %s' "$PW"
            printf %s "$PW" >$(results.r.path)
            printf '["x","%s"]' "$PW" >$(results.list.path)
    - name: b
      params: [{name: p, value: $(tasks.a.results.r)}, {name: l, value: ["$(tasks.a.results.list[*])"]}]
      taskSpec:
        params: [{name: p}, {name: l, type: array}]
        steps:
        - name: s
          image: busybox
          args: ["$(params.l[*])"]
          script: |
            #!/bin/sh
            printf '%s' "$(params.p)" | sha256sum
            printf '%s' "$2" | sha256sum
    - name: c
      onError: continue
      taskSpec:
        steps:
        - name: s
          image: busybox
          workingDir: /etc/passwd/$(params.d)
          command: ["/no/$(params.d)/program"]
        params: [{name: d}]
      params: [{name: d, value: $(tasks.a.results.r)}]
YAML
} >"$T/in.yaml"
run --termination-log "$T/term"
log=$(tr '\000' 0 <"$T/run/logs/tell-a/0/s.log")
is "$(forms "$log")" "" "no form in the log of the step"
is "$(forms "$out$err")" "" "nor on the screen"
like "$log" 'plain <***>' "three stars stand for it"
like "$log" 'error <***>' "on both streams"
like "$log" '***|split' "also when it was written piece by piece"
like "$log" '***|lines' "or broken into lines"
like "$log" 'no line end: ***' "and at the very end"
want=$(printf '%s' "$SECRET" | sha256sum)
is "$(cat "$T/run/logs/tell-b/0/s.log")" "$want
$want" "the next task gets what it is, as a string and in an array"
is "$(forms "$(cat "$T/run/run.json")")" "" "run.json does not have it"
like "$(cat "$T/run/run.json")" '"***"' "but stars"
is "$(forms "$(cat "$T/term")")" "" "nor the termination file"
like "$(cat "$T/term")" '***' "but stars, too"
is "$(forms "$(cat "$T/run/journal")")" "" "nor the journal"
like "$(cat "$T/run/journal")" '{"sealed":0,' "which says where the rest is"
is "$(stat -c %a "$T/run/journal.sealed")" 600 "which is nobody else's"
is "$(cat "$T/run/results/out")" "$SECRET" "the file of the result has the value"
is "$(stat -c %a "$T/run/results/out")" 600 "for nobody else"
like "$err" "value 'pin' of Secret 'pw' is shorter than 4 bytes: it cannot be masked" "what cannot be masked is said"
monopod describe --run-dir "$T/run"
is "$(forms "$out$err")" "" "describe"
monopod logs --run-dir "$T/run"
is "$(forms "$out$err")" "" "logs"
rm -rf "$T/run"
run -o json
is "$(forms "$err")" "" "-o json tells nobody but the caller"
like "$out" '"value": "'"$SECRET"'"' "whom results reach as they are"
rm -rf "$T/run"
run --dry-run -v
is "$(forms "$out$err")" "" "--dry-run"
for format in text json dot; do
	monopod plan -o "$format" -f "$T/in.yaml"
	is "$(forms "$out$err")" "" "plan -o $format"
done

# --- what may be the beginning of a value does not wait for ever
{
	secret
	cat <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: ask}
spec:
  taskSpec:
    steps:
    - name: s
      image: busybox
      script: |
        #!/bin/sh
        printf 'yes or no? s'
        i=0
        while [ $i -lt 3000 ] && ! [ -e /workspace/w/go ]; do i=$((i + 1)); usleep 20000; done
        [ -e /workspace/w/go ]
      workingDir: /
    workspaces: [{name: w}]
  workspaces: [{name: w, emptyDir: {}}]
YAML
} >"$T/in.yaml"
mkdir "$T/w"
start_run "$T/in.yaml" -w w="$T/w"
asked() { [ "$(cat "$T/run/logs/ask/0/s.log" 2>/dev/null)" = "yes or no? s" ]; }
wait_for 20 asked
is "$(cat "$T/run/logs/ask/0/s.log")" "yes or no? s" "a question is seen while the step waits"
: >"$T/w/go"
wait $pid
is $? 0 "which then goes on" "$(cat "$T/run.err")"

# --- who resumes gets what it was
{
	secret
	cat <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: go}
spec:
  workspaces: [{name: w, emptyDir: {}}]
  pipelineSpec:
    workspaces: [{name: w}]
    tasks:
    - name: a
      taskSpec:
        results: [{name: r}]
        steps:
        - name: s
          image: busybox
          env: [{name: PW, valueFrom: {secretKeyRef: {name: pw, key: password}}}]
          script: printf %s "$PW" >$(results.r.path)
    - name: b
      workspaces: [{name: w}]
      params: [{name: p, value: $(tasks.a.results.r)}]
      taskSpec:
        params: [{name: p}]
        workspaces: [{name: w}]
        steps:
        - name: s
          image: busybox
          script: |
            #!/bin/sh
            printf '%s' "$(params.p)" | sha256sum
            echo there >>$(workspaces.w.path)/there
            [ "$(wc -l <$(workspaces.w.path)/there)" -gt 1 ] || exec tail -f /dev/null
YAML
} >"$T/in.yaml"
chmod 777 "$T/w"
start_run "$T/in.yaml" -w w="$T/w"
wait_for 20 grep -q there "$T/w/there"
kill_run
cp -a "$T/run" "$T/lost"
rm "$T/lost/journal.sealed"
resume() {
	monopod run --store "$STORE" --images "$IMAGES" --run-dir "$1" -w w="$T/w" -f "$T/in.yaml" --resume
}
resume "$T/run"
is "$code" 0 "a run with a value in its journal goes on" "$err"
is "$(cat "$T/run/logs/go-b/1/s.log")" "$want" "with the value"
is "$(forms "$(cat "$T/run/journal" "$T/run/run.json")$out$err")" "" "and shows it no more than before"
resume "$T/lost"
is "$code" 2 "without the sealed part it does not go on"
like "$err" "journal.sealed does not have it" "and says why"
# --- where a value stands in the place of a name of ours
{
	secret
	cat <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: names}
spec:
  pipelineSpec:
    results: [{name: po, type: object, value: "$(tasks.a.results.o[*])"}]
    tasks:
    - name: a
      taskSpec:
        results: [{name: o, type: object, properties: {name: {}, type: {}, reason: {}}}, {name: r}]
        steps:
        - name: s
          image: busybox
          env: [{name: PW, valueFrom: {secretKeyRef: {name: pw, key: password}}}]
          script: |
            printf '{"name":"%s","type":"%s","reason":"%s"}' "$PW" "$PW" "$PW" >$(results.o.path)
            printf %s "$PW" >$(results.r.path)
    - name: b
      displayName: one more name $(tasks.a.results.r)
      params: [{name: p, value: "$(tasks.a.results.o[*])"}, {name: r, value: $(tasks.a.results.r)}]
      taskSpec:
        params: [{name: p, type: object, properties: {name: {}}}, {name: r}]
        volumes: [{name: v, configMap: {name: $(params.r), optional: true}}]
        steps:
        - name: s
          image: busybox
          env: [{name: E, valueFrom: {configMapKeyRef: {name: $(params.p.name), key: k, optional: true}}}]
          envFrom: [{configMapRef: {name: $(params.p.name), optional: true}}]
          volumeMounts: [{name: v, mountPath: /v}]
          script: printf %s '$(params.p.name)' | sha256sum
YAML
} >"$T/in.yaml"
run
is "$code" 0 "values as members of objects, in display names, as names of objects" "$err"
is "$(log names-b s)" "$want" "they reach the next task"
is "$(forms "$(cat "$T/run/journal" "$T/run/run.json")$out$err")" "" "and are shown nowhere"
is "$(json '[t["status"]["taskSpec"]["volumes"][0]["configMap"]["name"] for t in tasks.values() if "volumes" in t["status"]["taskSpec"]]')" \
	"['***']" "also not in the task that was run"
rm -rf "$T/run"
TERM=xterm python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
	sh -c 'stty cols 38; exec "$@"' sh "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" \
	</dev/null >"$T/screen" 2>&1
is $? 0 "the same on a terminal"
like "$(cat "$T/screen")" "one more name ***" "a terminal shows the rest of the name"
is "$(forms "$(cat "$T/screen")")" "" "and no value"
done_testing
