#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Gates of the static program: one file, position independent, no name service of the C library in it, runs
# where nothing else is.
set -u
cd "$(dirname "$0")/../.." || exit 4
bin=build/static/monopod
failed=0

gate() {
	if [ -z "$2" ]; then
		printf 'ok   static: %s\n' "$1"
	else
		printf 'FAIL static: %s\n' "$1"
		printf '%s\n' "$2" | head -n 20 | sed 's/^/     /'
		failed=1
	fi
}

bare_run() {
	local dir status
	dir=$(mktemp -d)
	cp "$bin" "$dir/monopod"
	PATH=$PATH:/usr/sbin
	if [ "$(id -u)" = 0 ]; then
		chroot "$dir" /monopod --version
	else
		unshare -r chroot "$dir" /monopod --version
	fi >"$dir.out" 2>&1
	status=$?
	[ "$status" = 0 ] && grep -q monopod "$dir.out" || { echo "status $status"; cat "$dir.out"; }
	rm -rf "$dir" "$dir.out"
}

[ -x "$bin" ] || { echo "FAIL static: $bin is missing"; exit 1; }
gate 'static-pie' "$(file -b "$bin" | grep -q 'static-pie linked' || file -b "$bin")"
gate 'stripped' "$(file -b "$bin" | grep -qE ', stripped' || file -b "$bin")"
gate 'no warning of the linker about name services' \
	"$(grep -E 'getaddrinfo|gethostby|getserv|getproto|getpw|getgr' build/static/link.log)"
gate 'no name service switch' "$(nm "$bin.full" | grep -E '__nss_[a-z_]*lookup|__nss_module'
	grep -aoE 'libnss_[a-z%]*' "$bin" | sort -u)"
# OpenSSL of Debian 13 is 2 MB larger than that of Debian 12.
limit=8000000
[ "$(. /etc/os-release && echo "${VERSION_ID%%.*}")" = 12 ] || limit=10000000
gate "below $((limit / 1000000)) MB" "$(size=$(stat -c %s "$bin") && [ "$size" -lt $limit ] || echo "$size bytes")"
gate 'runs alone in an empty root' "$(bare_run)"
exit $failed
