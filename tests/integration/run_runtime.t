#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The step runtime, sentence by sentence (tekton-semantics 10, 18, 21 and 23): what is not said elsewhere.
. tests/helpers/tap.sh

# --- 21.1 what runs -----------------------------------------------------------------------------

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t}
spec:
  taskSpec:
    stepTemplate: {command: [/none], args: [from, template]}
    steps:
    - name: preamble
      image: busybox
      script: |
        cat "$0"; echo "args: $*"; case $- in *e*) echo errexit;; esac
        test -x "$0" && echo "$0" | sed 's/-[a-z0-9]*$//'
    - name: own
      image: busybox
      args: ["a b", "$(NONE)", "$$(NONE)", "$$"]
      script: "#!/bin/sh\nfor i; do echo \"[$i]\"; done; echo '$(NONE) $$'; case $- in *e*) echo errexit;; esac\nfalse\nfor f in /tekton/scripts/*; do echo x >>$f; done 2>&1 | sed 's/.*: //' | sort -u; ls /tekton/scripts | sed 's/-[a-z0-9]*$//' | tr '\\n' ' '"
    - name: command
      image: busybox
      command: [echo, one]
      args: [two, "$(A)", "$$(A)"]
      env: [{name: A, value: "3"}]
    - name: slash
      image: busybox
      command: [/bin/echo]
      args: []
YAML
run
is "$code" 0 "scripts and commands" || echo "# $err $out"
is "$(log t preamble)" '#!/bin/sh
set -e
cat "$0"; echo "args: $*"; case $- in *e*) echo errexit;; esac
test -x "$0" && echo "$0" | sed '"'s/-[a-z0-9]*\$//'"'
args: from template
errexit
/tekton/scripts/script-0' "a script without #! gets two lines, the template's args, not its command"
is "$(log t own)" '[a b]
[$(NONE)]
[$(NONE)]
[$]
$(NONE) $$
Read-only file system
script-0 script-1 ' "one with #! is as it is; args are expanded, scripts not; all scripts are seen, none can be written"
is "$(log t command)" 'one two 3 $(A)' "a command of the step, and its args"
is "$(log t slash)" 'from template' "args of the template where the step has none"

# one NAME STEP-FIELDS: a TaskRun with one step
one() {
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: t}
		spec:
		  taskSpec:
		    steps:
		    - {name: s, image: busybox, $1}
	YAML
	run
}
end() { # exit code, reason of the step, of the task
	json '[run["status"]["steps"][0]["terminated"]["exitCode"], run["status"]["steps"][0]["terminated"]["reason"], run["status"]["steps"][0]["terminationReason"], cond(run)["reason"]]'
}
one 'script: "\n#!/bin/sh\necho no"'
is "$(end)" "[1, 'Error', 'Error', 'StepFailed']" "a line before #!: no preamble, and nothing can run it"
like "$(log t s)" "Error executing command: fork/exec /tekton/scripts/script-0-" "and its log says so"
like "$(log t s)" "exec format error" "in Go's words"
one 'script: "#!/bin/none\necho no"'
is "$(end)" "[1, 'Error', 'Error', 'StepFailed']" "an interpreter that is not there"
like "$(log t s)" ": no such file or directory" "and its log says so"
one 'command: [none-such]'
is "$(end)" "[1, 'Error', 'Error', 'StepFailed']" "a command that is not there"
one 'onError: continue, command: [none-such]'
is "$(end)" "[1, 'Error', 'Error', 'StepFailed']" "onError does not cover that"
one 'onError: continue, script: "kill -9 $$"'
is "$(end)" "[-1, 'Completed', 'Continued', 'Succeeded']" "but a signal: -1"
one 'script: "kill -9 $$"'
is "$(end)" "[255, 'Error', 'Error', 'StepFailed']" "a signal ends as 255"
one 'script: "exit 7"'
is "$(end) $(json 'cond(run)["message"]')" "[7, 'Error', 'Error', 'StepFailed'] \"step-s\" exited with code 7: Error" "an exit code is what it is"
one 'timeout: 1s, script: "sleep 1000"'
is "$(end) $(json 'cond(run)["message"]')" "[1, 'Error', 'TimeoutExceeded', 'StepFailed'] \"step-s\" exited because the step exceeded the specified timeout limit" "a step's own timeout"
one 'when: [{input: a, operator: in, values: [b]}], script: "exit 7"'
is "$(end)" "[0, 'Completed', 'Skipped', 'Succeeded']" "a when that is false"
is "$(log t s)" "Step was skipped due to when expressions were evaluated to false." "and its log says so"

