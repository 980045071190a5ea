#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes an image from Debian packages: from-debian.sh LAYOUT REF PACKAGE... [-- PACK-OPTION...]
# The packages come from the archive and the release that this machine's own apt is configured for. The root file system is
# made by mmdebstrap and packed into the OCI layout LAYOUT under the reference REF by monopod itself ($MONOPOD, default
# build/debug/monopod). Nothing is done when LAYOUT already holds an image made from the same recipe.
set -eu

die() {
	echo "from-debian.sh: $*" >&2
	exit 1
}

[ $# -ge 3 ] || die "usage: from-debian.sh LAYOUT REF PACKAGE... [-- PACK-OPTION...]"
layout=$1
ref=$2
shift 2
packages=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	packages="$packages$1
"
	shift
done
[ $# -eq 0 ] || shift
packages=$(printf %s "$packages" | LC_ALL=C sort -u | paste -sd, -)
monopod=${MONOPOD:-build/debug/monopod}
# shellcheck disable=SC1091 # every Debian has it
release=$(. /etc/os-release && echo "${VERSION_CODENAME:?}")

recipe=$(printf '%s\n' "$release" "$ref" "$packages" "$@" | cat - "$0" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$layout/recipe" 2>/dev/null)" = "$recipe" ]; then
	echo "image $ref: up to date in $layout"
	exit 0
fi
command -v mmdebstrap >/dev/null || die "mmdebstrap: not found; run 'make setup'"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] && options="[signed-by=$keyring] " || options=
sources=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
	'Created-By: Packages' 'Origin: Debian' | sort -u | sed "s|^|deb $options|")
[ -n "$sources" ] || die "apt lists no Debian archive; run 'apt-get update'"

work=$(mktemp -d "${TMPDIR:-/tmp}/monopod-image.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

echo "image $ref: making it from the $release packages $packages"
printf '%s\n' "$sources" | mmdebstrap --quiet --variant=minbase --include="$packages" \
	--dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
	--customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/var/log/*' \
	"$release" "$work/root" - >"$work/log" 2>&1 || {
	tail -n 20 "$work/log" >&2
	die "mmdebstrap failed"
}
# nobody makes at a start what sshd wants; mmdebstrap leaves /run empty
[ ! -x "$work/root/usr/sbin/sshd" ] || mkdir -p "$work/root/run/sshd"
rm -rf "$layout"
mkdir -p "$(dirname "$layout")"
"$monopod" image pack "$work/root" --tag "$ref" --layout "$layout" --cmd '["bash"]' \
	--env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
printf '%s\n' "$recipe" >"$layout/recipe"
