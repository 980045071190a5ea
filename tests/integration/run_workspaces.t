#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What stands behind workspaces, who shares what, and what a hostile step cannot make of it.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: share}
spec:
  workspaces:
  - {name: empty, emptyDir: {}}
  - {name: claim, persistentVolumeClaim: {claimName: cache}}
  - {name: made, volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}
  - {name: sub, persistentVolumeClaim: {claimName: cache}, subPath: a/b}
  pipelineSpec:
    workspaces: [{name: empty}, {name: claim}, {name: made}, {name: sub}]
    tasks:
    - name: first
      workspaces: [{name: empty}, {name: claim}, {name: made}, {name: sub, subPath: c}]
      taskSpec:
        workspaces: [{name: empty}, {name: claim, mountPath: /deep/claim}, {name: made}, {name: sub}]
        steps:
        - name: w
          image: busybox
          script: |
            for w in $(workspaces.empty.path) $(workspaces.claim.path) $(workspaces.made.path) $(workspaces.sub.path); do
              echo first > $w/file
            done
            echo scratch > /workspace/here
            echo home > /tekton/home/here
        - name: r
          image: busybox
          script: cat $(workspaces.empty.path)/file /workspace/here /tekton/home/here
    - name: second
      runAfter: [first]
      workspaces: [{name: empty}, {name: claim}, {name: made}]
      taskSpec:
        workspaces: [{name: empty}, {name: claim, readOnly: true}, {name: made}]
        steps:
        - name: r
          image: busybox
          script: |
            ls $(workspaces.empty.path) /workspace/here /tekton/home 2>&1 || true
            cat $(workspaces.claim.path)/file $(workspaces.made.path)/file $(workspaces.claim.path)/a/b/c/file
            touch $(workspaces.claim.path)/new 2>&1 || true
YAML
run
is "$code" 0 "workspaces of every kind" || echo "# $err"
is "$(log share-first r | tr '\n' ' ')" "first scratch home " "steps of a task share its workspaces, /workspace and home"
is "$(log share-second r)" "ls: /workspace/here: No such file or directory
/tekton/home:

/workspace/empty:
first
first
first
touch: /workspace/claim/new: Read-only file system" "tasks share claims and nothing else; readOnly is"
is "$(ls "$T/run/workspaces" | grep -c .)" 2 "a claim and a template are one directory each"
is "$(cat "$T/run/workspaces/cache/file")" first "and stay after the run"
is "$(stat -c %a "$T/run/workspaces/cache/a" "$T/run/workspaces/cache/a/b/c" | tr '\n' ' ')" "755 777 " "a subPath directory has the mode of the claim"

mkdir "$T/mine" "$T/vol"
echo caller >"$T/mine/given"
chmod 700 "$T/mine"
run -w "empty=$T/mine" --volume "cache=$T/vol"
is "$code" 0 "-w NAME=DIR and --volume CLAIM=DIR" || echo "# $err"
is "$(cat "$T/mine/file" "$T/vol/file" | tr '\n' ' ')" "first first " "are written by the steps"
is "$(stat -c %u "$T/mine/file" "$T/mine/given" "$T/vol/file" | sort -u)" "$(id -u)" "and everything in them is the caller's"
like "$(log share-second r)" given "and shared by tasks"
run -w "empty=$T/nosuch"
is "$code" 2 "a directory that is not there is refused"
[ ! -e "$T/run" ]
ok $? "before anything is made"

# retries get a fresh emptyDir
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: again}
spec:
  retries: 1
  workspaces: [{name: e, emptyDir: {}}, {name: m, emptyDir: {medium: Memory, sizeLimit: 1Mi}}]
  taskSpec:
    workspaces: [{name: e}, {name: m}]
    steps:
    - name: s
      image: busybox
      script: |
        ls $(workspaces.e.path) | wc -l
        touch $(workspaces.e.path)/x $(workspaces.m.path)/x
        exit 1
    - {name: t, image: busybox, command: ["true"]}
YAML
run
is "$(cat "$T/run/logs/again/0/s.log" "$T/run/logs/again/1/s.log" | tr '\n' ' ')" "0 0 " "each attempt has a new emptyDir, and its own log"

