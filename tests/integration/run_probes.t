#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Probes and lifecycle hooks of sidecars: what the steps wait for, what ends a sidecar, what a hostile one can do.
. tests/helpers/tap.sh

# sidecar NAME [STEP-SCRIPT] < the sidecar's fields: a TaskRun of one step and one sidecar, which share /sh
task() {
	local name=$1 step=${2:-exit 0}
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: $name}
		spec:
		  timeout: ${TIMEOUT:-60s}
		  taskSpec:
		    results: [{name: r}]
		    volumes: [{name: sh, emptyDir: {}}]
		    steps:
		    - name: s
		      image: busybox
		      volumeMounts: [{name: sh, mountPath: /sh}]
		      script: |
		$(sed 's/^/        /' <<<"$step")
		    sidecars:
		    - name: db
		      image: busybox
		      volumeMounts: [{name: sh, mountPath: /sh}]
		$(sed 's/^/      /')
	YAML
}
result() { json "run['status']['results'][0]['value']"; }
side() { json "run['status']['sidecars'][0]['terminated']['$1']"; }
reason() { json "run['status']['conditions'][0]['reason']"; }
# tells NAME TEXT CASE: until the log of the sidecar has the text; the run is then ended, and its step must not have begun
tells() {
	start_run "$T/in.yaml"
	wait_for 60 grep -qsF "$2" "$T/run/logs/$1/0/sidecar-db.log"
	ok $? "$3" "$(cat "$T/run.err" "$T/run/logs/$1/0/sidecar-db.log")"
	kill -TERM "$pid"
	wait "$pid"
	is "$? $(reason)" "143 TaskRunCancelled" "and its task goes on waiting"
}

# --- readiness

task exec 'cp /sh/ready $(results.r.path)' <<'YAML'
env: [{name: WHERE, value: /sh/ready}, {name: OWN, value: mine}]
workingDir: /tmp
script: |
  until [ -e asked ]; do sleep 0.1; done; echo up >/tmp/up; trap 'exit 0' TERM; while :; do sleep 0.1; done
readinessProbe:
  exec: {command: [sh, -c, 'echo "not yet, $OWN" >&2; [ "$(cat up)" = up ] && printf "%s %s" "$PWD" "$OWN" >$(WHERE) || { >asked; exit 1; }']}
  periodSeconds: 60
  timeoutSeconds: 30
YAML
run
is "$code" 0 "a readiness probe that runs a program" || echo "# $err"
is "$(result)" "/tmp mine" "is waited for; it has the environment, the directory and the root of its container, and \$(VAR)"
like "$(log exec sidecar-db)" "monopod: readiness probe failed: not yet, mine" "what it says is told in the sidecar's log"
is "$(log exec sidecar-db | grep -c 'not yet')" 1 "once"

http='mkdir /www; echo ok >/www/health; exec httpd -f -p 28171 -h /www'
task http 'wget -qO $(results.r.path) http://127.0.0.1:28171/health' <<YAML
ports: [{name: web, containerPort: 28171}]
script: $http
startupProbe: {tcpSocket: {port: web}, periodSeconds: 60}
readinessProbe: {httpGet: {port: web, path: health}, periodSeconds: 60}
livenessProbe: {httpGet: {port: 28171, path: /health, httpHeaders: [{name: X-Own, value: v}]}, periodSeconds: 1}
YAML
run
is "$code" 0 "startup by tcpSocket, readiness and liveness by httpGet, a named port" || echo "# $err"
is "$(result)" ok "the step finds the server there"
task refused <<'YAML'
script: sleep 1000
startupProbe: {tcpSocket: {port: 28171}}
YAML
tells refused "monopod: startup probe failed: connect to 127.0.0.1:28171: connection refused" "a refused connection is told"

