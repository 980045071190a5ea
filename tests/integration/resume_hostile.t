#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What others left in a run directory makes the agent write nowhere else; a resume that is refused takes nobody's record away.
. tests/helpers/tap.sh

go() { # OPTIONS…: $T/in.yaml in $T/run, as it is
	run_on -w side="$T/side" --termination-log "$T/term" "$@"
}

# start: in the background, until the second task waits
start() {
	rm -rf "$T/side"/*
	: >"$T/term"
	start_run "$T/in.yaml" -w side="$T/side" --termination-log "$T/term" "$@"
	wait_for 30 test -e "$T/side/second"
}

mkdir "$T/side"
chmod 777 "$T/side"
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  workspaces:
  - {name: side, emptyDir: {}}
  - {name: template, volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce]}}}
  pipelineSpec:
    workspaces: [{name: side}, {name: template}]
    results: [{name: r, value: $(tasks.first.results.r)}]
    tasks:
    - name: first
      workspaces: [{name: side}, {name: template}]
      taskSpec:
        workspaces: [{name: side}, {name: template}]
        results: [{name: r}]
        steps: [{name: s, image: busybox, script: "printf one >$(results.r.path); echo first"}]
    - name: second
      runAfter: [first]
      workspaces: [{name: side}]
      taskSpec:
        workspaces: [{name: side}]
        steps:
        - name: s
          image: busybox
          script: |
            touch $(workspaces.side.path)/second
            echo second
            until [ -e $(workspaces.side.path)/go ]; do sleep 0.02; done
YAML

# --- a living agent keeps its record

start
like "$(cat "$T/term")" "Unknown Running" "a run that waits"
wait_for 30 grep -q task/p-first "$T/term"
before=$(cat "$T/term")
go --resume
is "$code" 3 "its termination file is not taken by another command"
like "$err" "termination file '$T/term' is in use by process $pid" "which is told why"
is "$(cat "$T/term")" "$before" "and the record is as it was"
go
is "$code" 3 "nor by a run of its own"
is "$(cat "$T/term")" "$before" "nor is it then"
: >"$T/other"
run_on -w side="$T/side" --termination-log "$T/other" --resume
is "$code" 2 "a resume beside it, with a file of its own"
like "$err" "in use by process $pid" "is refused for the run directory"
like "$(cat "$T/other")" '"Unknown NotResumed run directory' "and says of the run that it does not know"
is "$(cat "$T/term")" "$before" "the living one's is as it was"
touch "$T/side/go"
wait "$pid"
is $? 0 "the run ends"
like "$(cat "$T/term")" '"True Succeeded' "with its last word"

# --- a dead one's is not taken back either

start
kill_run
cp "$T/in.yaml" "$T/good.yaml"
sed -i 's/echo second/echo other/' "$T/in.yaml"
go --resume
is "$code" 2 "another input is refused"
like "$(cat "$T/term")" '"Unknown NotResumed' "which says nothing about the steps that ran"
unlike "$(cat "$T/term")" '"False' "as False Invalid would"
cp "$T/good.yaml" "$T/in.yaml"
touch "$T/side/go"
go --resume --image-map busybox=dir:/nonexistent
[ "$code" != 0 ]
ok $? "nor without its image"
like "$(cat "$T/term")" '"Unknown NotResumed' "the same"
go --resume
is "$code" 0 "then it goes on"

# --- links in the run directory

mkdir "$T/away"
chmod 755 "$T/away"
# hostile WHAT COMMAND…: done to the directory of a killed run
hostile() {
	local what=$1 seen
	shift
	start
	kill_run
	touch "$T/side/go"
	rm -rf "$T/away"/*
	echo precious >"$T/away/file"
	(cd "$T/run" && "$@")
	seen=$(ls -lR "$T/away"; cat "$T/away/file")
	timeout 60 "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" -w side="$T/side" --resume \
		>"$T/out" 2>"$T/err" </dev/null
	code=$?
	is "$(ls -lR "$T/away"; cat "$T/away/file")" "$seen" "$what: nothing is written there"
}
replace() { # NAME TARGET
	rm -rf "$1"
	ln -s "$2" "$1"
}
for name in logs workspaces results; do
	hostile "a link $name" replace $name "$T/away"
	is "$code" 3 "a link $name is refused" || cat "$T/err"
	like "$(cat "$T/err")" "'$name' in it is not a directory" "with its name"
done
hostile "a link runs" replace runs "$T/away"
is "$code" 3 "a link runs is refused"
hostile "a link in logs/" sh -c 'rm -rf logs/p-second; ln -s "$1" logs/p-second' - "$T/away"
[ "$code" != 0 ]
ok $? "a link in logs/ is no success" "$code"
hostile "a link of an attempt" ln -s "$T/away" logs/p-second/1
[ "$code" != 0 ]
ok $? "a link of an attempt is no success" "$code"
mkdir_with() { # COMMAND…: in the directory of the next attempt
	mkdir -p logs/p-second/1
	chmod 700 logs/p-second/1
	(cd logs/p-second/1 && "$@")
}
hostile "a log that is a link" mkdir_with ln -s "$T/away/file" s.log
hostile "a log that is a hard link" mkdir_with ln "$T/away/file" s.log
hostile "a log that is a FIFO" mkdir_with mkfifo s.log
[ "$code" != 124 ]
ok $? "a FIFO stops nobody"
hostile "run.json that is a link" replace run.json "$T/away/file"
is "$code" 0 "a link run.json is replaced"
[ ! -L "$T/run/run.json" ]
ok $? "by a file"
hostile "a lock that is a link" sh -c 'rm -f lock; ln -s "$1" lock' - "$T/away/file"
[ "$code" != 0 ]
ok $? "is refused"
hostile "a lock that is a hard link" sh -c 'rm -f lock; ln "$1" lock' - "$T/away/file"
is "$code" 2 "is refused" || cat "$T/err"
hostile "a scratch that is a link" replace scratch "$T/away"
is "$code" 0 "is removed"
hostile "a link as a claim" sh -c 'rm -rf workspaces/*; for f in '"$(ls "$T/run/workspaces")"'; do ln -s "$1" workspaces/$f; done' - "$T/away"
hostile "a journal by way of a link" sh -c 'mkdir "$1/p"; mv journal "$1/p"; ln -s "$1" runs' - "$T/away"
[ "$code" != 0 ]
ok $? "is none"

# --- whoever only looks is led nowhere either

start
kill_run
rm "$T/run/run.json"
mkfifo "$T/run/run.json"
timeout 20 "$MONOPOD" describe "$T/run" >"$T/out" 2>&1 </dev/null
is $? 2 "describe of a run.json that is a FIFO ends"
rm -rf "$T/run" "$T/away"/*
touch "$T/side/go"
go
mkdir "$T/away/0"
echo elsewhere >"$T/away/0/s.log"
rm -rf "$T/run/logs/p-first"
ln -s "$T/away" "$T/run/logs/p-first"
monopod logs --run-dir "$T/run" first s
unlike "$out" elsewhere "logs follows no link"
sed -i 's,"name": "p-first","name": "../../away",' "$T/run/run.json"
monopod logs --run-dir "$T/run"
unlike "$out" elsewhere "nor a name that leads away"
done_testing
