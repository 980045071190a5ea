#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every verb but run: what it prints, where, and with which exit code.
. tests/helpers/tap.sh

json_out() { # EXPRESSION over d, the document on standard output
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$T/out" "$1" 2>&1
}

# --- help, version, usage
monopod help
is "$code" 0 "help"
for verb in run check plan probe image describe logs list; do
	like "$out" "  $verb " "names $verb"
	monopod "$verb" --help
	is "$code" 0 "$verb --help"
	like "$out" "usage: monopod $verb" "shows its usage"
	monopod help
done
monopod --version
is "$code" 0 "--version"
monopod help --man
is "$(printf '%s\n' "$out" | head -c 12)" '.TH MONOPOD ' "help --man is roff"
monopod rnu -f x
is "$code" 2 "an unknown verb"
like "$err" "did you mean 'run'" "with a suggestion"
monopod run -f x --isolation user
is "$code" 2 "--isolation"
like "$err" "not supported yet" "is not supported yet"
monopod run -f "$T/none.yaml"
is "$code" 2 "a file that is not there"
like "$err" "none.yaml" "is named"
"$MONOPOD" help | head -1 >"$T/head"
is "$(wc -l <"$T/head")" 1 "a reader that goes away"

# --- check
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: p}
spec:
  params: [{name: who, default: you}]
  tasks:
  - name: a
    taskSpec: {results: [{name: r}], steps: [{name: s, image: busybox, script: "echo hi $(params.who) >$(results.r.path)"}]}
  - name: b
    when: [{input: "$(params.who)", operator: in, values: [me]}]
    params: [{name: x, value: "$(tasks.a.results.r)"}]
    taskSpec: {params: [{name: x}], steps: [{name: s, image: busybox, script: "echo $(params.x)"}]}
  finally:
  - name: f
    taskSpec: {steps: [{name: s, image: busybox, script: "echo end"}]}
YAML
monopod check -f "$T/in.yaml"
is "$code" 0 "check of good input"
like "$out" "ok: 0 runs, 1 pipeline, 0 tasks" "counts what there is"
sed 's/taskSpec: {results/taskSpek: {results/' "$T/in.yaml" >"$T/bad.yaml"
monopod check -f "$T/bad.yaml"
is "$code" 2 "check of bad input"
like "$err" "bad.yaml:8:5: error: " "has a position"
like "$err" "taskSpec" "and a hint"
monopod check -f "$T/bad.yaml" -o json
is "$code" 2 "check -o json"
is "$(json_out '(8, "error") in [(p["line"], p["severity"]) for p in d]')" True "is a list of problems"

# --- plan
monopod plan -f "$T/in.yaml" p
is "$code" 0 "plan of a pipeline by name"
like "$out" "2 tasks in 2 stages, 1 finally" "counts"
like "$out" "after a (for its result r)" "says why"
like "$out" "when 'you' in ['me']: does not hold, so skipped" "knows what is known"
monopod plan -f "$T/in.yaml" p -p who=me
like "$out" 'param who = "me"' "shows -p"
like "$out" "when 'me' in ['me']: holds" "and what follows"
monopod plan -f "$T/in.yaml" p -o json
is "$(json_out '[(t["name"], t["level"], t["finally"]) for t in d["tasks"]]')" \
	"[('a', 1, False), ('b', 2, False), ('f', 1, True)]" "plan -o json"
monopod plan -f "$T/in.yaml" p -o dot
like "$out" '"a" -> "b" [label="r"];' "plan -o dot"
monopod plan -f "$T/in.yaml" q
is "$code" 2 "plan of a name that is not there"
yaml2=$(sed 's/who, default: you/who, default: "\\e[31mred\\e]0;x\\a"/' "$T/in.yaml")
printf '%s\n' "$yaml2" >"$T/esc.yaml"
monopod plan -f "$T/esc.yaml" p
unlike "$out" $'\e' "escape sequences of the input stay off the terminal"

# --- describe, logs, list
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: seen}
spec:
  pipelineSpec:
    results: [{name: out, value: $(tasks.a.results.r)}]
    tasks:
    - name: a
      retries: 1
      taskSpec:
        results: [{name: r}]
        steps:
        - {name: one, image: busybox, script: "printf 'first\\nno end'; [ $(context.task.retry-count) = 1 ]"}
        - {name: two, image: busybox, script: "printf good | tee $(results.r.path)"}
    - name: b
      runAfter: [a]
      when: [{input: x, operator: in, values: [other]}]
      taskSpec: {steps: [{name: s, image: busybox, script: "true"}]}
