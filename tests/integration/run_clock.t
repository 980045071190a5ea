#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The wall clock is set while a run goes on: its deadlines do not move.
. tests/helpers/tap.sh

[ "${VARIANT:-debug}" = debug ] || skip_all "a preloaded library comes before the sanitizer's"
cat >"$T/clock.c" <<'C'
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
/* a year later with every look, then back again */
int clock_gettime(clockid_t id, struct timespec *t)
{
	static int n;
	int r = (int)syscall(SYS_clock_gettime, id, t);

	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		t->tv_sec += (n++ % 3 - 1) * 365 * 86400L;
	return r;
}
C
${CC:-cc} -shared -fPIC -o "$T/clock.so" "$T/clock.c" 2>"$T/err" || skip_all "no library can be made: $(head -n 1 "$T/err")"

jumping() {
	rm -rf "$T/run"
	LD_PRELOAD=$T/clock.so timeout -s KILL 60 "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/run" \
		--termination-log "$T/term" >"$T/out" 2>"$T/err" </dev/null
	code=$?
}
years() { grep -oE '"20[0-9]{2}-' "$T/run/run.json" | sort -u; }

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: jump}
spec:
  timeouts: {pipeline: 1h}
  pipelineSpec:
    tasks:
    - {name: a, timeout: 10m, retries: 1, taskSpec: {steps: [{name: s, image: busybox, timeout: 5m, script: "sleep 1"}]}}
    - {name: b, runAfter: [a], taskSpec: {steps: [{name: s, image: busybox, command: ["true"]}]}}
    - {name: c, runAfter: [b], taskSpec: {steps: [{name: s, image: busybox, command: ["true"]}]}}
YAML
jumping
is "$code" 0 "a run while the clock jumps by years" || cat "$T/out"
[ "$(years | wc -l)" -gt 1 ]
ok $? "which its record shows" "$(years)"
monopod describe "$T/run"
is "$code" 0 "and describe can bear" || cat "$T/err"

script late <<'SH'
sleep 1000
SH
sed -i 's/^spec:/&\n  timeout: 2s/' "$T/in.yaml"
jumping
is "$code $(json 'cond(run)["reason"]')" "1 TaskRunTimeout" "a timeout comes when it is due"
done_testing
