#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run --results-dir: what is written there, and what is refused before the start. As a step of Tekton's: tekton_step.t.
. tests/helpers/tap.sh

# --- what is written ----------------------------------------------------------------------------

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: give}
spec:
  pipelineSpec:
    results:
    - {name: text, value: $(tasks.a.results.text)}
    - {name: list, type: array, value: ["$(tasks.a.results.list[*])"]}
    - {name: map, type: object, value: "$(tasks.a.results.map[*])"}
    - {name: never, value: $(tasks.b.results.r)}
    tasks:
    - name: a
      taskSpec:
        results: [{name: text}, {name: list, type: array}, {name: map, type: object, properties: {k: {}}}]
        steps:
        - name: s
          image: busybox
          script: |
            printf 'line <é>\nend' > $(results.text.path)
            printf '["a", "<b>"]' > $(results.list.path)
            printf '{"k": "v"}' > $(results.map.path)
    - {name: b, runAfter: [a], taskSpec: {results: [{name: r}], steps: [{name: s, image: busybox, script: "exit 1"}]}}
YAML
run --results-dir "$T/results/deep"
is "$code" 1 "a run that fails"
is "$(ls "$T/results/deep" | tr '\n' ' ')" "list map text " "has the results that there are, one file each"
is "$(cat "$T/results/deep/text")" "line <é>
end" "a string as it is"
is "$(cat "$T/results/deep/list") $(cat "$T/results/deep/map")" '["a","\u003cb\u003e"] {"k":"v"}' "arrays and objects as Tekton's entrypoint writes them"
is "$(stat -c %a "$T/results/deep/text") $(stat -c %a "$T/run/results/text")" "644 600" "for others to read there, for nobody else in the run directory"

# --- where it cannot be written -----------------------------------------------------------------

refused() { # WHY DIR
	run --results-dir "$2"
	is "$code" 3 "$1: refused before the start"
	like "$err" "--results-dir '$2'" "which is said"
	[ ! -e "$T/run" ]
	ok $? "and leaves nothing"
}
refused "a place in /proc" /proc/1/nosuch
: >"$T/file"
refused "a file" "$T/file"
refused "below a file" "$T/file/x"
ln -s "$T/nowhere" "$T/dangling"
mkdir "$T/mnt-ro"
if mount -t tmpfs -o ro none "$T/mnt-ro" 2>/dev/null; then
	refused "a read-only file system" "$T/mnt-ro/new"
	refused "its root" "$T/mnt-ro"
else
	skip "a read-only file system" "tmpfs cannot be mounted"
fi
mkdir -m 555 "$T/locked"
if [ "$(id -u)" = 0 ] && setpriv --reuid 43210 --regid 43210 --clear-groups true; then
	mkdir -m 777 "$T/low"
	setpriv --reuid 43210 --regid 43210 --clear-groups "$MONOPOD" run -f "$T/in.yaml" --images "$IMAGES" --store "$T/low/store" \
		--run-dir "$T/low/run" --results-dir "$T/locked/x" >"$T/out" 2>"$T/err" </dev/null
	is $? 3 "a directory of somebody else: refused before the start"
	like "$(cat "$T/err")" "--results-dir '$T/locked/x': write there: permission denied" "which is said"
else
	skip "a directory of somebody else" "needs root"
fi
cat "$T/in.yaml" >"$T/two.yaml"
{
	echo ---
	sed 's/name: give/name: give-more/' "$T/in.yaml"
} >>"$T/two.yaml"
cp "$T/in.yaml" "$T/one.yaml" && cp "$T/two.yaml" "$T/in.yaml"
run --results-dir "$T/results2"
is "$code" 2 "two runs cannot share one directory"
like "$err" "--results-dir is for one run, and the input has 2; name one of them" "which is said"
[ ! -e "$T/results2" ]
ok $? "and leaves nothing"
run --results-dir "$T/results2" give-more
is "$code $(ls "$T/results2" | wc -l)" "1 3" "the one that is named can"

done_testing
