#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `monopod shell`: into a step that waits or runs, with its rights and no more; who may, and what ends it.
. tests/helpers/tap.sh

[ "$(id -u)" = 0 ] && user=1000 || user=0
yaml <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: sh}
spec:
  debug: {breakpoints: {onFailure: enabled, beforeSteps: [two]}}
  taskSpec:
    volumes: [{name: v, emptyDir: {}}]
    sidecars: [{name: side, image: busybox, command: [sleep, "1000"]}]
    steps:
    - name: one
      image: busybox
      workingDir: /tmp
      env: [{name: ONE, value: of the step}]
      securityContext: {runAsUser: $user, capabilities: {drop: [ALL]}}
      volumeMounts: [{name: v, mountPath: /vol}]
      script: |
        touch /tmp/mine /vol/mine
        grep -E '^(Cap|Seccomp|NoNewPrivs)' /proc/self/status
        mkfifo /tekton/run/0/out.breakpointexit
        ln -s /etc/passwd /tekton/run/0/out.breakpointexit.err
        echo 0 >/tekton/run/1/out.beforestepexit || true
        find / -name control -type s
        exit 3
    - {name: two, image: busybox, script: "echo two; sleep 1000"}
YAML
start_run "$T/in.yaml" -o plain
agent=$pid
says() { grep -q "$1" "$T/run.out" "$T/run.err"; }
shell() { monopod shell --run-dir "$T/run" "$@"; }
# runs STEP PATTERN: something of the kind is in the step's process list
runs() { "$MONOPOD" shell "$T/run" sh "$1" -- sh -c "ps | grep -q '$2'" </dev/null >/dev/null 2>&1; }
wait_for 30 says "step one: .*waiting at a breakpoint"
ok $? "a failed step waits; neither a FIFO nor a link releases it"

# --- what a command in it sees
shell sh one -- sh -c 'id -u; pwd; ls /vol; echo "$ONE"; echo problem >&2; exit 7'
is "$code" 7 "the exit code is the command's"
is "$out" "$user
/tmp
mine
of the step" "it has the step's user, directory, mounts and environment"
is "$err" problem "the streams stay apart"
is "$(echo words | "$MONOPOD" shell "$T/run" -- cat)" words "standard input is the caller's"
is "$(echo 'echo "$((6*7))"; exit 3' | "$MONOPOD" shell "$T/run")" 42 "a shell without a terminal reads it as a script"
"$MONOPOD" shell "$T/run" -- sh -c 'kill -9 $$' </dev/null
is $? 137 "a signal is told as shells do"
head -c 3000000 /dev/zero | tr '\0' x >"$T/big"
is "$("$MONOPOD" shell "$T/run" -- cat <"$T/big" | cksum)" "$(cksum <"$T/big")" "large data comes through"
mkfifo "$T/slow"
ended() { ! kill -0 "$client" 2>/dev/null; }
"$MONOPOD" shell "$T/run" sh one -- sh -c 'yes | head -c 120000; touch /vol/said' </dev/null >"$T/slow" 2>/dev/null &
client=$!
exec 9<"$T/slow"
said() { "$MONOPOD" shell "$T/run" sh one -- test -e /vol/said </dev/null 2>/dev/null; }
wait_for 20 said
wait_for 1 ended # it must not
is "$(wc -c <&9)" 120000 "a reader that is slow gets all of it"
exec 9<&-
wait "$client"
exec 9<>"$T/slow"
head -c 61000 /dev/zero >&9
"$MONOPOD" shell "$T/run" sh one -- sh -c 'touch /vol/begun; exec dd if=/dev/zero bs=16384' </dev/null >"$T/slow" 2>/dev/null &
client=$!
begun() { "$MONOPOD" shell "$T/run" sh one -- test -e /vol/begun </dev/null 2>/dev/null; }
wait_for 20 begun
kill -TERM "$client"
wait_for 20 ended
ok $? "a client whose reader does nothing can be ended" || kill -KILL "$client"
wait "$client"
is $? 143 "by the signal"
exec 9<&-
shell sh nobody -- true
is "$code" 2 "a step that is not there"
like "$err" "no step 'nobody' of 'sh' is running: expected one of 'sh one'" "is told what there is"
shell nowhere
like "$err" "no step of 'nowhere' is running: expected one of 'sh one'" "so is a task"
shell -- /nowhere
is "$code" 127 "a program that is not there"
like "$err" "exec '/nowhere': No such file or directory" "is named"
shell -- id -x
is "$code" 1 "options behind -- are the command's"

