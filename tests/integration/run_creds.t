#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Credentials of a ServiceAccount: the files that Tekton makes, for the steps of its task alone.
. tests/helpers/tap.sh

has() { # TEXT LITERAL NAME
	[ "${1#*"$2"}" != "$1" ]
	ok $? "$3" "in: $1"
}
b64() { printf '%s' "$1" | base64 -w0; }

secrets() {
	cat <<YAML
apiVersion: v1
kind: ServiceAccount
metadata: {name: bot}
secrets: [{name: web}, {name: key}, {name: reg}, {name: plain}, {name: gone}]
---
apiVersion: v1
kind: Secret
metadata: {name: web, annotations: {tekton.dev/git-1: "https://z.example/org/repo", tekton.dev/git-0: "https://a.example", tekton.dev/docker-0: "https://r.example"}}
type: kubernetes.io/basic-auth
stringData: {username: "some\\\\user", password: "p@ss:word"}
---
apiVersion: v1
kind: Secret
metadata: {name: key, annotations: {tekton.dev/git-0: "git.example:2222"}}
type: kubernetes.io/ssh-auth
stringData: {ssh-privatekey: "the private key", known_hosts: "git.example ssh-ed25519 AAAA"}
---
apiVersion: v1
kind: Secret
metadata: {name: reg}
type: kubernetes.io/dockerconfigjson
data: {.dockerconfigjson: "$(b64 '{"auths":{"q.example":{"username":"quser","password":"qpass","auth":"cXVzZXI6cXBhc3M=","x":1}}}')"}
---
apiVersion: v1
kind: Secret
metadata: {name: plain}
type: kubernetes.io/basic-auth
stringData: {username: unused, password: unused-password}
---
YAML
}

# What a step sees, in base64, as its log would be masked.
show='cd $HOME 2>/dev/null; for f in .gitconfig .git-credentials .docker/config.json .ssh/config .ssh/known_hosts .ssh/id_key; do
  [ -e $f ] && { stat -c "$f %a %u" $f; cat $f; echo; }; done; stat -c "%n %a" .ssh .docker 2>/dev/null; ls -A /tekton/creds $HOME'
