#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a step sees: its files, its environment, its user, its place (tekton-semantics 21 and 23).
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: see}
spec:
  taskSpec:
    results: [{name: r}]
    steps:
    - name: files
      image: busybox
      script: |
        ls /tekton | tr '\n' ' '
        stat -c '%a %u %n' /workspace /tekton/home /tekton/results /tekton/artifacts /tekton/creds | tr '\n' ' '
        for d in scripts bin run steps; do touch /tekton/$d/x 2>/dev/null && echo "wrote $d"; done
        touch /tekton/run/1/x 2>/dev/null && echo "wrote another step's"
        touch /tekton/run/0/mine && echo own
        for l in 0 step-files step-next; do readlink /tekton/steps/$l; done
        ls /tekton/scripts | wc -l
        ls /proc/self/fd | wc -l
        readlink /proc/self/fd/0
        test -w /tekton/termination && echo term
        cat /proc/1/environ 2>&1 | tr '\0' '\n' | grep -c SECRET_OF_THE_AGENT || true
        touch /private /workspace/shared
    - name: next
      image: busybox
      onError: continue
      script: |
        ls /private /workspace/shared 2>&1 || true
        cat /tekton/steps/step-files/exitCode; echo
        ls /tekton/run/0
        exit 6
    - name: last
      image: busybox
      script: |
        cat /tekton/steps/step-next/exitCode; echo
        ls /tekton/run/1
YAML
SECRET_OF_THE_AGENT=x run
is "$code" 0 "three steps" || echo "# $err"
is "$(log see files)" "artifacts bin creds home results run scripts steps termination 777 0 /workspace 777 0 /tekton/home 777 0 /tekton/results 777 0 /tekton/artifacts 777 0 /tekton/creds own
/tekton/run/0/status
/tekton/run/0/status
/tekton/run/1/status
3
4
/dev/null
term
0" "the file system of a step"
is "$(log see next)" "ls: /private: No such file or directory
/workspace/shared
0
mine
out
status" "a step's root is its own; its exit code is told"
is "$(log see last)" "6
out
status" "a continued failure too"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: env}
spec:
  taskSpec:
    stepTemplate: {env: [{name: T, value: t}, {name: A, value: template}]}
    steps:
    - name: a
      image: busybox
      env: [{name: A, value: "step $(T)"}, {name: EMPTY, value: ""}]
      command: [env]
    - name: b
      image: busybox
      workingDir: sub/dir
      command: [sh, -c, "pwd; umask; hostname; cat /etc/hosts | grep -c env-pod; ulimit -c; cat /proc/sys/kernel/hostname"]
    - name: c
      image: busybox
      workingDir: /not/there
      command: [pwd]
YAML
run
is "$code" 0 "environment and working directory" || echo "# $err"
is "$(log env a | sort)" "A=step t
EMPTY=
HOME=/root
HOSTNAME=env-pod
PATH=/bin:/usr/bin
T=t" "the environment is the image's and the spec's, nothing else"
is "$(log env b)" "/workspace/sub/dir
0022
env-pod
1
0
env-pod" "a relative workingDir is below /workspace"
is "$(log env c)" "/not/there" "a missing one is made"

# ENTRYPOINT and CMD
mkdir -p "$T/root/bin" "$T/root/etc"
cp /bin/busybox "$T/root/bin/busybox"
for p in sh echo id env pwd; do ln -s busybox "$T/root/bin/$p"; done
printf 'root:x:0:0::/root:/bin/sh\nworker:x:1234:77::/home/worker:/bin/sh\n' >"$T/root/etc/passwd"
printf 'root:x:0:\nstaff:x:77:\nextra:x:88:worker\n' >"$T/root/etc/group"
pack() { # REF OPTIONS…
	local ref=$1
	shift
	monopod image pack "$T/root" --tag "$ref" --layout "$IMAGES" "$@"
	[ "$code" = 0 ] || echo "# pack: $err"
}
pack both --entrypoint '["echo","entry"]' --cmd '["cmd"]' --env FROM=image --user worker --workdir /srv/x
pack onlycmd --cmd '["echo","cmd"]'
pack nothing
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: argv}
spec:
  taskSpec:
    steps:
    - {name: a, image: both}
    - {name: b, image: both, args: [x]}
    - {name: c, image: onlycmd}
    - {name: d, image: onlycmd, args: [x]}
    - {name: e, image: both, command: [echo], args: [mine]}
    - {name: f, image: both, command: [sh, -c, "id; echo $FROM $HOME; pwd"]}
    - {name: g, image: both, script: "echo script $1", args: [arg]}
YAML
run
is "$code" 0 "ENTRYPOINT and CMD" || echo "# $err"
is "$(for s in a b c d e g; do log argv $s; done)" "entry cmd
entry x
cmd
cmd x
mine
script arg" "are used as Tekton uses them"
is "$(log argv f)" "uid=1234(worker) gid=77(staff) groups=77(staff),88(extra)
image /home/worker
/srv/x" "so are ENV, USER and WORKDIR" || log argv f
script none <<'SH'
x
SH
sed -i '/script:/,$d; s/busybox/nothing/' "$T/in.yaml"
run
is "$code" 1 "nothing to execute"
is "$(json 'cond(run)["reason"]')" PodCreationFailed "fails when the pod would be made"

users() { # SECURITY-CONTEXT
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: user}
		spec: {taskSpec: {steps: [{name: s, image: busybox, securityContext: $1, script: "id -u; id -g; id -G; echo \$HOME; touch /workspace/x /tekton/results/x"}]}}
	YAML
	run
}
users '{runAsUser: 65534}'
is "$code $(log user s | tr '\n' ' ')" "0 65534 65534 65534 / " "runAsUser with the image's group" || log user s
users '{runAsUser: 4711, runAsGroup: 12, runAsNonRoot: true}'
is "$code $(log user s | tr '\n' ' ')" "0 4711 12 12 / " "a user that the image does not know"
users '{runAsNonRoot: true}'
is "$code $(json 'cond(run)["reason"]')" "1 CreateContainerConfigError" "runAsNonRoot with an image of root"
like "$(json 'cond(run)["message"]')" 'failed to start. The pod errored with the message: "container has runAsNonRoot and image will run as root (pod: "user-pod_default(' \
	"in Kubernetes' words"
users '{runAsNonRoot: true, runAsUser: 0}'
like "$(json 'cond(run)["message"]')" "container's runAsUser breaks non-root policy" "or with an explicit 0"
# a workspace where the image has a link that leads nowhere
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$T/links/bin"
	cp "$(command -v busybox)" "$T/links/bin/busybox"
	ln -s busybox "$T/links/bin/sh"
	ln -s /nowhere/at/all "$T/links/data"
	script dangling <<<true
	sed -i 's/^spec:/&\n  workspaces: [{name: w, emptyDir: {}}]/; s/^  taskSpec:/&\n    workspaces: [{name: w, mountPath: \/data}]/' "$T/in.yaml"
	run --image-map "busybox=dir:$T/links"
	is "$code" 1 "a workspace on a dangling link of the image"
	like "$(json 'cond(run)["message"]')" "on '/data': a link there leads to nothing" "says what is in the way"
else
	skip "a workspace on a dangling link of the image" "without rights the source is named"
fi
done_testing