YAML
mkdir "$T/here"
cd "$T/here" || exit 1
monopod list
is "$code/$out" "0/" "list where nothing ran"
monopod describe
is "$code" 2 "describe where nothing ran"
monopod run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES"
is "$code" 0 "a run to look at"
like "$out" "run directory: .monopod/runs/seen-0001" "its directory is shown relative to the current one"
like "$out" "attempt 1 failed after" "a failed attempt is told"
like "$out" 'out = "good"' "and the results"
monopod list
like_glob "$out" "seen * True * Completed" "list"
monopod list -o json
is "$(json_out 'd[0]["name"], d[0]["status"], d[0]["runDir"]')" "('seen', 'True', '.monopod/runs/seen-0001')" "list -o json"
monopod describe
like "$out" "seen" "describe: the newest"
like "$out" 'result out = "good"' "its results"
like "$out" "b  skipped: When Expressions evaluated to false" "what was skipped"
monopod describe seen -o json
is "$(json_out 'd["kind"], len(d["items"])')" "('List', 2)" "describe -o json"
monopod describe nothing
is "$code" 2 "describe of an unknown run"
like "$err" "seen-0001" "says what there is"
"$MONOPOD" logs seen a one >"$T/log"
is "$(od -c "$T/log" | head -1)" "$(printf 'first\nno end' | od -c | head -1)" "logs of one step, byte by byte"
monopod logs seen-0001 seen-a two
is "$out" "good" "by TaskRun and run directory"
monopod logs seen a one --attempt 0
is "$code" 0 "logs of an earlier attempt"
monopod logs
like "$out" "seen-a/one] first" "logs of everything tell whose each line is"
monopod logs seen nope
is "$code" 2 "logs of an unknown task"
cd "$TOP" || exit 1

# --- a secret is in no output
yaml <<'YAML'
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {key: hunter2hunter2}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: quiet}
spec:
  workspaces: [{name: token, secret: {secretName: token}}]
  taskSpec:
    workspaces: [{name: token}]
    steps: [{name: s, image: busybox, script: "[ -s $(workspaces.token.path)/key ]"}]
YAML
run -o json
is "$code" 0 "a run with a secret"
unlike "$out$err$(cat "$T/run/run.json" "$T/run/journal")" hunter2 "its value is in no object and no record"
monopod plan -f "$T/in.yaml"
unlike "$out$err" hunter2 "nor in the plan"
monopod describe "$T/run"
unlike "$out$err" hunter2 "nor in describe"

# --- image
mkdir -p "$T/root/bin" && echo hello >"$T/root/bin/file"
store="--store $T/store2"
# shellcheck disable=SC2086
monopod image pack "$T/root" --tag tiny:1 --env A=b --cmd '["x"]' $store
is "$code" 0 "image pack into the store"
# shellcheck disable=SC2086
monopod image list $store
like "$out" "tiny:1" "image list"
# shellcheck disable=SC2086
monopod image inspect tiny:1 $store
is "$(json_out 'd["env"], d["cmd"], len(d["layers"])')" "(['A=b'], ['x'], 1)" "image inspect"
# shellcheck disable=SC2086
monopod image import "$IMAGES" $store -o json
is "$code" 0 "image import"
# shellcheck disable=SC2086
monopod image remove tiny:1 $store
is "$code" 0 "image remove"
# shellcheck disable=SC2086
monopod image list $store
unlike "$out" "tiny:1" "is gone"
# shellcheck disable=SC2086
monopod image list --tag x $store
is "$code" 2 "an option that means nothing there"
monopod image lock $store
is "$code" 2 "image lock without an input"

# --- probe
# shellcheck disable=SC2086
monopod probe $store
like "$out" "level: " "probe names the level"
# shellcheck disable=SC2086
monopod probe $store -o json
level=$(json_out 'd["level"]')
is "$(json_out 'all("evidence" in f for f in d["facts"])')" True "probe -o json has evidence"
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: level}
spec: {taskSpec: {steps: [{name: s, image: busybox, script: "true"}]}}
YAML
run --require-isolation "$level"
is "$code" 0 "--require-isolation $level"
mkdir -p "$T/single"
chmod 777 "$T/single"
as_user single "$MONOPOD" run -f "$T/in.yaml" --images "$IMAGES" --store "$T/single/store" --run-dir "$T/single/run" \
	--require-isolation root >"$T/out" 2>"$T/err"
is "$?" 3 "--require-isolation root without root"
like "$(cat "$T/err")" "this place gives only 'user" "says what there is"

# --- forms of output
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: forms}
spec: {taskSpec: {steps: [{name: s, image: busybox, script: "printf '\\033[31mred\\033[0m\\n\\342\\234\\223 fine\\n'; exit 3"}]}}
YAML
run
is "$code" 1 "a failing step"
unlike "$out" $'\e' "no escape sequence reaches a file"
LC_ALL=C run
is "$(printf '%s' "$out" | grep -v fine | LC_ALL=C grep '[^ -~]')" "" "signs are ASCII in the C locale"
like "$out" $'\342\234\223 fine' "bytes of steps are not changed in a file"
like "$(printf '%s\n' "$out" | tail -1)" "whole log: " "the failure block is at the very end"
run -o json
is "$(json_out 'd["items"][0]["status"]["conditions"][0]["reason"]')" StepFailed "one document on standard output"
like "$err" "red" "logs on standard error"
rm -rf "$T/run"
"$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" 2>/dev/null | head -1 >"$T/head"
is "${PIPESTATUS[0]}" 1 "a reader that goes away does not end the run"
is "$(wc -c <"$T/run/logs/forms/0/s.log")" 22 "whose log is whole"

done_testing