# --- 21.2 the sequence ---------------------------------------------------------------------------

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t}
spec:
  taskSpec:
    results: [{name: early}, {name: late}]
    steps:
    - name: stdin
      image: busybox
      script: |
        printf '%s ' "$(cat | wc -c)"; readlink /proc/self/fd/0
        (sleep 1000; touch /workspace/left) & echo $! >/workspace/pid
        test "$(cut -d' ' -f5 /proc/self/stat)" = "$(cut -d' ' -f5 /proc/$$/stat)" && echo group
        printf one >$(results.early.path)
    - name: gone
      image: busybox
      script: |
        ls /workspace | tr '\n' ' '; cat /tekton/steps/step-stdin/exitCode; ls /tekton/run/0 | tr '\n' ' '
        ls -l /tekton/run/0/out | cut -c 1-10; cat /tekton/steps/0/exitCode
        echo; stat -c '%s %a' /tekton/run/0/status/exitCode
    - name: bad
      image: busybox
      script: printf two >$(results.late.path); exit 3
    - name: after
      image: busybox
      script: echo never
YAML
run
is "$code" 1 "a step that fails" || echo "# $err $out"
is "$(log t stdin)" "0 /dev/null
group" "standard input is empty; one process group"
is "$(log t gone)" "pid 0out status -rw-r--r--
0
1 644" "what a step leaves running is gone; markers and the exit code, without a newline"
is "$(cat "$T/run/logs/t/0/after.log" 2>/dev/null)" "Skipping step because a previous step failed" "a step after a failed one says that it is skipped"
is "$(json '[(s["name"], s["terminated"]["exitCode"], s["terminated"]["reason"], s["terminationReason"]) for s in run["status"]["steps"]]')" \
	"[('stdin', 0, 'Completed', 'Completed'), ('gone', 0, 'Completed', 'Completed'), ('bad', 3, 'Error', 'Error'), ('after', 1, 'Error', 'Skipped')]" "the state of each"
is "$(json '[(r["name"], r["value"]) for r in run["status"]["results"]]')" "[('early', 'one'), ('late', 'two')]" "results of a failed task"

# --- 21.3 files ------------------------------------------------------------------------------------

cat >"$T/see" <<'SH'
cd /
ls /tekton | tr '\n' ' '
for d in /workspace /tekton /tekton/artifacts /tekton/bin /tekton/creds /tekton/home /tekton/results /tekton/run /tekton/run/0 /tekton/run/0/status /tekton/run/0/status/results /tekton/run/0/status/artifacts /tekton/run/1 /tekton/scripts /tekton/steps; do
	touch $d/x 2>/dev/null && { echo $d; rm $d/x; }
