#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# git over ssh and over http against servers in a sidecar, with the credentials of ServiceAccounts; and without the right ones.
. tests/helpers/tap.sh

for p in ssh-keygen mmdebstrap; do
	command -v "$p" >/dev/null || skip_all "no $p"
done
[ "$(id -u)" = 0 ] || skip_all "not root: sshd wants users of its own"
layout=$TOP/build/images/git
mkdir -p "$TOP/build/images"
(
	flock 9
	"$TOP/images/from-debian.sh" "$layout" git git openssh-client openssh-server lighttpd
) 9>"$layout.lock" >"$T/image.log" 2>&1 || skip_all "no image of git, sshd and lighttpd: $(tail -1 "$T/image.log")"

for k in host other one two wrong; do
	ssh-keygen -q -t ed25519 -N '' -C "$k" -f "$T/$k"
done
password='p@ss:w/rd%20?#"\ü'
b64() { base64 -w0 "$@"; }
indent() { sed 's/^/        /'; }

# ssh NAME KEY KNOWN-KEY ANNOTATION: one Secret
ssh_secret() {
	echo "---"
	echo "apiVersion: v1"
	echo "kind: Secret"
	echo "metadata: {name: $1, annotations: {tekton.dev/git-0: \"$4\"}}"
	echo "type: kubernetes.io/ssh-auth"
	echo "data:"
	echo "  ssh-privatekey: $(b64 "$T/$2")"
	[ -z "$3" ] || echo "  known_hosts: $(printf '[git.example]:2222 %s\n' "$(cat "$T/$3.pub")" | b64)"
}
# web NAME USER PASSWORD URL
web_secret() {
	echo "---"
	echo "apiVersion: v1"
	echo "kind: Secret"
	echo "metadata: {name: $1, annotations: {tekton.dev/git-0: \"$4\"}}"
	echo "type: kubernetes.io/basic-auth"
	echo "data: {username: $(printf %s "$2" | b64), password: $(printf %s "$3" | b64)}"
}
account() { # NAME SECRET…
	echo "---"
	echo "apiVersion: v1"
	echo "kind: ServiceAccount"
	echo "metadata: {name: $1}"
	echo "secrets: [{name: $2}${3:+, {name: $3\}}${4:+, {name: $4\}}${5:+, {name: $5\}}]"
}

# The server: two repositories, each for one key and for one user of the web server.
cat >"$T/server" <<'SH'
#!/bin/bash
set -e
mkdir -p /srv/www /org
echo 'git:x:1000:1000::/:/bin/sh' >>/etc/passwd
echo 'git:x:1000:' >>/etc/group
echo 'git:*:19000:0:99999:7:::' >>/etc/shadow
cp /keys/host /srv/host
chmod 600 /srv/host
for r in one two; do
	git init -q --bare -b main /org/$r.git
	git -C /org/$r.git config http.receivepack true
	printf 'restrict,command="/srv/only %s" %s\n' $r "$(cat /keys/$r.pub)" >>/srv/authorized
done
chown -R git:git /org
cat >/srv/only <<'X'
#!/bin/bash
case $SSH_ORIGINAL_COMMAND in
*"/$1.git'" | *"org/$1.git'") exec git-shell -c "$SSH_ORIGINAL_COMMAND" ;;
esac
echo "this key is for $1 alone" >&2
exit 1
X
chmod 755 /srv/only
cp /keys/users /srv/users
chmod 644 /srv/users /srv/authorized
cat >/srv/web.conf <<'X'
server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_setenv", "mod_cgi")
server.document-root = "/srv/www"
server.port = 8080
server.username = "git"
server.groupname = "git"
auth.backend = "plain"
auth.backend.plain.userfile = "/srv/users"
alias.url = ("/org" => "/usr/lib/git-core/git-http-backend")
setenv.add-environment = ("GIT_PROJECT_ROOT" => "/org", "GIT_HTTP_EXPORT_ALL" => "1")
cgi.assign = ("git-http-backend" => "")
$HTTP["url"] =~ "^/org/one" { auth.require = ("" => ("method" => "basic", "realm" => "one", "require" => "user=alice")) }
$HTTP["url"] =~ "^/org/two" { auth.require = ("" => ("method" => "basic", "realm" => "two", "require" => "user=bob")) }
X
lighttpd -f /srv/web.conf
mkdir -p /run/sshd
exec /usr/sbin/sshd -D -e -p 2222 -h /srv/host -o UsePAM=no -o StrictModes=no -o PasswordAuthentication=no \
	-o KbdInteractiveAuthentication=no -o AuthorizedKeysFile=/srv/authorized
SH

# task NAME < script of its one step
task() {
	cat <<YAML
    - name: $1
      taskSpec:
        volumes: [{name: keys, secret: {secretName: server}}]
        sidecars:
        - name: server
          image: git
          volumeMounts: [{name: keys, mountPath: /keys}]
          script: |
$(sed 's/^/            /' "$T/server")
        steps:
        - name: s
          image: git
          env: [{name: GIT_TERMINAL_PROMPT, value: "0"}]
          script: |
            #!/bin/bash
            for port in 2222 8080; do
              n=0; until (: <>/dev/tcp/127.0.0.1/\$port) 2>/dev/null; do n=\$((n+1)); [ \$n -lt 300 ] || exit 1; sleep 0.1; done
            done
            mkdir /work; cd /work
            try() { if timeout 60 "\$@" >/tmp/out 2>&1; then echo "yes: \$*"; else echo "no: \$*"; cat /tmp/out; fi; }
$(sed 's/^/            /')
YAML
}