# --- no more than the step
shell -- grep -E '^(Cap|Seccomp|NoNewPrivs)' /proc/self/status
is "$out" "$(log sh one | grep -E '^(Cap|Seccomp|NoNewPrivs)')" "its rights are those of the step's own program"
shell -- sh -c 'ls -l /proc/self/fd | wc -l; ls /proc/self/fd'
like "$(tr '\n' ' ' <<<"$out")" "0 1 2 3" "no descriptor more than a program has"
shell -- sh -c 'for n in 0 1 2; do readlink /proc/self/fd/$n; done'
is "$(grep -c pipe: <<<"$out")" 3 "none of which is the caller's"
like "$(log sh one)" "Read-only file system" "a step cannot release another"
unlike "$(log sh one)" "/control" "and reaches no control socket"
shell -- sh -c 'echo 0 >/tekton/run/1/out.beforestepexit'
is "$code" 1 "nor can who visits it"

shell -- sh -c 'exec grep -l "$0" /proc/[0-9]*/cmdline' 'no such program'
is "$(wc -l <<<"$out")" 1 "who looks for a program by its arguments does not find what starts it"

# --- sidecars, and a running step
shell sh side -- cat /proc/1/comm
is "$code" 0 "a sidecar can be visited" || echo "# $err"
shell sh sidecar-side -- true
is "$code" 0 "by the name of its container, too"
shell --continue sh side
is "$code" 2 "but does not wait"
python3 tests/helpers/pty_shell.py "$MONOPOD" "$T/run" sh one >"$T/pty"
ok $? "a person at a terminal" "$(grep -v ^ok "$T/pty")"
like "$(<"$T/pty")" "1..21" "all of it was tried"

python3 tests/helpers/hostile_client.py "$T/run" "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["items"][0]["metadata"]["name"])' "$T/run/run.json")" >"$T/hostile"
ok $? "clients that keep to nothing are refused" "$(grep -v ^ok "$T/hostile")"
like "$(<"$T/hostile")" "1..22" "in many ways"

# --- the end of the client, of the step, and of the run
"$MONOPOD" shell "$T/run" sh one -- sh -c 'sleep 1000 & echo $! >/vol/pid; wait' </dev/null >/dev/null 2>&1 &
client=$!
visitor() { "$MONOPOD" shell "$T/run" sh one -- sh -c 'kill -0 $(cat /vol/pid)' </dev/null 2>/dev/null; }
gone() { ! visitor; }
wait_for 20 visitor
ok $? "a visitor stays as long as its client"
kill -KILL "$client"
wait "$client" 2>/dev/null
wait_for 20 gone
ok $? "and is killed with it, and what it had started"
"$MONOPOD" shell "$T/run" sh one -- sleep 1000 </dev/null >/dev/null 2>&1 &
client=$!
wait_for 20 runs one "[s]leep 1000"
if [ "$(id -u)" = 0 ]; then
	# as good as open to everybody, the socket takes no orders of strangers
	chmod 755 "$T" "$T/run" && chmod 666 "$T/run/control" "$T/run/run.json"
	setpriv --reuid 65534 --clear-groups "$MONOPOD" shell --run-dir "$T/run" --continue </dev/null >"$T/out" 2>"$T/err"
	is $? 2 "another user cannot release a step"
	like "$(<"$T/err")" "does not take orders of this user" "and is told so"
	setpriv --reuid 65534 --clear-groups "$MONOPOD" shell --run-dir "$T/run" -- id </dev/null >"$T/out" 2>"$T/err"
	is $? 2 "nor enter it"
else
	for n in 1 2 3; do skip "another user ($n)" "needs root"; done
fi
shell --continue sh one
is "$code" 0 "a step with a visitor can be released" || echo "# $err"
wait "$client"
is $? 137 "whose visit ends with it"
wait_for 20 says "step two: waiting at a breakpoint before it starts"
shell -- sh -c 'ls /vol' # of step two, which has no such volume
is "$code" 1 "the one that waits is meant when none is named"
shell --continue
wait_for 20 grep -q two "$T/run/logs/sh/0/two.log"
wait_for 20 runs two "[s]leep 1000"
ok $? "a running step can be visited"
"$MONOPOD" shell "$T/run" sh two -- sh -c 'trap "" TERM HUP INT; while :; do sleep 1; done' </dev/null >/dev/null 2>&1 &
client=$!
wait_for 20 runs two "[t]rap"
kill -TERM "$agent"
wait "$agent"
is $? 143 "a visitor does not hold the run's end up"
wait "$client"
ok $((! $?)) "and does not outlive it"
shell -- true
is "$code" 2 "a run that is over cannot be entered"
like "$err" "no run is running in it" "and that is said"

