#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages of the named sets: packages.sh build|test|talk...
# Quick and offline when all is installed. As root, or with sudo.
set -eu

build='gcc libc6-dev make binutils pkg-config dpkg-dev patch xz-utils libyaml-dev libcjson-dev libseccomp-dev
	libcap-dev libevent-dev libssl-dev zlib1g-dev libzstd-dev busybox-static uidmap'
talk='mmdebstrap git'
test="$talk libcmocka-dev clang libclang-rt-dev clang-format clang-tidy cppcheck libarchive-dev file
	buildah podman runc crun skopeo umoci bubblewrap catatonit debootstrap valgrind strace python3 procps
	libcap2-bin attr zstd util-linux dash busybox-static shellcheck python3-yaml python3-jsonschema"

want=
for set in "$@"; do
	case $set in
	build) want="$want $build" ;;
	talk) want="$want $talk" ;;
	test) want="$want $test" ;;
	*) echo "packages.sh: unknown set '$set'" >&2; exit 2 ;;
	esac
done

missing() {
	for p in $want; do
		state=$(dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | sort -u) || :
		case $state in installed*) ;; *) printf ' %s' "$p" ;; esac
	done
}

need=$(missing)
[ -n "$need" ] || exit 0

as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Options::=--force-confold \
		-o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

echo "setup: installing$need"
# Stale or missing package lists are renewed once; fresh ones are taken as they are.
apt install --no-install-recommends $need || { apt update && apt install --no-install-recommends $need; }
need=$(missing)
[ -z "$need" ] || { echo "setup: not installed:$need" >&2; exit 1; }
