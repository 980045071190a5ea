#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The agent killed a few times at random and at each call by which a small run changes what lasts; `make torture` does it at length.
. tests/helpers/tap.sh

campaign() { # NAME OPTIONS…
	local name=$1 said
	shift
	said=$(TMPDIR=$T python3 tests/torture/crash/run --images "$IMAGES" "$@" 2>&1)
	ok $? "$name: ${said##*$'\n'}" "$said"
}

[ "$(id -u)" = 0 ] || skip_all "needs root to look at processes"
campaign "killed at random" --kills 20
campaign "journal torn" --tears 12
if [ "${VARIANT:-debug}" != debug ]; then
	skip "killed at each change" "the leak checker cannot work on a traced process"
elif ! "$BUILD/tests/helpers/inject" -- true; then
	skip "killed at each change" "no other process can be traced here"
else
	campaign "killed at each change" --writes
fi

# the check itself: a task that has ended must not run again
sed 's/self.effects(r\["task"\]))$/self.effects(r["task"]) + "more")/' tests/torture/crash/run >"$T/run.py"
HERE=tests/torture/crash TMPDIR=$T python3 "$T/run.py" --images "$IMAGES" --kills 2 --seed 3 >"$T/out" 2>&1
[ $? != 0 ] && grep -q "ran again" "$T/out"
ok $? "a task that runs again is found" "$(cat "$T/out")"
done_testing
