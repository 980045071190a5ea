#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a run says of the pods of its tasks: taskRunTemplate, taskRunSpecs, LimitRanges; each field carried out, warned about or refused.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: v1
kind: LimitRange
metadata: {name: limits}
spec: {limits: [{type: Container, default: {memory: 48Mi}, defaultRequest: {cpu: 100m}}]}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  taskRunTemplate:
    serviceAccountName: everybody
    podTemplate:
      env: [{name: WHO, value: template}, {name: KEPT, value: template}]
      securityContext: {runAsUser: RUNAS, fsGroup: FSGROUP}
      hostAliases: [{ip: 10.1.1.1, hostnames: [template.test]}]
      dnsPolicy: None
      dnsConfig: {nameservers: [10.9.9.9]}
      volumes: [{name: both, configMap: {name: none, optional: true}}, {name: mine, emptyDir: {}}]
  taskRunSpecs:
  - pipelineTaskName: own
    serviceAccountName: one
    metadata: {labels: {tier: gold}, annotations: {note: "for one"}}
    timeout: 1m
    podTemplate:
      env: [{name: WHO, value: specs}, {name: ADDED, value: specs}]
      hostAliases: [{ip: 10.1.1.2, hostnames: [specs.test]}]
      securityContext: {runAsUser: 0}
      volumes: [{name: both, emptyDir: {}}]
    stepSpecs: [{name: s, computeResources: {limits: {memory: 32Mi}}}]
    sidecarSpecs: [{name: side, computeResources: {limits: {memory: 24Mi}}}]
  - {pipelineTaskName: whole, computeResources: {requests: {cpu: 900m}, limits: {cpu: "1"}}}
  pipelineSpec:
    tasks:
    - name: plain
      taskSpec: &task
        steps:
        - name: s
          image: busybox
          volumeMounts: [{name: mine, mountPath: /mine}, {name: both, mountPath: /both}]
          env:
          - {name: ACCOUNT, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}
          - {name: TIER, valueFrom: {fieldRef: {fieldPath: "metadata.labels['tier']"}}}
          - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
          - {name: CPU, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}
          script: |
            echo "$WHO $KEPT ${ADDED-} $ACCOUNT ${TIER-} $MEMORY $CPU $(id -u)"
            tail -n 1 /etc/hosts; cat /etc/resolv.conf
            touch /mine/x && ls -A /mine; { touch /both/x; } 2>/dev/null && echo both
            exit 0
    - name: own
      taskSpec:
        <<: *task
        sidecars:
        - name: side
          image: busybox
          env: [{name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}]
          script: echo "$WHO $MEMORY $(id -u)"; while :; do sleep 0.1; done
    - {name: whole, taskSpec: *task}
YAML
user=1000 group=2000
[ "$(id -u)" = 0 ] || user=0 group=0
sed -i "s/RUNAS/$user/; s/FSGROUP/$group/" "$T/in.yaml"
run
is "$code" 0 "a run with templates" || printf '%s\n' "$out" "$err" | sed 's/^/# /' | head -40
hosts=$'10.1.1.1\ttemplate.test'
is "$(log p-plain s)" "template template  everybody  48 100 $user
$hosts
nameserver 10.9.9.9
x" "the template of the run; a limit of the LimitRange, and its request"
is "$(log p-own s)" "specs template specs one gold 32 100 0
10.1.1.2	specs.test
nameserver 10.9.9.9
x
both" "taskRunSpecs over it: variables and volumes by name, the rest whole"
is "$(log p-own sidecar-side | grep -v Terminated)" "specs 24 0" "and for a sidecar"
is "$(log p-whole s | head -1)" "template template  everybody  48 900 $user" "resources of a whole task"
is "$(json "[(t['spec']['serviceAccountName'], t['spec']['timeout'], t['metadata']['labels'].get('tier'), t['metadata'].get('annotations')) for t in tasks.values()]")" \
	"[('everybody', '1h0m0s', None, None), ('one', '1m0s', 'gold', {'note': 'for one'}), ('everybody', '1h0m0s', None, None)]" "reported of each task run"
like "$err$out" "memory=48Mi" "limits are listed as not enforced"

# template FIELD: a TaskRun whose template has the field
template() {
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: t}
		spec:
		  podTemplate: {$1}
		  taskSpec: {steps: [{name: s, image: busybox, script: cat /etc/hosts /etc/resolv.conf}]}
	YAML
	run
}
while IFS='|' read -r field word; do
	template "$field"
	is "$code" 0 "$field: runs"
	like "$err" "warning: '$word' has no effect" "$field: and is warned about"
done <<'EOT'
nodeSelector: {disk: ssd}|nodeSelector
tolerations: [{key: a, operator: Exists}]|tolerations
affinity: {nodeAffinity: {}}|affinity
topologySpreadConstraints: [{maxSkew: 1}]|topologySpreadConstraints
runtimeClassName: gvisor|runtimeClassName
priorityClassName: high|priorityClassName
schedulerName: own|schedulerName
imagePullSecrets: [{name: pull}]|imagePullSecrets
EOT
while IFS='|' read -r field want; do
	template "$field"
	is "$code" 2 "$field: is refused"
	like_glob "$err" "in.yaml:5:*$want" "$field: and named at its place"
done <<'EOT'
hostNetwork: true|'hostNetwork' is not supported
hostUsers: true|'hostUsers' is not supported
securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: "1"}]}|'sysctls' is not supported
dnsPolicy: None|needs at least one of dnsConfig.nameservers
dnsPolicy: Elsewhere|is none of ClusterFirst
restartPolicy: Never|unknown field "restartPolicy"
EOT
for field in "automountServiceAccountToken: true" "enableServiceLinks: true" "hostNetwork: false" "hostUsers: false" "dnsPolicy: ClusterFirst"; do
	template "$field"
	is "$code/$(grep -c warning "$T/err")" 0/0 "$field: asks for nothing that is not so"
done
while IFS='|' read -r field want; do
	template "$field"
	is "$code/$(json "cond(run)['reason']")" 1/PodCreationFailed "$field: no step runs"
	like "$(json "cond(run)['message']")" "$want" "$field: and it is told why"
done <<'EOT'
hostAliases: [{ip: 1.2.3, hostnames: [a]}]|hostAliases[0]: Invalid value: "1.2.3"
hostAliases: [{ip: 1.2.3.4, hostnames: ["a\n6.6.6.6 registry.test"]}]|Invalid value: "a?6.6.6.6 registry.test"
dnsConfig: {nameservers: [localhost]}|dnsConfig.nameservers[0]
dnsConfig: {options: [{name: "ndots:1\nnameserver 6.6.6.6"}]}|dnsConfig.options[0]
EOT
done_testing
