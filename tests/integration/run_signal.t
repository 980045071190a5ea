#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Being told to stop: finally runs, the record is written, the exit code tells.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: stop}
spec:
  pipelineSpec:
    tasks:
    - name: long
      taskSpec:
        steps:
        - name: s
          image: busybox
          script: |
            trap 'echo got TERM; exit 0' TERM
            echo up
            while :; do sleep 1 & wait; done
    - {name: never, runAfter: [long], taskSpec: {steps: [{name: s, image: busybox, command: [echo, ran]}]}}
    finally:
    - {name: last, taskSpec: {steps: [{name: s, image: busybox, script: "echo finally; [ ! -e /tmp/x ] || true; sleep ${FINALLY:-0}"}]}}
YAML

cp "$T/in.yaml" "$T/stop.yaml"

# start FILE: in the background, until the step is up
start() {
	start_run "$1" --grace "${GRACE:-25s}" --termination-log "$T/term"
	: >>"$T/term"
	wait_for 30 grep -q up "$T/run/logs/stop-long/0/s.log" 2>/dev/null
}

stopped() { # NAME CODE
	wait "$pid"
	is $? "$2" "$1: exit code"
}

start "$T/stop.yaml"
like "$(cat "$T/term")" '"value":"Unknown Running' "while it runs, the termination file says so"
kill -TERM "$pid"
stopped "SIGTERM" 143
is "$(log stop-last s)" finally "finally tasks run"
like "$(log stop-long s)" "got TERM" "the step is asked first"
is "$(json 'cond(run)["status"]+" "+cond(run)["reason"]')" "False Cancelled" "the run is Cancelled"
is "$(json 'cond(tasks["stop-long"])["reason"]')" TaskRunCancelled "so is its task"
is "$(json '"stop-never" in tasks')" False "what had not started does not start"
like "$(cat "$T/term")" '"value":"False Cancelled' "the termination file has the end"

start "$T/stop.yaml"
kill -INT "$pid"
stopped "SIGINT" 130

# at a terminal: what its keys send is for the agent, not for steps that it would end in another order
rm -rf "$T/run"
sed "s/trap .*TERM/trap 'echo got INT' INT; &/" "$T/stop.yaml" >"$T/keys.yaml"
python3 - "$T/run/logs/stop-long/0/s.log" "$MONOPOD" run -f "$T/keys.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" \
	>/dev/null <<'PY'
import os, pty, select, sys, time
log, argv = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(argv[0], argv)
limit, asked = time.monotonic() + 30, False
while time.monotonic() < limit:
    try:
        if select.select([fd], [], [], 0.05)[0] and not os.read(fd, 4096):
            break
    except OSError:  # the terminal's other end is closed
        break
    if not asked and os.path.exists(log) and "up" in open(log).read():
        asked = os.write(fd, b"\3") == 1
else:
    os.kill(pid, 9)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
PY
is $? 130 "^C at a terminal"
is "$(grep got "$T/run/logs/stop-long/0/s.log")" "got TERM" "reaches no step by itself"

# a step that does not listen is killed; a third of the grace is less than 5 s
sed 's/trap .* TERM/trap "" TERM/' "$T/stop.yaml" >"$T/deaf.yaml"
GRACE=9s start "$T/deaf.yaml" # 3 s for the step, 4 s for finally
begin=$SECONDS
kill -TERM "$pid"
stopped "a deaf step" 143
[ $((SECONDS - begin)) -lt 30 ]
ok $? "is killed in time"
is "$(log stop-last s)" finally "and finally runs all the same"

# twice: at once, without finally
GRACE=60s start "$T/deaf.yaml"
# of two kinds, so that both are pending however slow the machine is
kill -TERM "$pid"
kill -HUP "$pid"
stopped "a second signal" 143
is "$(json 'cond(run)["reason"]')" Cancelled "is the end"
[ ! -e "$T/run/logs/stop-last/0/s.log" ]
ok $? "finally does not run"

