#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make demo` runs once everything is built: a small image from busybox-static, and a pipeline of several tasks on it.
# Extra arguments go to `monopod run`.
set -eu
cd "$(dirname "$0")/.."
monopod=${MONOPOD:-build/debug/monopod}
images/from-busybox.sh build/images/demo busybox
exec "$monopod" run -f examples/demo.yaml --images build/images/demo --store "${MONOPOD_STORE:-build/store}" "$@"