# --- images without a shell
mkdir -p "$T/bare/tmp" && cp "${BUILD:-build/debug}/tests/helpers/probe" "$T/bare/probe"
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: bare}
spec:
  debug: {breakpoints: {beforeSteps: [s]}}
  taskSpec: {steps: [{name: s, image: bare, command: [/probe, exit, "0"], workingDir: /tmp, env: [{name: ONE, value: two}]}]}
YAML
start_run "$T/in.yaml" --image-map "bare=dir:$T/bare" -o plain
agent=$pid
wait_for 30 says "waiting at a breakpoint"
is "$(echo 'echo $((6*7)); ls /; type busybox' | MONOPOD_SHELL=/bin/busybox "$MONOPOD" shell "$T/run" 2>&1 | head -1)" 42 \
	"an image without a shell gets a static one of this machine's"
MONOPOD_SHELL=/bin/busybox "$MONOPOD" shell "$T/run" bare s >"$T/out" 2>&1 <<'SH'
ls /; pwd; cd /; pwd; echo words >/tmp/file; cat /tmp/file; env | grep ONE; wc -c </tmp/file; id -u; cd /tmp && rm file && ls; exit 5
SH
is $? 5 "the shell's exit code is the verb's"
is "$(grep -vx 'dev\|etc\|probe\|proc\|tekton\|tmp\|workspace' "$T/out" | tr '\n' ' ')" "/tmp / words ONE=two 6 0 " "it has what one needs: ls, cd, pwd, cat, env, exit and more"
like "$(<"$T/out")" probe "and shows the step's root"
ITS_OWN_SHELL=0 MONOPOD_SHELL=/bin/busybox python3 tests/helpers/pty_shell.py "$MONOPOD" "$T/run" bare s >"$T/pty"
ok $? "a person at a terminal in it" "$(grep -v ^ok "$T/pty")"
like "$(<"$T/pty")" "1..19" "with all that a terminal is for"
if [ "$(id -u)" = 0 ]; then
	unshare --mount --propagation private sh -c 'mount --bind /dev/null /bin/busybox && exec "$@"' sh \
		"$MONOPOD" shell "$T/run" </dev/null >"$T/out" 2>"$T/err"
	is $? 2 "and where there is none either"
	like "$(<"$T/err")" "has no shell, and there is none of ours here: put a static busybox at" "what to do is said"
else
	for n in 1 2; do skip "no shell anywhere ($n)" "needs root"; done
fi
shell --continue
wait "$agent"
is $? 0 "a static program can be released" || sed 's/^/# /' "$T/run.err"

# --- a program with namespaces of its own
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: priv}
spec:
  debug: {breakpoints: {beforeSteps: [s], onFailure: enabled}}
  taskSpec:
    steps:
    - name: s
      image: busybox
      securityContext: {privileged: true}
      workingDir: /tmp
      script: "cat /w/x; grep -E '^(Cap|Seccomp:|NoNewPrivs)' /proc/self/status | cmp - /rights && echo the same; mkdir /m; mount -t tmpfs none /m; echo up; until [ -e /m/go ]; do sleep 0.1; done; exit 3"
YAML
start_run "$T/in.yaml" -o plain
agent=$pid
wait_for 30 says "before it starts"
ok $? "a privileged step waits"
shell -- sh -c 'mkdir /w && mount -t tmpfs none /w && echo made >/w/x && hostname of-the-step && grep -c " /w " /proc/self/mountinfo; grep -E "^(Cap|Seccomp:|NoNewPrivs)" /proc/self/status >/rights; pwd'
is "$code" 0 "it can be entered, with its rights" || echo "# $err"
is "$out" "1
/tmp" "in its own directory"
shell -- sh -c 'cat /w/x; hostname; mknod /dev/n c 1 3 2>/dev/null || umount /proc 2>/dev/null || echo no more'
is "$out" "made
of-the-step
no more" "who comes next is in the same namespaces"
shell --continue
wait_for 20 says "priv/s. up"
shell -- touch /m/go
is "$code" 0 "then it can, where its program is" || echo "# $err"
like "$(log priv s)" "made
the same
up" "its program is where they were, and has the same rights"
wait_for 20 says "exit code 3, waiting"
ok $? "it waits when that failed"
shell -- ls /m/go /w/x
is "$out" "/m/go
/w/x" "and can be entered again, with what the program had mounted"
shell --continue
wait "$agent"
is $? 0 "and ends as any" || sed 's/^/# /' "$T/run.err"

done_testing
