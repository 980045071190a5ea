#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Security contexts: what a step is given and what is taken from it.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: secure}
spec:
  taskSpec:
    stepTemplate: {securityContext: {readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}}
    steps:
    - name: sealed
      image: busybox
      script: |
        grep Cap /proc/self/status | cut -f2 | sort -u
        touch /x /tmp/x 2>&1 | sed 's/.*: //'
        touch /workspace/x /tekton/results/x /tekton/home/x /dev/shm/x && chown 5 /workspace/x 2>&1 | sed 's/.*: //'
    - name: own
      image: busybox
      securityContext: {readOnlyRootFilesystem: false, allowPrivilegeEscalation: false, capabilities: {add: [CHOWN, CAP_FOWNER]}}
      script: |
        grep -E 'Cap(Eff|Bnd)|NoNew' /proc/self/status | cut -f2
        touch /x && chown 5 /workspace/x && stat -c %u /workspace/x
    - name: may
      image: busybox
      securityContext: {allowPrivilegeEscalation: true, seccompProfile: {type: RuntimeDefault}}
      script: grep NoNew /proc/self/status | cut -f2
YAML
run
is "$code $(log secure sealed)" "0 0000000000000000
Read-only file system
Read-only file system
Operation not permitted" "all capabilities dropped, a root that cannot be written, by way of the template" || log secure sealed
is "$(log secure own)" "0000000000000009
0000000000000009
1
5" "a step's own context over the template's"
is "$(log secure may)" 0 "allowPrivilegeEscalation: true takes no_new_privs away"
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: nested}
spec:
  podTemplate: {securityContext: {seccompProfile: {type: Unconfined}}}
  taskSpec:
    steps:
    - name: builder
      image: busybox
      securityContext: {procMount: Unmasked}
      script: |
        cat > /tmp/inner <<'SH'
        mount -t tmpfs none /mnt && echo mounted
        mount -t proc none /proc && echo proc $$
        SH
        mkdir -p /mnt
        unshare -r -m -p -f sh /tmp/inner
    - name: own
      image: busybox
      securityContext: {seccompProfile: {type: RuntimeDefault}}
      script: "unshare -r true 2>&1 | sed 's/.*: //'"
YAML
run
is "$code $(log nested builder)" "0 mounted
proc 1" "a step without a filter mounts in a namespace of its own" || log nested builder
is "$(log nested own)" "Operation not permitted" "the step's own profile over the pod's"
# the pod's groups, and volumes that belong to one
yaml <<'YAML'
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {key: hush}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: groups}
spec:
  taskRunTemplate:
    podTemplate:
      securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000, 2000]}
  workspaces:
  - {name: claim, volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}}
  pipelineSpec:
    workspaces: [{name: claim}]
    tasks:
    - name: first
      workspaces: [{name: claim}]
      taskSpec:
        workspaces: [{name: claim}]
        volumes: [{name: s, secret: {secretName: token, defaultMode: 256}}]
        steps:
        - name: root
          image: busybox
          securityContext: {runAsUser: 0, runAsGroup: 0}
          script: cd /workspace/claim; umask 077; echo first > file; stat -c '%a %g' . file
        - name: user
          image: busybox
          volumeMounts: [{name: s, mountPath: /secret}]
          script: |
            id -u; id -g; id -G; wc -c < /secret/key
            stat -c '%a %g' /workspace /secret /secret/key
            touch /workspace/new; stat -c '%g' /workspace/new
    - name: second
      runAfter: [first]
      workspaces: [{name: claim}]
      taskSpec:
        workspaces: [{name: claim}]
        steps:
        - name: s
          image: busybox
          script: echo second >> /workspace/claim/file; cat /workspace/claim/file
YAML
run
if [ "$(id -u)" = 0 ]; then
	is "$code $(log groups-first root)" "0 2777 2000
600 2000" "a claim belongs to fsGroup, and so does what is made in it" || log groups-first root
	is "$(log groups-first user)" "1000
3000
3000 2000 4000
4
2777 2000
2755 2000
440 2000
2000" "groups of a step, a secret that the group may read"
	is "$(log groups-second s)" "first
second" "what a task left is the group's for the next"
else
	skip 3 "one id"
fi
done_testing
