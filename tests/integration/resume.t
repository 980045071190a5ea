#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A run whose agent died goes on where it stopped; what must not go on is refused.
. tests/helpers/tap.sh

# start FILE LINE: in the background, until the side effects have the line
start() {
	: >"$T/side/log"
	start_run "$1" -w side="$T/side" --termination-log "$T/term"
	: >>"$T/term"
	wait_for 30 grep -q "^$2" "$T/side/log" || ok 1 "a line of $2 within 30 s"
}

mkdir "$T/side"
chmod 777 "$T/side"
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {generateName: surv-}
spec:
  params: [{name: greeting, value: hello}]
  workspaces:
  - {name: claim, persistentVolumeClaim: {claimName: c}}
  - {name: side, emptyDir: {}}
  - {name: fresh, emptyDir: {}}
  pipelineSpec:
    params: [{name: greeting}]
    workspaces: [{name: claim}, {name: side}, {name: fresh}]
    results: [{name: said, value: $(tasks.last.results.all)}]
    tasks:
    - name: first
      workspaces: [{name: claim}, {name: side}]
      taskSpec:
        workspaces: [{name: claim}, {name: side}]
        results: [{name: word}]
        steps:
        - name: s
          image: busybox
          script: |
            echo first >>$(workspaces.side.path)/log
            echo kept >$(workspaces.claim.path)/file
            printf one >$(results.word.path)
    - name: second
      runAfter: [first]
      retries: 1
      params: [{name: word, value: $(tasks.first.results.word)}]
      workspaces: [{name: side}, {name: fresh}]
      taskSpec:
        params: [{name: word}]
        workspaces: [{name: side}, {name: fresh}]
        steps:
        - name: before
          image: busybox
          script: |
            ls $(workspaces.fresh.path) | sed 's/^/left: /'
            touch $(workspaces.fresh.path)/mark
        - name: s
          image: busybox
          script: |
            echo second $(params.word) $(context.task.retry-count) >>$(workspaces.side.path)/log
            [ "$(grep -c second $(workspaces.side.path)/log)" -ge 2 ] || sleep 1000
    - name: last
      runAfter: [second]
      workspaces: [{name: claim}, {name: side}]
      taskSpec:
        workspaces: [{name: claim}, {name: side}]
        results: [{name: all}]
        steps:
        - name: s
          image: busybox
          script: |
            echo last >>$(workspaces.side.path)/log
            printf %s "$(cat $(workspaces.claim.path)/file)" >$(results.all.path)
YAML

# --- somebody is at work

start "$T/in.yaml" second
run_on -w side="$T/side" --resume
is "$code" 2 "a run with a living agent cannot be resumed"
like "$err" "in use by process $pid" "its pid is named"
run_on
is "$code" 2 "nor can another run begin there"
like "$err" "in use by process $pid" "for the same reason"

# --- what is not the same

kill_run
cp "$T/run/journal" "$T/journal"
like "$(cat "$T/term")" 'Unknown Running' "a killed agent leaves a true statement"
run_on
is "$code" 2 "without --resume the directory is not touched"
like "$err" "holds a run already" "because there is a run in it"

cp "$T/in.yaml" "$T/good.yaml"
sed -i 's/echo last/echo laster/' "$T/in.yaml"
run_on -w side="$T/side" --resume
is "$code" 2 "an edited pipeline is refused"
like "$err" "$T/in.yaml:55:19: error: PipelineRun/surv-" "the place is named"
like "$err" "tasks[2].taskSpec.steps[0].script is not what it was [resume-changed]" "and what it is"
like "$err" "--resume=force" "and what can be done"
cp "$T/good.yaml" "$T/in.yaml"
run_on -w side="$T/side" -p greeting=bye --hermetic --max-parallel 3 --resume
is "$code" 2 "other options are refused"
like "$err" "-p greeting is not what the run was started with" "a param"
like "$err" "--hermetic is not" "no network"
like "$err" "--max-parallel is not" "task runs at once"
run_on --resume
is "$code" 2 "another directory for a workspace is refused"
like "$err" "-w side is not what" "by name"
sed 's/retries: 1/retries: 1 # as before/; s/generateName: surv-/"generateName": "surv-"/' \
	"$T/good.yaml" >"$T/in.yaml"
