#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The power fails: some of the disks that may be left are gone on with; tests/torture/power/run does it with all of them.
. tests/helpers/tap.sh

[ "${VARIANT:-debug}" = debug ] || skip_all "the leak checker cannot work on a traced process"
[ "$(id -u)" = 0 ] || skip_all "needs root to trace"
"$BUILD/tests/helpers/inject" -- true
[ $? = 0 ] || skip_all "no other process can be traced here"

export TMPDIR=$T
said=$(python3 tests/torture/power/run --images "$IMAGES" --states 20 2>&1)
ok $? "${said//$'\n'/; }" "$said"

# the check itself: where no sync is believed, what was started is lost
sed 's/^        node.sure = .*/        return False/' tests/torture/power/run >"$T/run.py"
HERE=tests/torture/power python3 "$T/run.py" --images "$IMAGES" --states 20 --seed 1 pipeline >"$T/out" 2>&1
[ $? != 0 ] && grep -q "had been started, and the journal does not know" "$T/out"
ok $? "a loss is found" "$(cat "$T/out")"
done_testing