# Answers: STATUS-LINE and more → ready or not. Written by a server of one line a connection.
answers() { # NAME PROBE-FIELDS RESPONSE WANT-TEXT: WANT-TEXT empty: ready
	task "$1" <<-YAML
		script: |
		  while :; do printf '$3' | nc -l -p 28172 >/dev/null || :; done
		readinessProbe: {httpGet: {port: 28172, path: /x$2}, periodSeconds: 1}
	YAML
	if [ -z "$4" ]; then
		run
		is "$code" 0 "$1 is ready" || echo "# $err"
	else
		tells "$1" "$4" "$1 is not ready, and it is told why"
	fi
}
answers no-content '' 'HTTP/1.1 204 No Content\r\n\r\n' ''
answers elsewhere '' 'HTTP/1.1 302 Found\r\nLocation: http://other.example/\r\nContent-Length: 0\r\n\r\n' ''
answers unavailable '' 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n' 'GET http://127.0.0.1:28172/x: status 503'

# --- what never becomes ready

TIMEOUT=4s task never <<'YAML'
script: sleep 1000
readinessProbe: {exec: {command: ["false"]}, periodSeconds: 1}
YAML
run
is "$code $(reason)" "1 TaskRunTimeout" "a sidecar that is never ready holds its task until the timeout"
like "$out" "sidecar db in never was never ready: readiness probe failed: exit code 1" "which the summary explains"
is "$(side message)" "Sidecar container stopped before it was ready" "as does the report"

task absent <<'YAML'
script: sleep 1000
readinessProbe: {exec: {command: [/no/such/program]}, periodSeconds: 1}
livenessProbe: {exec: {command: [/no/such/program]}, periodSeconds: 1, failureThreshold: 1}
YAML
tells absent "readiness probe could not be carried out: fork/exec /no/such/program: no such file or directory" \
	"a probe whose program is not there says nothing but why"
is "$(side message)" "Sidecar container stopped before it was ready" "and kills nothing"

task wordy <<'YAML'
script: sleep 1000
readinessProbe: {exec: {command: [sh, -c, 'printf x; yes ä | head -1000 | tr -d "\n"; exit 1']}, periodSeconds: 1, timeoutSeconds: 30}
YAML
tells wordy "readiness probe failed: xäää" "a probe that says much is told in part"
log wordy sidecar-db | iconv -f utf-8 -t utf-8 >/dev/null 2>&1
ok $? "no character of which is cut in two"

# --- liveness and startup

# it is never ready, so the steps wait until it has ended
task sick 'cat /sh/told >$(results.r.path)' <<'YAML'
script: |
  trap 'echo told >/sh/told; exit 7' TERM; echo >/sh/alive
  while :; do sleep 0.1; done
livenessProbe: {exec: {command: [sh, -c, 'echo broken; [ ! -f /sh/alive ]']}, periodSeconds: 1, timeoutSeconds: 30, failureThreshold: 2}
readinessProbe: {tcpSocket: {port: 28179}}
YAML
run
is "$code" 0 "a sidecar whose liveness probe fails is stopped, and its task goes on" || echo "# $err"
is "$(result)" told "it is told first"
is "$(side exitCode) $(side reason)" "7 Error" "its end is its own"
is "$(side message)" "liveness probe failed: broken" "and the report says why"

task deaf 'exit 1' <<'YAML'
script: |
  trap '' TERM; echo >/sh/alive; while :; do sleep 0.1; done
startupProbe:
  exec: {command: [sh, -c, 'until [ -f /sh/alive ]; do sleep 0.1; done; exit 1']}
  timeoutSeconds: 30
  periodSeconds: 1
  failureThreshold: 1
  terminationGracePeriodSeconds: 1
YAML
run
is "$(side exitCode)" 137 "one that ignores SIGTERM is killed after the grace of its probe"
is "$(reason)" SidecarFailed "and takes the blame when a step fails, too"

# --- hooks

task hooks 'n=0; until [ "$(cat /sh/order)" = "post 2nd" ]; do n=$((n+1)); [ $n -lt 600 ] || exit 1; sleep 0.1; done; cp /sh/order $(results.r.path)' <<'YAML'
script: trap 'echo of TERM; exit 0' TERM; while :; do sleep 0.1; done
lifecycle:
  postStart: {exec: {command: [sh, -c, 'sleep 0.5; printf post >/sh/order']}}
  preStop: {exec: {command: [sh, -c, 'sleep 0.3; exit 3']}}
