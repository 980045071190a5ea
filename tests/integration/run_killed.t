#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The agent is killed: what stands then, what the next start says, what it clears away.
. tests/helpers/tap.sh

# in_runs WORDS…: monopod in a directory that keeps runs
mkdir "$T/cwd"
in_runs() {
	(cd "$T/cwd" && exec "$MONOPOD" "$@" >"$T/out" 2>"$T/err" </dev/null)
	code=$?
	out=$(cat "$T/out")
	err=$(cat "$T/err")
}
start=(run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --termination-log "$T/term")

# whatever a step can leave: names, modes, owners, depth, kinds, numbers
nasty='mkdir -p "$1" && cd "$1" && mkdir "$(printf "new\nline")" " " ./-rf sealed full && mkfifo p && ln -s / root && ln -s ../../../.. up
i=0; while [ $i -lt 300 ]; do mkdir d && cd d || exit 1; i=$((i + 1)); done; cd "$1"
touch sealed/file "$(printf "\\377")" && for i in $(seq 2000); do : >full/$i; done && chown 12:34 full/1 && chmod 0 sealed/file sealed'
yaml <<YAML
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: long}
spec:
  workspaces: [{name: w, emptyDir: {medium: Memory}}]
  pipelineSpec:
    workspaces: [{name: w}]
    tasks:
    - {name: first, taskSpec: {results: [{name: r}], steps: [{name: s, image: busybox, script: "printf kept >\$(results.r.path)"}]}}
    - name: second
      runAfter: [first]
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w}]
        steps:
        - name: s
          image: busybox
          script: |
            #!/bin/sh -e
            leave() {
$(sed 's/^/            /' <<<"$nasty")
            }
            for d in /left /workspace/left /tekton/home/left \$(workspaces.w.path)/left; do leave \$d; done; echo up
            sleep 1000
YAML
(cd "$T/cwd" && exec "$MONOPOD" "${start[@]}" >"$T/out" 2>"$T/err" </dev/null) &
dir=$T/cwd/.monopod/runs/long-0001
wait_for 60 grep -q up "$dir/logs/long-second/0/s.log" 2>/dev/null
ok $? "a run that leaves much" "$(cat "$T/err" "$dir"/logs/*/0/*.log 2>&1 | tail -n 5)"
pid=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v p="$!" '$1 == p { print $1 }')
init=$(cat /proc/"$pid"/task/"$pid"/children)
in_runs list
like "$out" "long                      Unknown" "is listed while it runs"
unlike "$out" Interrupted "as running"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
# shellcheck disable=SC2086 # pids
[ -n "$init" ] && wait_for 30 dead $init
ok $? "no process of a step outlives the agent"
like "$(term monopod/verdict)" "3 Unknown Running" "the provisional record stands"
is "$(term monopod/task/long-first)" "3 True Succeeded" "with the task that had ended"
in_runs list
like "$out" "Unknown  Interrupted" "list: interrupted"
in_runs describe
like "$out" "PipelineRun long  Unknown  Interrupted" "describe: interrupted"
like "$out" "result r = \"kept\"" "and how far it came"
in_runs list -o json
like "$out" '"reason": "Interrupted"' "for programs, too"
cp "$dir/run.json" "$T/whole.json"
sed -i '/"startTime"/d' "$dir/run.json"
in_runs describe
like "$out" "PipelineRun long  Unknown  Interrupted" "also when it was killed before its start was recorded"
sed -i 's/"name": "long"/"name": "long\\u001b[31m\\u001b]0;x\\u0007"/' "$dir/run.json"
for verb in describe list; do
	in_runs $verb
	like "$out" "long" "$verb: a name that somebody wrote"
	unlike "$out" $'\e' "is shown without its escapes"
done
cp "$T/whole.json" "$dir/run.json"
in_runs "${start[@]}" --run-dir "$dir"
is "$code" 2 "its directory is not used again"
like "$err" "holds a run already, which was interrupted" "which is said"
[ -e "$dir/scratch" ]
ok $? "what it left is there until the next start"

sed -i 's/sleep 1000/exit 0/; s/for d in .* echo up/true/' "$T/in.yaml"
in_runs "${start[@]}"
is "$code" 0 "a new start" || echo "# $err"
like "$err" "run 'long-0001' was interrupted" "tells of the old one"
[ ! -e "$dir/scratch" ] && [ ! -e "$dir/scratch.old" ]
ok $? "and removes what it left" "$(find "$dir/scratch" 2>&1 | head -n 5)"
is "$(cat "$dir/run.json" | python3 -c 'import json, sys; print(json.load(sys.stdin)["items"][1]["status"]["results"][0]["value"])')" kept \
	"but not its record"
in_runs "${start[@]}"
unlike "$err" "interrupted" "once"
in_runs list
is "$(grep -c Interrupted <<<"$out") $(grep -c True <<<"$out")" "1 2" "all three are listed for what they are"
done_testing