# ConfigMap and Secret
yaml <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a.txt: "alpha\n", b.txt: beta}
---
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {key: hush}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: data}
spec:
  workspaces:
  - {name: c, configMap: {name: conf}}
  - {name: i, configMap: {name: conf, defaultMode: 0444, items: [{key: a.txt, path: x/y, mode: 0400}]}}
  - {name: s, secret: {secretName: token, defaultMode: 0600}}
  - {name: o, configMap: {name: nosuch, optional: true}}
  taskSpec:
    workspaces: [{name: c}, {name: i}, {name: s}, {name: o}]
    steps:
    - name: s
      image: busybox
      script: |
        cat /workspace/c/a.txt /workspace/i/x/y
        stat -c '%a %u' /workspace/c/b.txt /workspace/i/x/y /workspace/s/key
        wc -c < /workspace/s/key
        ls -A /workspace/o /workspace/i | tr '\n' ' '
        touch /workspace/c/new 2>&1 || true
        echo >> /workspace/c/a.txt 2>&1 || echo no
YAML
run
is "$code" 0 "ConfigMap and Secret as workspaces" || echo "# $err"
is "$(log data s | head -7)" "alpha
alpha
644 0
400 0
600 0
4
/workspace/i: x  /workspace/o: touch: /workspace/c/new: Read-only file system" "have contents, modes, items" \
	|| log data s
is "$(grep -rl hush "$T/run" 2>/dev/null)" "" "nothing of a Secret stays in the run directory"

refused() { # NAME BINDING MESSAGE
	yaml <<-YAML
		apiVersion: v1
		kind: ConfigMap
		metadata: {name: conf}
		data: {a: alpha}
		---
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: refused}
		spec:
		  workspaces: [$2]
		  taskSpec:
		    workspaces: [{name: w}]
		    steps: [{name: s, image: busybox, command: [echo, ran]}]
	YAML
	run
	is "$code $(json 'cond(run)["reason"]+"|"+cond(run)["message"]')" \
		"1 CreateContainerConfigError|the step \"s\" in TaskRun \"refused\" failed to start. The pod errored with the message: \"$3.\"" "$1"
}
refused "a missing ConfigMap" '{name: w, configMap: {name: ghost}}' 'configmap "ghost" not found'
unlike "$out" "s.log" "a step that never started has no log to point to"
refused "a missing Secret" '{name: w, secret: {secretName: ghost}}' 'secret "ghost" not found'
refused "a missing key" '{name: w, configMap: {name: conf, items: [{key: z, path: z}]}}' 'references non-existent config key: z'

# links that an earlier step plants
mkdir "$T/outside"
yaml <<YAML
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: trap}
spec:
  workspaces: [{name: w, persistentVolumeClaim: {claimName: c}}]
  pipelineSpec:
    workspaces: [{name: w}]
    tasks:
    - name: plant
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w}]
        steps:
        - name: s
          image: busybox
          script: |
            cd \$(workspaces.w.path)
            mkdir real; echo inside > real/f
            ln -s $T/outside out
            ln -s ../../../../../../../../$T/outside up
            ln -s real in
            ln -s /proc/1/root magic
    - {name: out, runAfter: [plant], workspaces: [{name: w, subPath: out}], onError: continue, taskSpec: &spec {workspaces: [{name: w}], steps: [{name: s, image: busybox, script: "touch \$(workspaces.w.path)/escaped; cat \$(workspaces.w.path)/f"}]}}
    - {name: up, runAfter: [plant], workspaces: [{name: w, subPath: up/new}], onError: continue, taskSpec: *spec}
    - {name: magic, runAfter: [plant], workspaces: [{name: w, subPath: magic/tmp}], onError: continue, taskSpec: *spec}
    - {name: in, runAfter: [plant], workspaces: [{name: w, subPath: in}], taskSpec: *spec}
YAML
run
is "$(ls -A "$T/outside")" "" "a planted link does not lead out of the workspace"
for t in out up magic; do
	is "$(json "cond(tasks['trap-$t'])['status']")" False "subPath through the link '$t' is refused"
done
is "$(log trap-in s)" inside "one that stays inside is followed"
done_testing
