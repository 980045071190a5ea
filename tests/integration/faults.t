#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A few system calls of each kind fail, once each; tests/torture/faults/run does it with all of them.
. tests/helpers/tap.sh

[ "${VARIANT:-debug}" = debug ] || skip_all "the leak checker cannot work on a traced process"
[ "$(id -u)" = 0 ] || skip_all "needs root to trace"
[ -x "$BUILD/tests/helpers/inject" ] || skip_all "no tests/helpers/inject"
"$BUILD/tests/helpers/inject" -- true
[ $? = 0 ] || skip_all "no other process can be traced here"

export TMPDIR=$T
for kind in $(python3 tests/torture/faults/run --kinds); do
	faults=$(python3 tests/torture/faults/run --images "$IMAGES" --sample 2 "$kind" 2>&1)
	ok $? "$kind fails: ${faults##*$'\n'}" "$faults"
done

# a worker whose start cannot be read of is at work all the same: the one that removes trees waits for orders
python3 tests/torture/faults/run --images "$IMAGES" --count "$T/count" >/dev/null
n=$(awk '$1 == "open" && $3 == "agent" && $5 == "/dev/null" { seen = 1 } seen && $1 == "read" && $3 == "main" && $5 ~ /^pipe:/ { n = $2; seen = 0 } END { print n }' "$T/count")
said=$(python3 tests/torture/faults/run --images "$IMAGES" --fault "read:$((n - 1)):EIO" --fault "read:$n:EIO" --fault "read:$((n + 1)):EIO" 2>&1)
ok $? "a worker that cannot be heard: ${said##*$'\n'}" "$said"

# a file system that has no sync, or cannot replace a file: said once, and the run goes on
script plain <<'SH'
echo hello
SH
for fault in "fsync:0+:EINVAL cannot sync a file" "rename:0:EINVAL cannot replace a file"; do
	rm -rf "$T/run"
	[ "${fault%%:*}" = rename ] || rm -rf "$STORE"
	"$BUILD/tests/helpers/inject" --fail "${fault%% *}" -- "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" \
		--run-dir "$T/run" >"$T/out" 2>"$T/err" </dev/null
	is "$?" 0 "a file system that ${fault#* }" || cat "$T/err"
	is "$(grep -c "is on a file system that ${fault#* }" "$T/err")" 1 "is told of once"
done

# the check itself
sed 's/if self.code in (0, 1) and not ended/if self.code in (0, 1) and ended/' tests/torture/faults/run >"$T/run.py"
HERE=tests/torture/faults python3 "$T/run.py" --images "$IMAGES" --fault owner:0:EIO >"$T/out" 2>&1
[ $? != 0 ]
ok $? "an outcome that is not truthful is found" "$(cat "$T/out")"
done_testing
