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
done_testing
