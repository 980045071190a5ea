#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Out of memory: a step that the kernel kills, told from one that somebody else kills.
. tests/helpers/tap.sh

# group LIMIT: a memory cgroup for the run, of whichever version there is
group() {
	local path
	path=$(sed -n 's/^[0-9]*:[a-z,]*\bmemory\b[a-z,]*:\(.*\)/\1/p' /proc/self/cgroup)
	if [ -n "$path" ]; then
		for group in "/sys/fs/cgroup/memory$path/$1" "/sys/fs/cgroup/memory/$1"; do
			mkdir "$group" 2>/dev/null && echo "$2" >"$group/memory.limit_in_bytes" && return
		done
		return 1
	fi
	path=$(sed -n 's/^0:://p' /proc/self/cgroup)
	for group in "/sys/fs/cgroup$path/$1" "/sys/fs/cgroup/$1"; do
		mkdir "$group" 2>/dev/null && echo "$2" >"$group/memory.max" 2>/dev/null && return
		rmdir "$group" 2>/dev/null
	done
	return 1
}
name=monopod-test-$$
group $name 100M || skip_all "no memory cgroup can be made here"
trap 'tap_end; rmdir "$group"' EXIT

in_group() {
	rm -rf "$T/run"
	(
		echo "$BASHPID" >"$group/cgroup.procs"
		exec "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" --termination-log "$T/term" \
			>"$T/out" 2>"$T/err" </dev/null
	)
	code=$?
}

eat='awk '"'BEGIN { s = \"0123456789abcdef\"; while (1) s = s s }'"
script eater <<SH
exec $eat
SH
in_group
is "$code $(json 'cond(run)["reason"]')" "1 StepOOM" "a step that needs more memory than there is"
like "$(json 'cond(run)["message"]')" '"step-s" exited with code 137: OOMKilled' "in Tekton's words"
like "$(python3 tests/helpers/termination.py "$T/term" monopod/verdict)" "3 False StepOOM" "in the termination file"

script parent <<SH
$eat
exit \$?
SH
in_group
is "$code $(json 'cond(run)["reason"]')" "1 StepOOM" "a shell that tells of its child"

script other <<'SH'
kill -9 $$
SH
in_group
is "$code $(json 'cond(run)["reason"]')" "1 StepFailed" "killed by somebody else, for another reason"

script survivor <<SH
$eat || echo went on
SH
in_group
is "$code $(log survivor s | tail -n 1)" "0 went on" "a step that survives the end of its child succeeds"
done_testing
