#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# monopod in a step of monopod: what the step must ask for, what the inner run then has, and that nothing of it reaches out.
. tests/helpers/tap.sh

mkdir "$T/pipeline"
cat >"$T/pipeline/inner.yaml" <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: inner}
spec:
  pipelineSpec:
    results: [{name: said, value: $(tasks.attack.results.said)}]
    tasks:
    - name: attack
      taskSpec:
        results: [{name: said}]
        sidecars:
        - name: side
          image: busybox
          script: touch /tmp/up; exec sleep 1000
          readinessProbe: {exec: {command: [test, -e, /tmp/up]}, periodSeconds: 1}
        steps:
        - name: free
          image: busybox
          securityContext: {privileged: true}
          script: |
            mkdir -p /tmp/c
            mount -t tmpfs none /tmp/c && echo mounts of its own
            for try in 'mount -t cgroup2 none /tmp/c' 'mount -t cgroup -o none,name=x none /tmp/c' 'mount -t cgroup -o memory none /tmp/c' \
                'mount -t sysfs none /tmp/c' 'unshare -C true' 'umount /proc' 'ls /sys/fs/cgroup'; do
                $try >/dev/null 2>&1 && echo "escaped: $try"
                unshare -m $try >/dev/null 2>&1 && echo "escaped: unshare -m $try"
            done
            echo tried
        - name: say
          image: busybox
          script: |
            wc -l </proc/mounts >/tmp/n
            ls /proc | grep -c '^[0-9]' && printf hello >$(results.said.path)
YAML

# the host as an image has a /tmp of its own, in which a clone may lie
mkdir "$T/program"
cp "$MONOPOD" "$T/program/monopod"

# inside CONTEXT: the inner pipeline in a step with that securityContext
inside() {
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: outer}
		spec:
		  workspaces: [{name: images, emptyDir: {}}, {name: pipeline, emptyDir: {}}, {name: program, emptyDir: {}}]
		  taskSpec:
		    workspaces: [{name: images, readOnly: true}, {name: pipeline, readOnly: true}, {name: program, readOnly: true}]
		    results: [{name: said}]
		    volumes: [{name: scratch, emptyDir: {}}]
		    stepTemplate:
		      image: host
		      volumeMounts: [{name: scratch, mountPath: /scratch}]
		      securityContext: $1
		    steps:
		    - {name: probe, onError: continue, command: [\$(workspaces.program.path)/monopod, probe, --store, /scratch/store]}
		    - name: run
		      command: [\$(workspaces.program.path)/monopod]
		      args: [run, -f, \$(workspaces.pipeline.path), --images, \$(workspaces.images.path), --store, /scratch/store,
		             --run-dir, /scratch/run, --results-dir, /tekton/results]
	YAML
	run --image-map host=host -w images="$IMAGES" -w pipeline="$T/pipeline" -w program="$T/program"
	log outer probe >"$T/probe" 2>/dev/null
	log outer run >"$T/inner" 2>/dev/null
}
level() { sed -n 's/^level: //p' "$T/probe"; }
fact() { sed -n "s/^\(...\) *$1 .*/\1/p" "$T/probe"; }

while read -r want name context; do
	inside "$context"
	[ "$(level)" = user-single ] && [ "$want" = root ] && [ "$(id -u)" != 0 ] && want=user-single
	is "$code $(level)" "0 $want" "$name: a pipeline in a step" || printf '%s\n' "$err" "$(cat "$T/probe" "$T/inner")" | sed 's/^/# /'
	is "$(json 'run["status"]["results"][0]["value"]')" hello "$name: its result is the step's"
	is "$(fact cgroup-namespace)" "no " "$name: probe tells what is not there"
	like "$(cat "$T/inner")" "attack/free] mounts of its own" "$name: a privileged step inside has mounts of its own"
	like "$(cat "$T/inner")" "attack/free] tried" "$name: and tries what else there is"
	unlike "$(cat "$T/inner")" "escaped" "$name: no cgroup, no file system of the machine"
	inner=$(sed -n 's,^\[attack/say\] ,,p' "$T/inner")
	[ -n "$inner" ] && [ "$inner" -lt 8 ]
	ok $? "$name: a step inside sees its own processes" "$inner"
done <<'CONTEXTS'
user-single one-user {runAsUser: 65532, runAsGroup: 65532, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, procMount: Unmasked, seccompProfile: {type: Unconfined}}
root SYS_ADMIN {capabilities: {add: [SYS_ADMIN]}, procMount: Unmasked}
root privileged {privileged: true}
CONTEXTS

inside '{}'
is "$code $(level)" "1 none" "a step that asks for nothing has no sandboxes to give"
like "$(cat "$T/inner")" "no sandbox is possible here" "and says so"
done_testing