done | tr '\n' ' '
test -w /tekton/termination && echo termination
for l in /tekton/steps/*; do echo "$l $(readlink $l)"; done
ls /tekton/steps/1/ | tr '\n' ' '; ls -a /tekton/home | wc -l; echo "$HOME"
SH
yaml <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t}
spec:
  taskSpec:
    steps:
    - name: root
      image: busybox
      script: |
$(sed 's/^/        /' "$T/see")
    - image: busybox
      securityContext: {runAsUser: 4711}
      script: |
$(sed 's/^/        /' "$T/see")
YAML
run
is "$code" 0 "files of the runtime" || echo "# $err $out"
common="/tekton/steps/0 /tekton/run/0/status
/tekton/steps/1 /tekton/run/1/status
/tekton/steps/step-root /tekton/run/0/status
/tekton/steps/step-unnamed-1 /tekton/run/1/status
artifacts results 2"
is "$(log t root)" "artifacts bin creds home results run scripts steps termination /workspace /tekton/artifacts /tekton/creds /tekton/home /tekton/results /tekton/run/0 /tekton/run/0/status /tekton/run/0/status/results /tekton/run/0/status/artifacts termination
$common
/root" "what root sees and may write"
is "$(log t unnamed-1)" "artifacts bin creds home results run scripts steps termination /workspace /tekton/artifacts /tekton/creds /tekton/home /tekton/results /tekton/run/1 termination
$common
/" "what another user sees and may write"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t}
spec:
  taskSpec:
    volumes: [{name: a, emptyDir: {}}, {name: b}]
    steps:
    - name: one
      image: busybox
      volumeMounts: [{name: a, mountPath: /workspace}, {name: b, mountPath: /tekton/home}]
      script: touch /workspace/own /tekton/home/own /private; touch /tekton/creds/x
    - name: two
      image: busybox
      volumeMounts: [{name: a, mountPath: /mnt/a}, {name: b, mountPath: /mnt/b/c}, {name: b, mountPath: /deep, subPath: made/here}]
      script: |
        ls /workspace /tekton/home /mnt/a /mnt/b/c /deep /tekton/creds | tr '\n' ' '; ls /private 2>/dev/null || true
        stat -c %a /mnt/a /mnt/b/c | tr '\n' ' '
YAML
run
is "$(log t two)" "/deep:  /mnt/a: own  /mnt/b/c: made own  /tekton/creds:  /tekton/home:  /workspace: 777 777 " "mounts at the place of implicit ones; a volume without a source; roots and creds are a step's own"

# --- 21.4 working directories ----------------------------------------------------------------------

while IFS='~' read -r dir want; do
	one "workingDir: '$dir', script: 'pwd; touch here 2>/dev/null && echo can'"
	is "$(log t s)" "$want
can" "workingDir $dir"
done <<'CASES'
/workspace/a/b~/workspace/a/b
rel/dir~/workspace/rel/dir
/made/new~/made/new
/tmp/../made~/made
./x~/workspace/x
CASES
one 'script: pwd'
is "$(log t s)" "/" "without one, and none of the image's: /"

# --- 21.5 output -------------------------------------------------------------------------------------

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t}
spec:
  taskSpec:
    results: [{name: out}]
    steps:
    - name: a
      image: busybox
      stdoutConfig: {path: $(results.out.path)}
      stderrConfig: {path: /workspace/deep/err}
      script: echo line; echo error >&2
    - name: b
      image: busybox
      stdoutConfig: {path: /workspace/deep/err}
      stderrConfig: {path: /workspace/deep/err}
      script: echo o1; echo e1 >&2; echo o2
    - name: c
      image: busybox
      script: cat /workspace/deep/err; stat -c %a /workspace/deep/err
YAML
run
is "$(json 'repr(run["status"]["results"][0]["value"])') $(log t c | sort | tr '\n' ' ')" "'line\\n' 644 e1 error o1 o2 " "copies of the output: a result with its newline; what is there stays, two streams in one file"

# --- 23 environment ------------------------------------------------------------------------------------

yaml <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {A: from, F: envfrom}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t, annotations: {experimental.tekton.dev/execution-mode: hermetic}}
spec:
  podTemplate: {env: [{name: A, value: pod}, {name: P, value: "$(A)"}]}
  taskSpec:
    stepTemplate: {env: [{name: T, value: template}, {name: A, value: template}]}
    steps:
    - name: s
      image: busybox
      envFrom: [{prefix: X_, configMapRef: {name: c}}, {configMapRef: {name: c}}]
      env: [{name: A, value: "step"}, {name: B, value: "$(A) $(F) $(T) $(LATER) $$(A)"}, {name: LATER, value: l}]
      command: [sh, -c, 'env | grep -E "^(A|B|F|P|T|X_A|TEKTON_HERMETIC|HOME)=" | sort']
YAML
run
is "$(log t s)" 'A=pod
B=pod envfrom template $(LATER) $(A)
F=envfrom
HOME=/root
P=pod
T=template
TEKTON_HERMETIC=1
X_A=from' "the order of the environment"

# --- 10 volumes ------------------------------------------------------------------------------------------

yaml <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {k: value, run.sh: "#!/bin/sh\n"}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {k: plain}
data: {k: b3RoZXI=, other: b3RoZXI=}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t}
spec:
  taskSpec:
    volumes:
    - {name: e, emptyDir: {}}
    - {name: items, configMap: {name: c, defaultMode: 0400, items: [{key: k, path: deep/er/file}, {key: run.sh, path: run, mode: 0755}]}}
    - {name: all, configMap: {name: c}}
    - {name: none, configMap: {name: missing, optional: true}}
    - {name: s, secret: {secretName: s}}
    - {name: p, projected: {sources: [{configMap: {name: c}}, {secret: {name: s, items: [{key: k, path: k}]}}, {downwardAPI: {items: [{path: pod, fieldRef: {fieldPath: metadata.name}}]}}]}}
    steps:
    - name: s
      image: busybox
      volumeMounts:
      - {name: e, mountPath: /e}
      - {name: e, mountPath: /sub, subPath: made/deep}
      - {name: items, mountPath: /items}
      - {name: all, mountPath: /all}
      - {name: all, mountPath: /one, subPath: k}
      - {name: none, mountPath: /none}
      - {name: s, mountPath: /s}
      - {name: p, mountPath: /p}
      script: |
        stat -c '%a %n' /e /items /all /s /none /items/deep/er/file /items/run /all/k /e/made/deep | tr '\n' ' '; echo
        find /all /items /none /p -type f | sort | tr '\n' ' '; echo
        cat /one /items/deep/er/file /p/pod; test "$(cat /s/k /p/k)" = plainplain && echo both; test -f /one && echo file
        for d in /items /all /s /p /none; do touch $d/x 2>/dev/null && echo "wrote $d"; done; touch /e/x /sub/x && echo can
YAML
run
is "$code" 0 "kinds of volumes" || echo "# $err $out"
is "$(log t s)" "777 /e 755 /items 755 /all 755 /s 755 /none 400 /items/deep/er/file 755 /items/run 644 /all/k 777 /e/made/deep 
/all/k /all/run.sh /items/deep/er/file /items/run /p/k /p/pod /p/run.sh 
valuevaluet-podboth
file
can" "modes, items, one key as a file, optional, projected; stringData wins"

# --- 18 StepActions -----------------------------------------------------------------------------------------

act='apiVersion: tekton.dev/v1beta1
kind: StepAction
metadata: {name: act}
spec:
  params: [{name: a, default: da}, {name: b, default: "b-$(params.a)"}, {name: l, type: array, default: [x1, x2]}, {name: need}]
  results: [{name: r}]
  image: busybox
  workingDir: /workspace/act
  env: [{name: A, value: $(params.a)}, {name: B, value: $(params.b)}, {name: NEED, value: $(params.need)}]
  args: ["$(params.l[*])", "$(params.l[0])"]
  script: |
    #!/bin/sh
    pwd; echo "$A $B $NEED $*"; printf "%s" "$NEED" >$(step.results.r.path); exit ${X:-0}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t}
'
yaml <<YAML
$act
spec:
  params: [{name: p, value: tp}, {name: need, value: none}]
  taskSpec:
    results: [{name: up, value: \$(steps.one.results.r)}]
    stepTemplate: {workingDir: /none, env: [{name: X, value: "3"}]}
    steps:
    - {name: one, onError: continue, ref: {name: act}, params: [{name: need, value: \$(params.p)}, {name: a, value: ga}]}
    - {name: two, onError: continue, ref: {name: act}, params: [{name: need, value: \$(steps.one.results.r)}, {name: l, value: [q1]}]}
YAML
run
is "$code" 0 "StepActions" || echo "# $err $out"
is "$(log t one) / $(log t two)" "/workspace/act
ga b-da tp x1 x2 x1 / /workspace/act
da b-da tp q1 q1" "params, defaults that see other defaults, results of a step, its own directory, the template's variables"
is "$(json '[(s["terminationReason"], s["results"][0]["value"]) for s in run["status"]["steps"]]') $(json 'run["status"]["results"][0]["value"]')" \
	"[('Continued', 'tp'), ('Continued', 'tp')] tp" "onError is the step's; results of steps, one lifted"

while IFS='~' read -r step want; do
	yaml <<-YAML
		$act
		spec: {taskSpec: {steps: [{name: one, $step}]}}
	YAML
	run
	like "$code $err" "$want" "$step"
done <<'CASES'
ref: {name: nope}~failed to resolve step ref for step "one" (index 0): stepactions.tekton.dev "nope" not found
ref: {name: act}~failed to resolve step ref for step "one" (index 0): non-existent params in Step: [need]
ref: {name: act}, params: [{name: need, value: x1}, {name: nope, value: x2}]~extra params passed by Step to StepAction: [nope]
ref: {name: act}, image: x~image cannot be used with Ref: spec.taskSpec.steps[0].image
ref: {name: act}, env: [{name: A, value: b}]~env cannot be used with Ref: spec.taskSpec.steps[0].env
image: busybox, params: [{name: x, value: v}]~params cannot be used without Ref: spec.taskSpec.steps[0].params
CASES

# --- 23 the pod's own refusals, and the template ------------------------------------------------------------------

while IFS='~' read -r fields reason message; do
	one "script: 'echo ran', $fields"
	is "$(json 'cond(run)["reason"]')" "$reason" "$fields"
	like "$(json 'cond(run)["message"]')" "$message" "$fields: says why"
done <<'CASES'
securityContext: {runAsNonRoot: true}~CreateContainerConfigError~container has runAsNonRoot and image will run as root
env: [{name: A, valueFrom: {configMapKeyRef: {name: none, key: k}}}]~CreateContainerConfigError~configmap "none" not found.
env: [{name: A, valueFrom: {secretKeyRef: {name: none, key: k, optional: true}}}]~Succeeded~All Steps have completed executing
envFrom: [{secretRef: {name: none}}]~CreateContainerConfigError~secret "none" not found.
imagePullPolicy: Sometimes~PodCreationFailed~spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"
imagePullPolicy: Never~Succeeded~All Steps
CASES

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t}
spec:
  taskSpec:
    volumes: [{name: a, emptyDir: {}}, {name: b, emptyDir: {}}]
    stepTemplate:
      image: busybox
      workingDir: /workspace/template
      env: [{name: A, value: template}, {name: B, value: "template $(A)"}]
      volumeMounts: [{name: a, mountPath: /m}, {name: a, mountPath: /keep}]
    steps:
    - name: one
      displayName: shown
      env: [{name: C, value: "$(B)"}, {name: A, value: step}]
      volumeMounts: [{name: b, mountPath: /m}]
      script: "pwd; echo $A, $B, $C; touch /m/x; ls /keep"
    - {name: two, workingDir: /tmp, script: "pwd; ls /m"}
YAML
run
is "$(log t one) / $(log t two)" "/workspace/template
step, template step, template step / /tmp" "the step template: variables by name, mounts by path, scalars of the step"
is "$(json '"displayName" in run["status"]["taskSpec"]["steps"][0]')" "False" "which loses display names"
done_testing
