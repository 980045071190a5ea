#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each check of tests/lint/run finds the mistake it is there for: a small tree with one mistake of every kind.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mkdir -p base spec agent sandbox images entrypoint include/monopod tests/unit tests/lint build/release/{agent,spec,sandbox}
cp "$top"/tests/lint/* tests/lint/
cp "$top/.clang-format" .
git init -q .
git -C . config core.excludesFile /dev/null
echo /build/ >.gitignore

spdx='/* SPDX-License-Identifier: Apache-2.0 */'
put() { printf '%s\n' "$spdx" "${@:2}" >"$1"; }
put include/monopod/sandbox.h '#ifndef A' '#define A' '#endif'
put include/monopod/spec.h '#ifndef B' '#define B' '#endif'
put sandbox/private.h '#ifndef C' '#define C' '#endif'
put agent/plan.c '#include <monopod/sandbox.h>' '#include <sandbox/private.h>'
put sandbox/probe.c '#include <monopod/spec.h>' '#include <yaml.h>'
put base/alone.h 'size_t alone(void);'
put base/utils.c '/* strcpy(a, b) in a comment is fine */' 'void f(char *a)' '{' '	strcpy(a, "sleep(1)");' '}'
put images/format.c 'int   badly( int a ) { return a; }'
echo 'int x;' >images/licence.c
put images/words.c '/* TO''DO: see /wo''rk/main and https://registry.invalid.nowhere/x */'
for i in $(seq 900); do echo "/* $i */"; done >>images/words.c
put sandbox/child.c '#include <string.h>' '#include <time.h>' 'char *child(const char *s);' \
	'char *child(const char *s)' '{' '	return strdup(s);' '}'
put spec/clock.c '#include <time.h>' 'int f(struct timespec *t);' 'int f(struct timespec *t)' '{' \
	'	return clock_gettime(0, t);' '}'
put spec/decode.c '#define REFUSED(name) .key = (name), .flags = FIELD_REFUSED' 'struct t t[] = {' \
	'	{REFUSED("told")},' '	{.key = "hidden", .flags = FIELD_REFUSED},' '};' 'void f(void)' '{' \
	'	decode_refuse(d, n, "moonshine of %s", s);' '}'
mkdir -p docs
printf '%s\n' '## Refused' '| `a.told`, `gone` | why |' 'end of refused' >docs/compatibility.md
echo memcpy >sandbox/child.allow
touch Makefile README.md
gcc -O2 -c -o build/release/sandbox/child.o sandbox/child.c
gcc -O2 -c -o build/release/spec/clock.o spec/clock.c
gcc -O2 -c -x c -o build/release/agent/plan.o /dev/null
git add -A

out=$(B=build/release CC=gcc CFLAGS='-I. -Iinclude' bash tests/lint/run 2>&1)
n=0
want() {
	n=$((n + 1))
	if grep -qE -- "$2" <<<"$out"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$out" | sed 's/^/# /'
	fi
}
want 'a contract of another layer' 'agent must not include the contract sandbox.h'
want 'an arrow that points up' 'sandbox must not include the contract spec.h'
want 'a private header' 'agent must not include the private header sandbox/private.h'
want 'a library in the wrong file' 'sandbox/probe.c:3:#include <yaml.h>'
want 'a banned call' 'base/utils.c:5:'
want 'a header that does not compile alone' 'base/alone.h does not compile alone'
want 'a symbol beyond the closed world' 'not on sandbox/child.allow: strdup'
want 'a clock in spec/' 'build/release/spec/clock.o needs clock_gettime'
want 'format' 'images/format.c.*clang-formatted'
want 'a file that is too long' 'images/words.c: 90. lines'
want 'a refused field that is not documented' 'not in the table of docs/compatibility.md: hidden'
want 'a documented refusal that is gone' 'listed in docs/compatibility.md and not refused: gone'
want 'another refusal that is not documented' 'not in docs/compatibility.md: moonshine of'
want 'a missing licence line' 'images/licence.c: no SPDX line'
want 'a note to self' 'images/words.c:2:.*TO''DO'
want 'a host' 'images/words.c:2:https://registry.invalid.nowhere'
want 'a name that says nothing' 'base/utils.c$'
want 'no static program' 'FAIL static'
n=$((n + 1))
if grep -qE 'base/utils.c:[23]:' <<<"$out"; then
	echo "not ok $n - a comment or a string is not a call"
else
	echo "ok $n - a comment or a string is not a call"
fi
echo "1..$n"
