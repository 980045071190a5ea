#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches cJSON.c and cJSON.h of Debian's source package into a directory: cjson.sh DIR
# Debian has no static archive of cJSON, so the static build compiles the one file. The source list is derived
# from apt's own configuration and kept, with its package lists, in a private place: nothing in /etc or
# /var/lib/apt changes. apt checks the signature of the lists with Debian's keys, and the files with the lists.
set -eu

dir=$1
[ -s "$dir/cJSON.c" ] && [ -s "$dir/cJSON.h" ] && exit 0
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM
mkdir -p "$tmp/lists/partial" "$tmp/archives/partial" "$tmp/src" "$tmp/parts"

targets() {
	apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u
}
if [ -z "$(targets)" ]; then
	[ "$(id -u)" = 0 ] && as_root= || as_root=sudo
	$as_root apt-get -q update </dev/null
fi
key=/usr/share/keyrings/debian-archive-keyring.gpg
opt=
[ -r "$key" ] && opt="[signed-by=$key] "
targets | sed "s|^deb-src |deb-src $opt|" >"$tmp/sources.list"
[ -s "$tmp/sources.list" ] || { echo 'setup: apt knows no Debian archive to take cJSON from' >&2; exit 1; }

# Sources that apt cannot verify are refused, whatever apt's own configuration says.
apt_private() {
	apt-get -q -o Dir::Etc::sourcelist="$tmp/sources.list" -o Dir::Etc::sourceparts="$tmp/parts" \
		-o Dir::State::lists="$tmp/lists" -o Dir::Cache="$tmp" -o Dir::Cache::archives="$tmp/archives" \
		-o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3 \
		-o Acquire::AllowInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false "$@" </dev/null
}
echo 'setup: fetching the source package of cJSON'
apt_private update >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; exit 1; }
(cd "$tmp/src" && apt_private source cjson) >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; exit 1; }
cp "$tmp"/src/cjson-*/cJSON.h "$tmp"/src/cjson-*/cJSON.c "$dir/"