YAML
cat >>"$T/in.yaml" <<'YAML'
    - name: second
      image: busybox
      volumeMounts: [{name: sh, mountPath: /sh}]
      script: |
        printf ' 2nd' >>/sh/order; trap 'exit 0' TERM; while :; do sleep 0.1; done
YAML
run
is "$code" 0 "postStart is over before the next sidecar and the steps" || echo "# $err" "$(log hooks sidecar-db)"
is "$(log hooks sidecar-db | grep -v Terminated | tail -2)" "monopod: preStop hook failed: exit code 3
of TERM" "preStop is carried out before SIGTERM, whatever comes of it"

task poststart 'echo ran >$(results.r.path)' <<'YAML'
script: trap 'exit 0' TERM; while :; do sleep 0.1; done
lifecycle: {postStart: {exec: {command: [sh, -c, 'echo no room >&2; exit 1']}}}
YAML
run
is "$code $(result)" "0 ran" "a sidecar whose postStart fails is stopped, and the steps go on" || echo "# $err"
is "$(side message)" "postStart hook failed: no room" "the report says why"

task httphook <<'YAML'
script: |
  mkdir /www; exec httpd -p 28173 -h /www -v -f 2>&1
lifecycle:
  preStop: {httpGet: {port: 28173, path: /bye}}
readinessProbe: {tcpSocket: {port: 28173}}
YAML
run
is "$code" 0 "a hook by httpGet" || echo "# $err"
like "$(log httphook sidecar-db)" "response:404" "asks the server"
unlike "$(log httphook sidecar-db)" "hook failed" "and takes any answer"

task sleeps <<'YAML'
script: trap 'exit 0' TERM; while :; do sleep 0.1; done
lifecycle: {preStop: {sleep: {seconds: 2}}}
YAML
start=$(date +%s%N)
run
is "$code" 0 "a hook that waits"
[ $((($(date +%s%N) - start) / 1000000)) -ge 2000 ]
ok $? "does"

# --- a probe is no more than its container

facts='{ id; grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups)" /proc/self/status; ls / /proc/1 2>&1; ls -i / | md5sum; ulimit -a; env | grep -v -E "^(SHLVL|_)=" | sort; }'
task confined 'n=0; until [ -s /sh/probe ] && [ -s /sh/own ]; do n=$((n+1)); [ $n -lt 600 ] || exit 1; sleep 0.1; done; cmp /sh/own /sh/probe && wc -l </sh/own >$(results.r.path)' <<YAML
securityContext: {runAsUser: 1000, runAsGroup: 1001, capabilities: {drop: [ALL]}}
env: [{name: OWN, value: v}]
command: [sh, -c, '$facts >/sh/own.new 2>&1; mv /sh/own.new /sh/own; trap "exit 0" TERM; while :; do sleep 0.1; done']
readinessProbe: {exec: {command: [sh, -c, '$facts >/sh/probe.new 2>&1; mv /sh/probe.new /sh/probe']}}
YAML
run
is "$code" 0 "a probe has the user, capabilities, filter, root, limits and environment of its container" ||
	echo "# $err" "$(log confined s)"
[ "$(result)" -gt 20 ]
ok $? "and more than a few facts are compared"

task hermetic 'wget -qO $(results.r.path) http://127.0.0.1:80/in' <<'YAML'
script: sleep 0.3; mkdir /www; echo inside >/www/in; exec httpd -f -p 80 -h /www
readinessProbe: {httpGet: {port: 80, path: /in}}
YAML
sed -i 's/metadata: {name: hermetic}/metadata: {name: hermetic, annotations: {experimental.tekton.dev\/execution-mode: hermetic}}/' "$T/in.yaml"
run
if [ "$code" -eq 2 ] && [[ $err == *"network"* ]]; then
	skip "a probe in a hermetic task" "no network namespaces here"
else
	is "$(result)" inside "a probe reaches into the network of a hermetic task" || echo "# $err"
