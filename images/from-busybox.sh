#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a small image from Debian's busybox-static: from-busybox.sh LAYOUT REF. It holds one program, its names in /bin, and the few files
# that a user lookup and a shell expect. Nothing is done when LAYOUT already holds it.
set -eu

die() {
	echo "from-busybox.sh: $*" >&2
	exit 1
}

[ $# -eq 2 ] || die "usage: from-busybox.sh LAYOUT REF"
layout=$1
ref=$2
monopod=${MONOPOD:-build/debug/monopod}
busybox=/bin/busybox
[ -x "$busybox" ] || die "$busybox: not found; run 'make setup'"

recipe=$(printf '%s\n' "$ref" | cat - "$0" "$busybox" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$layout/recipe" 2>/dev/null)" = "$recipe" ]; then
	echo "image $ref: up to date in $layout"
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/monopod-image.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
root=$work/root
umask 022
mkdir -p "$root/bin" "$root/etc" "$root/root" "$root/tmp" "$root/usr/bin" "$root/var"
chmod 1777 "$root/tmp"
cp "$busybox" "$root/bin/busybox"
for name in $("$busybox" --list); do
	[ "$name" = busybox ] || ln -s busybox "$root/bin/$name"
done
ln -s ../../bin/env "$root/usr/bin/env"
printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/false' >"$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"

rm -rf "$layout"
mkdir -p "$(dirname "$layout")"
"$monopod" image pack "$root" --tag "$ref" --layout "$layout" --cmd '["sh"]' --env PATH=/bin:/usr/bin
printf '%s\n' "$recipe" >"$layout/recipe"