# a SIGKILL leaves a true statement, and the steps do not survive
start "$T/stop.yaml"
inits=$(pgrep -P "$pid")
kill_run
like "$(cat "$T/term")" '"value":"Unknown Running' "after a SIGKILL the termination file is true"
# shellcheck disable=SC2086 # pids
[ -n "$inits" ] && wait_for 30 dead $inits
ok $? "and its steps are gone"
is "$(python3 - "$T/run/journal" <<'PY'
import json, sys, zlib
n = 0
for line in open(sys.argv[1], "rb"):
    crc, record = line.rstrip(b"\n").split(b" ", 1)
    assert int(crc, 16) == zlib.crc32(record), line
    n += 1
print(n > 3)
PY
)" True "the journal is whole"

# nobody listens any more
script talk <<'SH'
i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo "line $i"; done
exit 3
SH
mv "$T/in.yaml" "$T/talk.yaml"
rm -rf "$T/run"
("$MONOPOD" run -f "$T/talk.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" 2>/dev/null </dev/null
	echo $? >"$T/code") | head -1 >/dev/null
is "$(cat "$T/code")" 1 "standard output is closed: the exit code is the run's"
is "$(log talk s | wc -l)" 2000 "the log is whole"
is "$(json 'cond(run)["reason"]')" StepFailed "and so is the record"

# as PID 1: strangers are reaped, the signal works, the exit code is the same
if unshare --pid --fork --mount-proc true 2>/dev/null; then
	cat >"$T/first.sh" <<-'SH'
		sleep 0.5 &
		sh -c 'sleep 0.6 & sleep 0.7 &' &
		exec "$@"
	SH
	rm -rf "$T/run"
	unshare --pid --fork --mount-proc --kill-child sh "$T/first.sh" "$MONOPOD" run -f "$T/stop.yaml" --store "$STORE" \
		--images "$IMAGES" --run-dir "$T/run" >"$T/out" 2>"$T/err" </dev/null &
	outer=$!
	wait_for 30 grep -q up "$T/run/logs/stop-long/0/s.log" 2>/dev/null
	first=$(pgrep -P "$outer" | head -1)
	children() { ps -o stat=,comm= --ppid "$first"; }
	none_left() { ! children | grep -q -e '^Z' -e sleep; }
	wait_for 20 none_left
	ok $? "as PID 1 it reaps strangers" "$(children)"
	kill -TERM "$first"
	wait "$outer"
	is $? 143 "and obeys SIGTERM"
	is "$(log stop-last s)" finally "with its finally tasks"

	# the kernel drops what PID 1 does not handle: a signal while the input is still read
	rm -rf "$T/run"
	: >"$T/term"
	mkfifo "$T/fifo"
	unshare --pid --fork --mount-proc --kill-child "$MONOPOD" run -f - --store "$STORE" --images "$IMAGES" \
		--run-dir "$T/run" --termination-log "$T/term" <"$T/fifo" >"$T/out" 2>"$T/err" &
	outer=$!
	exec 8>"$T/fifo"
	wait_for 30 grep -q 'Unknown Running' "$T/term"
	ok $? "there is a statement before the input is known" "$(cat "$T/term")"
	kill -TERM "$(pgrep -P "$outer" | head -1)"
	cat "$T/talk.yaml" >&8
	exec 8>&-
	wait "$outer"
	is $? 143 "a signal that comes before the run is not lost" || cat "$T/err" "$T/out"
	unlike "$(cat "$T/out")" "line" "no step starts"
	like "$(cat "$T/term")" '"value":"False NotStarted stopped before the first step' "and the termination file says so"
	[ ! -e "$T/run" ]
	ok $? "nothing is left behind" "$(ls "$T/run" 2>&1)"
else
	skip "as PID 1" "no PID namespace"
fi
done_testing
