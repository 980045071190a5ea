#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The demo of the talk: makes the Go image from Debian packages (cached), a bare git repository from examples/talk/hello, and runs
# the pipeline. Extra arguments go to `monopod run`.
set -eu
cd "$(dirname "$0")/../.."
monopod=${MONOPOD:-build/debug/monopod}
layout=build/images/talk-go
origin=build/talk/origin

images/from-debian.sh "$layout" localhost/talk-go golang-go git ca-certificates

rm -rf build/talk
mkdir -p "$origin"
git init --quiet --bare --initial-branch=main "$origin/hello.git"
work=build/talk/work
git init --quiet --initial-branch=main "$work"
cp -R examples/talk/hello/. "$work/"
git -C "$work" add -A
GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' \
	git -C "$work" -c user.name=talk -c user.email=talk@example.invalid commit --quiet -m 'hello: greet the world'
git -C "$work" push --quiet "$PWD/$origin/hello.git" main

exec "$monopod" run -f examples/talk/pipelinerun.yaml --images "$layout" \
	--store "${MONOPOD_STORE:-build/store}" --volume "origin=$origin" "$@"