cmp -s "$T/journal" "$T/run/journal"
ok $? "the journal is as it was after all of this"

# --- going on; comments and quotes are no difference

run_on -w side="$T/side" --resume --termination-log "$T/term"
is "$code" 0 "the run goes on to its end"
is "$(sed 's/second.*/second/' "$T/side/log" | tr '\n' ' ')" "first second second last " \
	"what had ended did not run again, what was interrupted did"
is "$(grep second "$T/side/log" | sort -u)" "second one 0" "with the same result and retry-count"
is "$(json 'run["status"]["results"][0]["value"]')" kept "what a claim held is there"
is "$(json 'cond(run)["reason"]')" Succeeded "run.json has the end"
like "$(cat "$T/term")" '"value":"True Succeeded' "the termination file, too"
like "$out" "note: resumed 1 time" "the summary says that it was resumed"
name=$(basename "$T"/run/logs/*-second)
[ -e "$T/run/logs/$name/0/before.log" ] && [ -e "$T/run/logs/$name/1/before.log" ]
ok $? "both attempts have their logs"
is "$(cat "$T/run/logs/$name/1/before.log")" "" "an emptyDir of an unfinished task is fresh"
is "$(json "'retriesStatus' in tasks['$name']['status']")" False "an interruption is no retry"
[ ! -e "$T/run/scratch" ] && [ ! -e "$T/run/scratch.old" ]
ok $? "nothing of the killed agent is left in the run directory"

cp "$T/run/journal" "$T/journal"
run_on -w side="$T/side" --resume
is "$code" 0 "a run that is done ends as it ended"
like "$out" "succeeded" "its outcome is told"
like "$out" "note: it had ended before: nothing was started" "and that it is an old one"
like "$out" "note: resumed 1 time" "which was resumed"
cmp -s "$T/journal" "$T/run/journal" && is "$(grep -c . "$T/side/log")" 4 "nothing was started"

# --- looking at the journal

monopod describe --journal "$T/run"
is "$code" 0 "describe --journal"
is "$(printf '%s\n' "$out" | grep -c .)" "$(grep -c . "$T/run/journal")" "has a line for each record"
like "$out" "> resume" "events are marked"
like "$out" "task-interrupted   $name/0" "with their subjects"
monopod describe --journal "$T/run" -o json
is "$(printf '%s\n' "$out" | python3 -c 'import json,sys; print({type(json.loads(l)) for l in sys.stdin})')" "{<class 'dict'>}" \
	"-o json is an object a line"
cp -r "$T/run" "$T/torn"
printf 'half a rec' >>"$T/torn/journal"
monopod describe --journal "$T/torn"
like "$out" "the last 10 bytes" "a torn tail is told"

# --- a journal that was damaged, not cut short

cp "$T/side/log" "$T/log.before"
for line in 1 4; do
	cp "$T/journal" "$T/run/journal"
	sed -i "${line}s/kind/kinD/" "$T/run/journal"
	cp "$T/run/journal" "$T/journal.damaged"
	run_on -w side="$T/side" --resume
	is "$code" 2 "damage in line $line is no torn tail"
	like "$err" "is damaged, whole ones stand behind it" "and is said"
	cmp -s "$T/journal.damaged" "$T/run/journal" && cmp -s "$T/log.before" "$T/side/log"
	ok $? "nothing ran, nothing was cut off"
	monopod describe --journal "$T/run"
	like "$out" "is damaged: it and what is behind it are not shown" "nor is it told as the end"
done
run_on -w side="$T/side" --resume=force
is "$code" 0 "--resume=force goes on from there"
like "$err" " bytes from there on are cut off" "and says what is lost"
printf '%s\n' '10b9c12c {"kind":"a\u001b[31m","task":"b\u001b[31m","\u001b[31mc":"d\u001b[31m"}' >>"$T/run/journal"
sum=$(tail -n 1 "$T/run/journal" | cut -c10- | tr -d '\n' | python3 -c 'import sys, zlib; print("%08x" % zlib.crc32(sys.stdin.buffer.read()))')
sed -i "\$s/^......../$sum/" "$T/run/journal"
monopod describe --journal "$T/run"
is "$(tail -n 1 "$T/out" | tr -s ' ')" ' a b c="d\u001b[31m"' "what a record says is shown"
unlike "$out" $'\e' "without the escapes in it"

# --- with another input all the same

cp "$T/good.yaml" "$T/in.yaml"
start "$T/in.yaml" second
kill_run
sed -i 's/echo last/echo laster/' "$T/in.yaml"
run_on -w side="$T/side" --resume=force
is "$code" 0 "--resume=force goes on"
is "$(tail -1 "$T/side/log")" laster "with what is there now"
like "$out" "resumed 1 time, the last time with another input (--resume=force)" "and the summary says so"
like "$(cat "$T/run/journal")" '"forced":true' "the journal as well"
run_on -w side="$T/side" --resume
is "$code" 0 "from then on it is that input"

# --- several runs in one input

for n in one two three; do
	cat <<-YAML
		---
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: $n}
		spec:
		  workspaces: [{name: side, emptyDir: {}}]
		  taskSpec:
		    workspaces: [{name: side}]
		    steps:
		    - name: s
		      image: busybox
		      script: |
		        echo $n >>\$(workspaces.side.path)/log
		        [ $n != one ] || exit 3
		        [ $n != two ] || [ "\$(grep -c two \$(workspaces.side.path)/log)" -ge 2 ] || sleep 1000
	YAML
done >"$T/in.yaml"
start "$T/in.yaml" two
kill_run
run_on -w side="$T/side" --resume
is "$code" 1 "of several runs the first failure counts, also after a resume"
is "$(tr '\n' ' ' <"$T/side/log")" "one two two three " "the first keeps its end, the second goes on, the third begins"
is "$(json '[(i["metadata"]["name"], cond(i)["status"]) for i in d["items"]]')" \
	"[('one', 'False'), ('two', 'True'), ('three', 'True')]" "run.json has them all"
run_on -w side="$T/side" --resume two
is "$code" 2 "one of them alone is something else"

# --- nothing to go on with

cp "$T/good.yaml" "$T/in.yaml"
echo "second" >"$T/side/log"
rm -rf "$T/run"
run_on -w side="$T/side" --resume
is "$code" 0 "--resume starts a run where there is no directory"
rm -rf "$T/run"
mkdir "$T/run"
run_on -w side="$T/side" --resume
is "$code" 0 "and in an empty one"
sed -i 's/echo last .*/exit 7/' "$T/in.yaml"
rm -rf "$T/run"
run_on -w side="$T/side" --resume
is "$code" 1 "a run that fails"
run_on -w side="$T/side" --resume
is "$code" 1 "is not run again"

# --- as the first process of a container, which is killed and started again

cp "$T/good.yaml" "$T/in.yaml"
rm -rf "$T/run"
: >"$T/side/log"
contained() {
	unshare --pid --fork --mount-proc "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" \
		-w side="$T/side" --resume
}
contained >"$T/out" 2>&1 &
pid=$!
wait_for 30 grep -q ^second "$T/side/log"
kill -KILL "$(pgrep -P "$(pgrep -P "$pid" unshare || echo "$pid")")"
wait "$pid"
contained >"$T/out" 2>&1
is $? 0 "a container that is started again goes on"
like "$(cat "$T/out")" "resumed 1 time" "with the same command line"

# --- a sidecar whose startup probe had not succeeded

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  workspaces: [{name: side, emptyDir: {}}]
  pipelineSpec:
    workspaces: [{name: side}]
    tasks:
    - name: first
      workspaces: [{name: side}]
      taskSpec:
        workspaces: [{name: side}]
        steps: [{name: s, image: busybox, script: "echo first >>$(workspaces.side.path)/log"}]
    - name: waits
      runAfter: [first]
      workspaces: [{name: side}]
      taskSpec:
        workspaces: [{name: side}]
        volumes: [{name: own, emptyDir: {}}]
        steps:
        - {name: s, image: busybox, script: "echo step >>$(workspaces.side.path)/log"}
        sidecars:
        - name: db
          image: busybox
          volumeMounts: [{name: own, mountPath: /own}]
          script: |
            echo sidecar $(ls /own | wc -l) >>$(workspaces.side.path)/log; : >/own/mark
            trap 'exit 0' TERM; while :; do sleep 0.1; done
          startupProbe:
            # no variables there; not before the sidecar itself has come so far
            exec: {command: [sh, -c, "test -e /own/mark && echo probe >>/workspace/side/log && test -e /workspace/side/ready"]}
            periodSeconds: 60
            timeoutSeconds: 30
            failureThreshold: 2
YAML
start "$T/in.yaml" probe
kill_run
is "$(grep -c step "$T/side/log")" 0 "no step ran before the sidecar was ready"
: >"$T/side/ready"
run_on -w side="$T/side" --resume
is "$code" 0 "a run that waited for a startup probe goes on" || echo "# $err"
is "$(grep -v probe "$T/side/log" | tr '\n' ' ')" "first sidecar 0 sidecar 0 step " \
	"the sidecar starts anew, and the step after it"
is "$(sed -n '/^sidecar/=; /^probe/=' "$T/side/log" | wc -l) $(sed -n '$p' "$T/side/log")" \
	"$(($(wc -l <"$T/side/log") - 2)) step" "asked before the step, not after"
is "$(json "'retriesStatus' in tasks['p-waits']['status']")" False "and that is no retry"
is "$(json "tasks['p-waits']['status']['sidecars'][0]['terminated']['exitCode']")" 0 "it is stopped as ever"

# --- a journal that is none of ours

for kind in link fifo directory "hard link" "world-writable" "of somebody else" "of a later format" "of no header"; do
	rm -rf "$T/run/journal"
	case $kind in
	link) ln -s "$T/journal" "$T/run/journal" ;;
	fifo) mkfifo "$T/run/journal" ;;
	directory) mkdir "$T/run/journal" ;;
	"hard link") ln "$T/journal" "$T/run/journal" ;;
	world-writable) cp "$T/journal" "$T/run/journal" && chmod 666 "$T/run/journal" ;;
	"of somebody else") cp "$T/journal" "$T/run/journal" && chown 12345 "$T/run/journal" ;;
	"of a later format") printf '%s\n' '42c4488f {"journal":2,"kind":"header"}' >"$T/run/journal" ;;
	"of no header") sed 1d "$T/journal" >"$T/run/journal" ;;
	esac
	run_on -w side="$T/side" --resume
	is "$code" 2 "a journal that is a file $kind is refused"
done

# --- steps cannot reach any of it

cat >"$T/in.yaml" <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: thief}
spec:
  taskSpec:
    steps:
    - name: s
      image: busybox
      script: |
        for f in journal lock control run.json; do
          for at in $T/run /run/monopod .; do
            [ ! -e \$at/\$f ] || echo "sees \$at/\$f"
            { echo x >>\$at/\$f; } 2>/dev/null && [ \$at != . ] && echo "writes \$at/\$f"
          done
        done
        ls -l /proc/self/fd/ | grep -E 'lock|journal|pidfd' | sed 's/^/has /'
        for f in /proc/1/fd/*; do readlink \$f 2>/dev/null | sed 's/^/sees of step-init /'; done
        for s in PWR TERM KILL; do kill -\$s 1; done
        true
YAML
for map in busybox=busybox busybox=host; do
	rm -rf "$T/run"
	run_on --image-map "$map"
	is "$code" 0 "a step that tries to reach the run directory ($map)"
	is "$(log thief s | grep -E '^(sees|writes|has)')" "" "finds nothing of it"
done
rm -rf "$T/run"
done_testing
