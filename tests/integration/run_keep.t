#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --keep: which directories of earlier runs stay.
. tests/helpers/tap.sh

mkdir "$T/cwd"
# start NAME EXIT WORDS…: a run of that name and exit code, in the default place
start() {
	local name=$1 exit=$2
	shift 2
	echo "exit $exit" | script "$name"
	(cd "$T/cwd" && exec "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" "$@" >"$T/out" 2>"$T/err" </dev/null)
	code=$?
}
there() { ls "$T/cwd/.monopod/runs" | tr '\n' ' '; }

for exit in 0 1 0; do start r $exit; done
start r-other 0
start r 1 --keep all
is "$(there)" "r-0001 r-0002 r-0003 r-0004 r-other-0001 " "all are kept unless asked"

start r 0 --keep 3
is "$code" 0 "--keep 3"
is "$(there)" "r-0003 r-0004 r-0005 r-other-0001 " "leaves three of this name, itself included"

# one that runs, one that was interrupted, one that is no run, one that is a link
script r <<'SH'
echo up; sleep 1000
SH
(cd "$T/cwd" && exec "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" >/dev/null 2>&1 </dev/null) &
killed=$!
wait_for 30 grep -q up "$T/cwd/.monopod/runs/r-0006/logs/r/0/s.log" 2>/dev/null
kill -KILL "$killed"
wait "$killed" 2>/dev/null
(cd "$T/cwd" && exec "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" >/dev/null 2>&1 </dev/null) &
running=$!
wait_for 30 grep -q up "$T/cwd/.monopod/runs/r-0007/logs/r/0/s.log" 2>/dev/null
mkdir -p "$T/cwd/.monopod/runs/r-0008" "$T/elsewhere"
cp "$T/cwd/.monopod/runs/r-0003/run.json" "$T/elsewhere"
ln -s "$T/elsewhere" "$T/cwd/.monopod/runs/r-0009"
start r 0 --keep 1
is "$(there)" "r-0006 r-0007 r-0008 r-0009 r-0010 r-other-0001 " "what runs, was interrupted or is no run stays" || cat "$T/err"
[ -e "$T/elsewhere/run.json" ]
ok $? "a link is not followed"
kill "$running"
wait "$running"

start r 1
start r 0
start r 0 --keep failed
is "$(there)" "r-0006 r-0007 r-0008 r-0009 r-0011 r-0013 r-other-0001 " "failed: those that did not succeed, and this one"

# what was being removed when its remover was killed
mkdir -p "$T/cwd/.monopod/runs/.gone-r-0001/workspaces/deep"
start r 0
unlike "$(ls -A "$T/cwd/.monopod/runs")" gone "half a removal is finished by the next start"

for bad in 0 -1 some 1000001 ""; do
	start r 0 --keep "$bad"
	is "$code" 2 "--keep '$bad' is refused"
done
like "$(cat "$T/err")" "expected a number from 1, failed or all" "with what is expected"
done_testing
