#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many tasks in one PipelineRun: what each of them costs, in bytes, is the same for few and for many. No times are judged here.
. tests/helpers/tap.sh

# many SHAPE N: N tasks that refer to one Task, in a chain, side by side, or in layers of 100
many() {
	cat <<-'YAML'
		apiVersion: tekton.dev/v1
		kind: Task
		metadata: {name: one}
		spec:
		  params: [{name: num}]
		  steps: [{name: s, image: busybox, command: ["true"], args: [$(params.num)]}]
		---
		apiVersion: tekton.dev/v1
		kind: PipelineRun
		metadata: {name: many}
		spec:
		  pipelineSpec:
		    tasks:
	YAML
	awk -v shape="$1" -v n="$2" 'BEGIN {
		for (i = 0; i < n; i++) {
			after = ""
			if (shape == "chain" && i) after = ", runAfter: [t" i - 1 "]"
			if (shape == "layers" && i >= 100) {
				base = (int(i / 100) - 1) * 100
				after = ", runAfter: [t" base + i % 100 ", t" base + (i + 1) % 100 ", t" base + (i + 2) % 100 "]"
			}
			printf "    - {name: t%d, taskRef: {name: one}, params: [{name: num, value: \"%d\"}]%s}\n", i, i, after
		}
	}'
}

# peak ARG…: runs monopod; KiB of memory at most, and its exit code
peak() {
	python3 - "$MONOPOD" "$@" <<-'PY'
		import resource, subprocess, sys
		done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.returncode)
	PY
}

# nearly A B PERCENT: A is at most so much more than B
nearly() { [ $(($1 * 100)) -le $(($2 * (100 + $3))) ]; }

for shape in chain wide layers; do
	many "$shape" 10000 | yaml
	for verb in check plan; do
		read -r kib code < <(peak "$verb" -f "$T/in.yaml")
		is "$code" 0 "$verb of 10000 tasks, $shape"
		[ "${VARIANT:-debug}" = san ] || [ "$kib" -lt 65536 ]
		ok $? "takes less than 64 MiB" "$kib KiB"
	done
done

# what a task takes from its start to the end of the run, when nothing is executed
FEW=100 MANY=700
for n in $FEW $MANY; do
	many layers "$n" | yaml
	read -r "kib$n" code < <(peak run --dry-run -o plain -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/dry$n")
	is "$code" 0 "$n tasks run dry"
done
kib_few=kib$FEW kib_many=kib$MANY
bytes=$(((${!kib_many} - ${!kib_few}) * 1024 / (MANY - FEW)))
[ "${VARIANT:-debug}" = san ] || [ "$bytes" -lt 7000 ]
ok $? "a task takes less than 7000 bytes" "$bytes bytes"

# what the runs of so many and four times as many leave, by task
FEW=60 MANY=240
for n in $FEW $MANY; do
	many layers "$n" | yaml
	rm -rf "$T/run$n"
	read -r kib code < <(peak run -o plain -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run$n" --termination-log "$T/term$n" --max-parallel 8)
	is "$code" 0 "$n tasks run"
	declare "journal$n=$(($(wc -c <"$T/run$n/journal") * 10 / n))" "json$n=$(($(wc -c <"$T/run$n/run.json") * 10 / n))"
done
journal_few=journal$FEW journal_many=journal$MANY json_few=json$FEW json_many=json$MANY
nearly "${!journal_many}" "${!journal_few}" 5
ok $? "the journal is linear" "tenths of bytes a task: ${!journal_few} of $FEW, ${!journal_many} of $MANY"
nearly "${!json_many}" "${!json_few}" 5
ok $? "run.json is linear" "tenths of bytes a task: ${!json_few} of $FEW, ${!json_many} of $MANY"
[ "$(wc -c <"$T/term$MANY")" -le 4096 ]
ok $? "the termination file keeps within its bound"

done_testing
