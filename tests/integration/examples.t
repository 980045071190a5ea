#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every example of the repository ends as its first lines say.
. tests/helpers/tap.sh

declare -A fails=([examples/features/finally.yaml]=1)
declare -A says=(
	[examples/hello.yaml]="Hello, World!"
	[examples/demo.yaml]="the pipeline ended Completed, publish is None"
	[examples/features/finally.yaml]="breaks: Failed StepFailed, never: None"
	[examples/features/hermetic.yaml]="hermetic: 1"
	[examples/features/retries.yaml]="attempt 2, try 3"
	[examples/features/artifacts.yaml]="publishing [{\"digest\":{\"sha256\":"
	[examples/features/when.yaml]="preview] skipped: When Expressions evaluated to false"
	[examples/features/matrix.yaml]="app-arm64-release"
	[examples/features/pipelines.yaml]="publishing app-amd64.o.tar app-arm64.o.tar"
	[examples/features/output.yaml]="hello has 6 bytes"
	[examples/features/volumes.yaml]="*** likes blue in volumes-pod"
	[examples/features/stepactions.yaml]="/tmp has build-1"
	[examples/features/security.yaml]="uid 1000 gid 1000"
	[examples/features/credentials.yaml]="https://***:(not shown)@git.example.com"
	[examples/features/sidecar.yaml]="row 1 is Ada Lovelace"
)

for f in examples/*.yaml examples/features/*.yaml; do
	cp "$f" "$T/in.yaml"
	run
	is "$code" "${fails[$f]:-0}" "$f ends with ${fails[$f]:-0}" || printf '%s\n' "$out" "$err" | sed 's/^/#   /'
	[ -z "${says[$f]:-}" ] || like "$out" "${says[$f]}" "$f says so"
	monopod check -f "$f"
	is "$code" 0 "$f is valid"
	monopod plan -f "$f"
	is "$code" 0 "$f can be planned"
done

run -o json
is "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["kind"])' "$T/out")" List "-o json gives one document"

done_testing
