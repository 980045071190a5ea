#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# seccompProfile of type Localhost: files of a directory of the caller's.
. tests/helpers/tap.sh

mkdir -p "$T/profiles/sub" "$T/outside"
cat >"$T/profiles/deny.json" <<'JSON'
{
	"defaultAction": "SCMP_ACT_ALLOW",
	"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
	"syscalls": [
		{"names": ["mkdir", "mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
		{"names": ["sync"], "action": "SCMP_ACT_KILL_PROCESS"},
		{"names": ["symlink", "symlinkat"], "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
		{"names": ["mount", "unshare", "keyctl", "bpf"], "action": "SCMP_ACT_ALLOW"}
	]
}
JSON
echo '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["exit_group"], "action": "SCMP_ACT_ALLOW"}]}' >"$T/profiles/nothing.json"
cp "$T/profiles/deny.json" "$T/outside/deny.json"
cp "$T/profiles/deny.json" "$T/profiles/sub/same.json"
ln -s ../outside/deny.json "$T/profiles/link.json"
ln -s sub/same.json "$T/profiles/inner.json"
mkfifo "$T/profiles/fifo"
chmod -R a+rX "$T/profiles" "$T/outside"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: local}
spec:
  podTemplate: {securityContext: {seccompProfile: {type: Localhost, localhostProfile: deny.json}}}
  taskSpec:
    sidecars:
    - name: side
      image: busybox
      script: |
        mkdir /x 2>&1 | sed 's/.*: //'
        exec sleep 1000
    steps:
    - name: pods
      image: busybox
      script: |
        mkdir /x 2>&1 | sed 's/.*: //'
        ln -s a /tmp/link && echo link
        mount -t tmpfs none /tmp 2>&1 | sed 's/.*: //;s/ (.*//'
        grep -E 'Seccomp|NoNew' /proc/self/status | tr -d '\t'
        sh -c sync >/dev/null 2>&1 || echo "sync $?"
    - name: own
      image: busybox
      securityContext: {seccompProfile: {type: RuntimeDefault}}
      script: mkdir /x && echo made
    - name: inner
      image: busybox
      onError: continue
      securityContext: {seccompProfile: {type: Localhost, localhostProfile: inner.json}}
      command: [sync]
    - name: admin
      image: busybox
      securityContext: {capabilities: {add: [SYS_ADMIN]}}
      script: |
        ln -s a /tmp/link 2>&1 | sed 's/.*: //'
        mkdir /x 2>&1 | sed 's/.*: //'
        mount -t tmpfs none /tmp && echo mounted
    - name: privileged
      image: busybox
      securityContext: {privileged: true}
      script: mkdir /x && echo made
    - name: setuid
      image: busybox
      securityContext: {allowPrivilegeEscalation: true}
      script: |
        mkdir /x 2>&1 | sed 's/.*: //'
        grep -E 'Seccomp:|NoNew|CapEff' /proc/self/status | tr -d '\t'
    - name: nothing
      image: busybox
      securityContext: {seccompProfile: {type: Localhost, localhostProfile: nothing.json}}
      command: ["true"]
YAML
check_local() { # WHO
	is "$code$(json 'cond(tasks["local"])["message"]')" '1"step-nothing" exited with code 1: Error' \
		"$1: steps with profiles of their own, the last with one that forbids all" || printf '%s\n' "$out" "$err" | sed 's/^/# /'
	is "$(log local pods)" "No space left on device
link
permission denied
NoNewPrivs:1
Seccomp:2
Seccomp_filters:2
sync 159" "$1: the pod's profile, behind the floor"
	is "$(log local own)" made "$1: the step's own type over the pod's"
	is "$(json 'tasks["local"]["status"]["steps"][2]["terminated"]["exitCode"]')" -1 "$1: a profile that kills"
	is "$(log local admin)" "Operation not permitted
No space left on device
mounted" "$1: rules that ask for a capability"
	is "$(log local privileged)" made "$1: privileged has no profile, as on Kubernetes"
	is "$(log local setuid)" "No space left on device
CapEff:00000000800405fb
NoNewPrivs:0
Seccomp:2" "$1: with setuid programs"
	like "$(log local nothing)" "operation not permitted" "$1: a profile without execve"
	is "$(cat "$T/run/logs/local/0/sidecar-side.log")" "No space left on device" "$1: a sidecar"
}
run --seccomp-profile-root "$T/profiles"
check_local root
if [ "$(id -u)" = 0 ] && as_user single true 2>/dev/null; then
	chmod 644 "$T/in.yaml"
	rm -rf "$T/run" "$T/home"
	as_user single "$MONOPOD" run -f "$T/in.yaml" --images "$IMAGES" --store "$T/home/store" --run-dir "$T/home/run" \
		--seccomp-profile-root "$T/profiles" --termination-log "$T/home/term" >"$T/out" 2>"$T/err" </dev/null
	code=$?
	out=$(cat "$T/out") err=$(cat "$T/err")
	ln -sfn "$T/home/run" "$T/run"
	check_local single
	rm -f "$T/run"
else
	skip "an unprivileged user" "needs root to become one"
fi

refuse() { # PROFILE TEXT NAME [OPTION…]
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: refused}
		spec:
		  taskSpec:
		    steps:
		    - image: busybox
		      securityContext: {seccompProfile: $1}
		      script: touch /x
	YAML
	local text=$2 name=$3
	shift 3
	run "$@"
	is "$code" 2 "$name"
	like "$err" "$text" "$name: said where"
	[ ! -e "$T/run" ]
	ok $? "$name: nothing is left"
}
root=(--seccomp-profile-root "$T/profiles")
local_file() { echo "{type: Localhost, localhostProfile: $1}"; }
refuse "$(local_file deny.json)" "in.yaml:8:77: error: seccomp profile 'deny.json': there are no profiles of a node" "no directory"
refuse "$(local_file missing.json)" "in.yaml:8:77: error: seccomp profile 'missing.json': " "a file that is not there" "${root[@]}"
refuse "$(local_file ../outside/deny.json)" "in.yaml:8:77: error: must not contain '..'" "a path that leads out" "${root[@]}"
refuse "$(local_file sub/../../outside/deny.json)" "must not contain '..'" "a path that leads out further on" "${root[@]}"
refuse "$(local_file "$T/profiles/deny.json")" "must be a relative path" "an absolute path" "${root[@]}"
refuse "$(local_file link.json)" "seccomp profile 'link.json': " "a link that leads out" "${root[@]}"
refuse "$(local_file sub)" "is not a regular file" "a directory" "${root[@]}"
refuse "$(local_file fifo)" "is not a regular file" "a pipe" "${root[@]}"
refuse "{type: Localhost}" "localhostProfile must be set when seccomp type is Localhost" "no file" "${root[@]}"
refuse "{type: RuntimeDefault, localhostProfile: deny.json}" "localhostProfile can only be set when seccomp type is Localhost" \
	"a file for another type" "${root[@]}"
printf '{"defaultAction": "SCMP_ACT_ALLOW",\n "syscalls": [{"names": ["x"], "action": "SCMP_ACT_NOTIFY"}]}' >"$T/profiles/notify.json"
refuse "$(local_file notify.json)" "notify.json:2:42: error: action SCMP_ACT_NOTIFY is not supported" "what nobody could answer" "${root[@]}"
: >"$T/profiles/empty.json"
refuse "$(local_file empty.json)" "empty.json" "an empty file" "${root[@]}"
# --- a run that goes on has the rules it was started with

mkdir "$T/side"
chmod 777 "$T/side"
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: again}
spec:
  workspaces: [{name: side, emptyDir: {}}]
  taskSpec:
    workspaces: [{name: side}]
    steps:
    - name: s
      image: busybox
      securityContext: {seccompProfile: {type: Localhost, localhostProfile: again.json}}
      script: |
        echo begun >>$(workspaces.side.path)/log
        [ "$(wc -l <$(workspaces.side.path)/log)" -ge 2 ] || exec sleep 1000
YAML
resume() {
	run_on -w side="$T/side" "${root[@]}" "$@"
}
cp "$T/profiles/deny.json" "$T/profiles/again.json"
start_run "$T/in.yaml" -w side="$T/side" "${root[@]}"
wait_for 30 grep -q begun "$T/side/log"
kill_run
sed -i 's/"errnoRet": 28/"errnoRet": 13/' "$T/profiles/again.json"
resume --resume
is "$code" 2 "resume: a profile that is not what it was is refused"
like "$err" "seccomp profile again.json is not what the run was started with" "resume: by name"
is "$(wc -l <"$T/side/log")" 1 "resume: nothing was started"
cp "$T/profiles/deny.json" "$T/profiles/again.json"
resume --resume
is "$code$(json 'cond(tasks["again"])["reason"]')" 0Succeeded "resume: with the same bytes it goes on"

done_testing
