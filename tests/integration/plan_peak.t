#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plan --resources against runs that are played state by state (tests/kubernetes/peak.py), by code that has nothing of ours.
. tests/helpers/tap.sh
command -v python3 >/dev/null || skip_all "no python3"

told=$(python3 tests/kubernetes/peak.py "$MONOPOD" "${PEAK_SEED:-1}" "${PEAK_RUNS:-60}")
ok $? "the peak is that of the schedule, with and without --max-parallel: $(tail -1 <<<"$told")" "$told"
done_testing