yaml <<YAML
$(secrets)
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: c}
spec:
  workspaces: [{name: w, emptyDir: {}}]
  taskRunSpecs: [{pipelineTaskName: a, serviceAccountName: bot}]
  pipelineSpec:
    workspaces: [{name: w}]
    tasks:
    - name: a
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w}]
        sidecars:
        - name: side
          image: busybox
          script: |
            { ls -A /root /tekton; env; } >\$(workspaces.w.path)/side 2>&1
            exec sleep 1000
        steps:
        - name: root
          image: busybox
          script: |
            #!/bin/sh
            { $(printf '%s' "$show" | tr '\n' ' '); } >\$(workspaces.w.path)/root 2>&1
            ls -A /tekton/creds-secrets /tekton/creds-secrets/web >\$(workspaces.w.path)/secrets
            touch /tekton/creds-secrets/x 2>/dev/null && echo writable >>\$(workspaces.w.path)/secrets
            touch \$(credentials.path)/x && echo made
        - name: user
          image: busybox
          securityContext: {runAsUser: 1234}
          env: [{name: HOME, value: /tekton/home}]
          script: |
            #!/bin/sh
            { $(printf '%s' "$show" | tr '\n' ' '); } >\$(workspaces.w.path)/user 2>&1
        - name: hostile
          image: busybox
          env: [{name: HOME, value: \$(workspaces.w.path)/home}]
          script: |
            #!/bin/sh
            ls -lA \$HOME >\$(workspaces.w.path)/hostile
            cat \$(workspaces.w.path)/victim/* >>\$(workspaces.w.path)/hostile
        - name: homeless
          image: busybox
          env: [{name: HOME, value: /nowhere/at/all}]
          script: |
            #!/bin/sh
            ls -A /tekton/creds
    - name: b
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w}]
        steps:
        - name: s
          image: busybox
          script: |
            #!/bin/sh
            { ls -A /tekton /tekton/creds; ls -A \$HOME; } >\$(workspaces.w.path)/other 2>&1
YAML
mkdir -p "$T/w/home" "$T/w/victim"
ln -s ../victim "$T/w/home/.ssh"
ln -s ../victim/config "$T/w/home/.gitconfig"
mkfifo "$T/w/home/.git-credentials"
echo untouched >"$T/w/victim/config"
chmod -R 777 "$T/w"
run -w w="$T/w"
is "$code" 0 "a run with credentials" "$err" "$out"
root=$(cat "$T/w/root")
has "$root" '.gitconfig 600 0
[credential]
	helper = store
[credential "https://a.example"]
	username = some\\user
[credential "https://z.example/org/repo"]
	username = some\\user
	useHttpPath = true
' ".gitconfig"
has "$root" '.git-credentials 600 0
https://some%5Cuser:p%40ss%3Aword@a.example
https://some%5Cuser:p%40ss%3Aword@z.example/org/repo
' ".git-credentials"
auth=$(b64 'some\user:p@ss:word')
has "$root" '.docker/config.json 600 0
{"auths":{"https://r.example":{"username":"some\\user","password":"p@ss:word","auth":"'"$auth"'","email":"not@val.id"},"q.example":{"username":"quser","password":"qpass","auth":"cXVzZXI6cXBhc3M="}}}' ".docker/config.json"
has "$root" '.ssh/config 600 0
Host git.example
    HostName git.example
    Port 2222
    IdentityFile /tekton/creds/.ssh/id_key
' ".ssh/config"
has "$root" '.ssh/known_hosts 600 0
git.example ssh-ed25519 AAAA
.ssh/id_key 600 0
the private key' "the key and the known hosts"
has "$root" '.ssh 700
.docker 700' "directories for the user alone"
is "$(cat "$T/w/secrets")" "/tekton/creds-secrets:
.home
key
reg
web

/tekton/creds-secrets/web:
password
username" "the Secrets that match, read-only"
like "$(cat "$T/run/logs/c-a/0/root.log")" made "/tekton/creds can be written"
user=$(cat "$T/w/user")
has "$user" '.gitconfig 600 1234' "another user has files of its own"
has "$user" '.ssh/id_key 600 1234' "and the key"
is "$(grep -c untouched "$T/w/hostile")" 1 "a link in a home leads nowhere" "$(cat "$T/w/hostile")"
is "$(grep -c 'private key' "$T/w/hostile")" 0 "and no key lands behind it"
like "$(cat "$T/w/hostile")" '.gitconfig' "the rest is written"
like "$(cat "$T/run/logs/c-a/0/hostile.log")" 'warning: unsuccessful cred copy: ".ssh" from "/tekton/creds" to' "which is said"
like "$(cat "$T/run/logs/c-a/0/homeless.log")" 'warning: unsuccessful cred copy: "*" from "/tekton/creds" to "/nowhere/at/all"' "no home: a warning"
like "$(cat "$T/run/logs/c-a/0/homeless.log")" .gitconfig "and the program runs, with /tekton/creds"
like "$(cat "$T/w/side")" PATH= "a sidecar of the task runs"
unlike "$(cat "$T/w/side")" creds "and has no Secrets"
unlike "$(cat "$T/w/side")" .ssh "nor files in its home"
unlike "$(cat "$T/w/other")" creds-secrets "another task has no Secrets"
unlike "$(cat "$T/w/other")" .gitconfig "nor files in its home"
is "$(grep -rlE 'p@ss:word|the private key|qpass' "$T/run" | grep -v journal.sealed)" "" "nothing of it is in the run directory"

yaml <<'YAML'
apiVersion: v1
kind: ServiceAccount
metadata: {name: default}
secrets: [{name: gone}]
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: c}
spec:
  taskRunSpecs: [{pipelineTaskName: a, serviceAccountName: nobody}, {pipelineTaskName: b, serviceAccountName: nobody}]
  pipelineSpec:
    tasks:
    - {name: a, taskSpec: &t {steps: [{name: s, image: busybox, command: ["true"]}]}}
    - {name: b, taskSpec: *t}
    - {name: c, taskSpec: *t}
    - {name: d, taskSpec: *t}
YAML
monopod check -f "$T/in.yaml"
is "$code" 0 "accounts and Secrets that are not in the input are no error"
is "$(grep warning <<<"$err" | cut -d: -f2-)" '4:18: warning: Secret "gone" of ServiceAccount "default" is not in the input: steps get no credentials of it [no-credentials]
10:60: warning: ServiceAccount "nobody" is not in the input: steps get no credentials of it [no-credentials]' "but each is told once, where it is named"
sed -i 's/image: busybox/image: no-such-image/' "$T/in.yaml"
run
is "$code $(grep -c no-credentials <<<"$err")" "3 2" "also when the run is refused for something else"

yaml <<'YAML'
apiVersion: v1
kind: Secret
metadata: {name: g, annotations: {tekton.dev/docker-0: "https://r.example"}}
type: kubernetes.io/basic-auth
stringData: {username: "alice", password: "correct-horse"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default}
secrets: [{name: g}]
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: m}
spec:
  taskSpec: {steps: [{name: s, image: busybox, script: "for i in '' 1 12; do { printf '%s' \"$i\"; cat ~/.docker/config.json; } | base64 -w0; echo; done"}]}
YAML
run
is "$code" 0 "a docker configuration is shown in base64"
is "$(wc -l <"$T/run/logs/m/0/s.log")" 3 "at each of its three offsets"
for digits in $(cat "$T/run/logs/m/0/s.log"); do
	for part in ${digits//\*\*\*/ }; do
		for cut in 0 1 2 3; do
			base64 -d <<<"${part:cut}" 2>/dev/null | tr -d '\0' | grep -aoE "alice|horse|$(b64 alice:correct-horse | cut -c8-18)"
		done
	done
done >"$T/seen"
is "$(cat "$T/seen")" "" "the login is masked, and so is what monopod made of it"
done_testing
