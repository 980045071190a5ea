#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The live view on a pseudo-terminal: see tests/helpers/live_view.py.
. tests/helpers/tap.sh

mkdir "$T/gate"
{
	cat <<-'YAML'
		apiVersion: tekton.dev/v1
		kind: PipelineRun
		metadata: {name: live}
		spec:
		  workspaces: [{name: gate, emptyDir: {}}]
		  pipelineSpec:
		    workspaces: [{name: gate}]
		    tasks:
	YAML
	for i in $(seq 0 39); do
		cat <<-YAML
			    - name: t$i
			      workspaces: [{name: gate}]
			      taskSpec:
			        workspaces: [{name: gate}]
			        steps:
			        - name: s
			          image: busybox
			          script: |
			            printf '\\033[2J\\033[31mred\\033[0m\\rover\\n'
			            head -c 100000 /dev/zero | tr '\\0' x
			            printf '\\nready\\n'
			            read -r line <\$(workspaces.gate.path)/gate
			            echo end
		YAML
	done
} >"$T/in.yaml"

python3 tests/helpers/live_view.py "$T" "$MONOPOD" --store "$STORE" --images "$IMAGES"
exit