fi

# --- as others

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: other}
spec:
  taskSpec:
    results: [{name: r}]
    volumes: [{name: sh, emptyDir: {}}]
    steps:
    - name: s
      image: busybox
      volumeMounts: [{name: sh, mountPath: /sh}]
      script: |
        n=0; until [ -f /sh/told ]; do n=$((n+1)); [ $n -lt 600 ] || exit 1; sleep 0.1; done
        cat /sh/post /sh/ready
    sidecars:
    - name: db
      image: busybox
      volumeMounts: [{name: sh, mountPath: /sh}]
      script: mkdir /tmp/www; echo >/tmp/www/x; exec httpd -f -p 28180 -h /tmp/www
      startupProbe: {httpGet: {port: 28180, path: /x}}
      readinessProbe: {exec: {command: [sh, -c, echo ready >/sh/ready]}}
      lifecycle: {postStart: {exec: {command: [sh, -c, echo post >/sh/post]}}}
    - name: sick
      image: busybox
      volumeMounts: [{name: sh, mountPath: /sh}]
      script: |
        trap 'echo >/sh/told; exit 0' TERM; echo >/sh/up; while :; do sleep 0.1; done
      livenessProbe: {exec: {command: [sh, -c, 'until [ -f /sh/up ]; do sleep 0.1; done; sleep 100 & wait']}, periodSeconds: 1, failureThreshold: 1}
YAML
mkdir "$T/u" && chown 43210:43210 "$T/u"
other() { # NAME COMMAND…
	local name=$1
	shift
	"$@" >"$T/out" 2>"$T/err"
	is $? 0 "probes and hooks $name" || sed 's/^/#   /' "$T/out" "$T/err"
	like "$(cat "$T/out" "$T/err")" "liveness probe failed: timed out after 1s" "and one that hangs, $name"
}
for kind in subids single; do
	other "as a user, $kind" as_user $kind "$MONOPOD" run -f "$T/in.yaml" --store "$T/u/store-$kind" --images "$IMAGES" --run-dir "$T/u/run-$kind"
done
other "as process 1" unshare --pid --fork --mount-proc "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/u/run-1"

# --- hostile ones

task flood <<'YAML'
script: sleep 1000
readinessProbe: {exec: {command: [sh, -c, 'yes out & yes err >&2 & sleep 0.3; kill $!; exit 0']}, timeoutSeconds: 5}
YAML
run
is "$code" 0 "a probe that floods its output" || echo "# $err"

task endless <<'YAML'
script: |
  while :; do { printf 'HTTP/1.1 200 OK\r\n'; yes "$(printf 'X: y\r')"; } | nc -l -p 28174 >/dev/null || :; done
readinessProbe: {httpGet: {port: 28174}, periodSeconds: 1, timeoutSeconds: 30}
YAML
tells endless "the header of the response is larger than 64 KiB" "an endless header is cut off"

task drip <<'YAML'
script: |
  while :; do { printf 'HTTP/1.1 200 OK\r\n'; while printf 'X'; do sleep 0.1; done; } | nc -l -p 28175 >/dev/null || :; done
readinessProbe: {httpGet: {port: 28175}, periodSeconds: 1}
YAML
tells drip "readiness probe failed: timed out after 1s" "a slow answer has the time that the probe gives"

TIMEOUT=6s task hangs <<'YAML'
script: sleep 1000
readinessProbe: {exec: {command: [sh, -c, 'setsid sh -c "sleep 1000 & setsid sleep 1000 & wait" & sleep 1000 & wait']}, periodSeconds: 1}
livenessProbe: {exec: {command: [sh, -c, '[ $(ps | grep -c "sleep 100[0]") -le 6 ]']}, periodSeconds: 1, failureThreshold: 1}
YAML
run
is "$(reason)" TaskRunTimeout "a probe that hangs"
like "$(log hangs sidecar-db)" "readiness probe failed: timed out after 1s" "is killed in time"
unlike "$(log hangs sidecar-db)" "liveness" "with what it started"

done_testing