{
	cat <<YAML
apiVersion: v1
kind: Secret
metadata: {name: server}
data:
  host: $(b64 "$T/host")
  one.pub: $(b64 "$T/one.pub")
  two.pub: $(b64 "$T/two.pub")
  users: $(printf 'alice:%s\nbob:bobs-password\n' "$password" | b64)
YAML
	ssh_secret one one host 'git.example:2222'
	ssh_secret two two '' 'git.example:2222/org/two'
	ssh_secret wrong wrong host 'git.example:2222'
	ssh_secret blind one '' 'git.example:2222'
	ssh_secret deceived one other 'git.example:2222'
	web_secret alice alice "$password" 'http://web.example:8080'
	web_secret bob bob bobs-password 'http://web.example:8080/org/two.git'
	web_secret mallory alice wrong-password 'http://web.example:8080'
	account good alice bob two one
	account wrong wrong mallory
	account blind blind
	account deceived deceived
	cat <<'YAML'
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: g, annotations: {experimental.tekton.dev/execution-mode: hermetic}}
spec:
  taskRunTemplate: {podTemplate: {hostAliases: [{ip: 127.0.0.1, hostnames: [git.example, web.example]}]}}
  taskRunSpecs:
  - {pipelineTaskName: good, serviceAccountName: good}
  - {pipelineTaskName: wrong, serviceAccountName: wrong}
  - {pipelineTaskName: blind, serviceAccountName: blind}
  - {pipelineTaskName: deceived, serviceAccountName: deceived}
  pipelineSpec:
    tasks:
YAML
	task good <<'SH'
git config --global user.name n; git config --global user.email n@example.com
work() { # DIRECTORY TEXT: a commit, pushed
  git -C $1 checkout -q -B main || return; echo $2 >$1/file; git -C $1 add file; git -C $1 commit -q -m $2
  try git -C $1 push -q origin main
}
try git clone -q ssh://git@git.example:2222/org/one.git ssh-one; work ssh-one over-ssh
try git clone -q http://web.example:8080/org/one.git web-one; cat web-one/file; work web-one over-http
try git -C ssh-one pull -q origin main; cat ssh-one/file
try git clone -q ssh://git@git.example:2222/org/two.git ssh-two; work ssh-two of-a-path
try git clone -q git@git.example:org/two.git scp-two; cat scp-two/file
try git clone -q git@git.example:org/one.git scp-one; cat scp-one/file
try git clone -q http://web.example:8080/org/two.git web-two; cat web-two/file; work web-two bobs
try git clone -q ssh://git@git.example:2222/org/none.git none
SH
	task wrong <<'SH'
try git clone -q ssh://git@git.example:2222/org/one.git a
try git clone -q http://web.example:8080/org/one.git b
SH
	task blind <<'SH'
try git clone -q ssh://git@git.example:2222/org/one.git a
try git clone -q http://web.example:8080/org/one.git b
SH
	task deceived <<'SH'
try git clone -q ssh://git@git.example:2222/org/one.git a
SH
	task none <<'SH'
try git clone -q ssh://git@git.example:2222/org/one.git a
try git clone -q http://web.example:8080/org/one.git b
ls -A ~ /tekton/creds /tekton/creds-secrets 2>&1 || :
SH
} >"$T/in.yaml"
run --images "$layout"
is "$code" 0 "a run with git servers" || { echo "$out$err"; tail -n 20 "$T"/run/logs/*/0/sidecar-server.log; } | sed "s/^/# /"

good=$(log g-good s)
is "$good" "yes: git clone -q ssh://git@git.example:2222/org/one.git ssh-one
yes: git -C ssh-one push -q origin main
yes: git clone -q http://web.example:8080/org/one.git web-one
over-ssh
yes: git -C web-one push -q origin main
yes: git -C ssh-one pull -q origin main
over-http
yes: git clone -q ssh://git@git.example:2222/org/two.git ssh-two
yes: git -C ssh-two push -q origin main
yes: git clone -q git@git.example:org/two.git scp-two
of-a-path
yes: git clone -q git@git.example:org/one.git scp-one
over-http
yes: git clone -q http://web.example:8080/org/two.git web-two
of-a-path
yes: git -C web-two push -q origin main
no: git clone -q ssh://git@git.example:2222/org/none.git none
this key is for one alone
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists." "cloned and pushed over ssh and http, each repository with the key or password of its own"

like "$(log g-wrong s)" "no: git clone -q ssh://git@git.example:2222/org/one.git a
git@git.example: Permission denied (publickey)." "a wrong key is refused"
like "$(log g-wrong s)" "no: git clone -q http://web.example:8080/org/one.git b
fatal: Authentication failed for" "and a wrong password"
like "$(log g-blind s)" "Host key verification failed." "a host that no Secret knows is not trusted"
like "$(log g-blind s)" "could not read Username" "a task without a password of its own has not another's"
like "$(log g-deceived s)" "REMOTE HOST IDENTIFICATION HAS CHANGED" "nor one that is another than the Secret says"
unlike "$(log g-deceived s)" "yes:" "and nothing is cloned"
like "$(log g-none s)" "Host key verification failed." "without an account there is no key"
like "$(log g-none s)" "could not read Username" "nor a password"
unlike "$(log g-none s)" .ssh "nor a file of them"
is "$(grep -rlF -e "$password" -e bobs-password -e wrong-password "$T/run" | grep -v sealed)" "" "and no password in the run directory"
done_testing
