#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Volumes, environments from objects and pod templates as steps see them, and what a hostile step cannot make of them.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {COLOR: blue, shape: round}
---
apiVersion: v1
kind: Secret
metadata: {name: sec}
stringData: {TOKEN: t0ken}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: all, labels: {app: demo}}
spec:
  podTemplate:
    env: [{name: POD, value: pod}, {name: SHARED, value: pod}]
    volumes: [{name: extra, emptyDir: {}}]
    hostAliases: [{ip: 10.9.8.7, hostnames: [db.test, cache.test]}]
    dnsPolicy: None
    dnsConfig: {nameservers: [10.1.1.1], searches: [a.test], options: [{name: ndots, value: "2"}]}
  taskSpec:
    volumes:
    - {name: empty}
    - {name: memory, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
    - {name: conf, configMap: {name: conf, defaultMode: 0400, items: [{key: COLOR, path: deep/color, mode: 0444}]}}
    - {name: sec, secret: {secretName: sec}}
    - name: both
      projected:
        sources:
        - configMap: {name: conf}
        - secret: {name: sec}
        - downwardAPI: {items: [{path: labels/all, fieldRef: {fieldPath: "metadata.labels['app']"}}]}
    stepTemplate:
      volumeMounts: [{name: empty, mountPath: /shared}]
    steps:
    - name: env
      image: busybox
      computeResources: {limits: {memory: 64Mi}}
      envFrom: [{prefix: C_, configMapRef: {name: conf}}, {secretRef: {name: sec}}]
      env:
      - {name: SHARED, value: step}
      - {name: MIX, value: "$(C_COLOR)-$(TOKEN)-$(POD)"}
      - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
      - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
      - {name: NONE, valueFrom: {configMapKeyRef: {name: none, key: none, optional: true}}}
      script: echo "$C_shape $MIX $SHARED $NAME $MEMORY ${NONE-unset}"
    - name: files
      image: busybox
      volumeMounts:
      - {name: conf, mountPath: /conf}
      - {name: conf, mountPath: /etc/color, subPath: deep/color}
      - {name: sec, mountPath: /sec}
      - {name: both, mountPath: /both}
      - {name: memory, mountPath: /memory}
      script: |
        cat /conf/deep/color /etc/color /sec/TOKEN; echo
        stat -c %a /conf/deep/color /sec/TOKEN
        cd /both; for f in COLOR shape TOKEN labels/all; do echo "$f $(cat $f)"; done
        touch /conf/x /sec/x /both/x 2>&1 || true
        head -c 2000000 /dev/zero >/memory/big 2>/dev/null || echo full
        echo kept >/shared/file
    - name: mounts
      image: busybox
      env: [{name: DIR, value: by-name}]
      volumeMounts:
      - {name: empty, mountPath: /sub, subPathExpr: "made/$(DIR)"}
      - {name: empty, mountPath: /look, readOnly: true}
      - {name: extra, mountPath: /workspace}
      - {name: extra, mountPath: /tekton/home}
      script: |
        cat /shared/file; echo x >/sub/f; find /shared -type f | sort
        touch /look/y 2>&1 || true; touch /workspace/both; ls /tekton/home
        ls /sec /conf 2>&1 || true
        grep -c '10.9.8.7.db.test.cache.test' /etc/hosts; cat /etc/resolv.conf
        exit 0
YAML
run
is "$code" 0 "volumes of every kind" || echo "# $err"
is "$(log all env)" "round blue-***-pod pod all-pod 64 unset" "environment from objects, fields and resources; the pod template wins"
is "$(log all files)" "blueblue***
444
644
COLOR blue
shape round
TOKEN ***
labels/all demo
touch: /conf/x: Read-only file system
touch: /sec/x: Read-only file system
touch: /both/x: Read-only file system
full" "files of ConfigMaps, Secrets and projections; a key as a file; memory is limited"
is "$(log all mounts)" "kept
/shared/file
/shared/made/by-name/f
touch: /look/y: Read-only file system
both
ls: /sec: No such file or directory
ls: /conf: No such file or directory
1
search a.test
nameserver 10.1.1.1
options ndots:2" "a step sees its own mounts alone; implicit ones are replaced; names of the pod template"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: missing}
spec:
  taskSpec:
    steps: [{name: s, image: busybox, env: [{name: A, valueFrom: {secretKeyRef: {name: none, key: k}}}], script: echo ran}]
YAML
run
is "$code" 1 "a Secret that is not there fails the run"
like "$out$err" 'CreateContainerConfigError: the step "s" in TaskRun "missing" failed to start. The pod errored with the message: "secret "none" not found."' "in Kubernetes' words"

# A step prepares links in a volume; a later step of the task and another task mount what they name.
mkdir -p "$T/claim/real" "$T/outside"
echo secret >"$T/outside/file"
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: hostile}
spec:
  pipelineSpec:
    tasks:
    - name: plant
      taskSpec:
        volumes: [{name: v, persistentVolumeClaim: {claimName: c}}, {name: e, emptyDir: {}}]
        steps:
        - name: plant
          image: busybox
          volumeMounts: [{name: v, mountPath: /v}, {name: e, mountPath: /e}]
          script: |
            ln -s ../outside /v/up; ln -s /etc /v/abs; mkfifo /v/fifo
            mv /v/swap /v/moved; mv /e/swap /e/moved; ln -s /etc /v/swap; ln -s / /e/swap
        - name: swapped
          image: busybox
          volumeMounts: [{name: v, mountPath: /m, subPath: swap}, {name: e, mountPath: /n, subPath: swap}]
          script: touch /m/new /n/new && ls /m /n
    - {name: up, onError: continue, runAfter: [plant], taskSpec: {volumes: [{name: v, persistentVolumeClaim: {claimName: c}}], steps: [{name: s, image: busybox, volumeMounts: [{name: v, mountPath: /m, subPath: up}], script: ls /m}]}}
    - {name: abs, onError: continue, runAfter: [plant], taskSpec: {volumes: [{name: v, persistentVolumeClaim: {claimName: c}}], steps: [{name: s, image: busybox, volumeMounts: [{name: v, mountPath: /m, subPath: abs/x}], script: ls /m}]}}
    - {name: fifo, onError: continue, runAfter: [plant], taskSpec: {volumes: [{name: v, persistentVolumeClaim: {claimName: c}}], steps: [{name: s, image: busybox, volumeMounts: [{name: v, mountPath: /m, subPath: fifo}], script: ls /m}]}}
YAML
run --volume "c=$T/claim"
is "$(log hostile-plant swapped)" "/m:
new

/n:
new" "where a subPath leads is decided before the first step"
for t in up abs fifo; do
	like "$out$err" "hostile-$t" "$t is reported"
	is "$(log "hostile-$t" s)" "" "subPath $t is refused"
done
is "$(ls "$T/outside")" file "nothing was made outside of the volume"

# Mount targets of the image's own making, and a file where a directory is wanted.
mkdir -p "$T/host/ok/dir" "$T/host/out"
ln -s ../out "$T/host/ok/link"
echo text >"$T/host/ok/file"
host() { # TYPE PATH
	yaml <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: host}
spec:
  taskSpec:
    volumes: [{name: h, hostPath: {path: $T/host/$2, type: "$1"}}]
    steps: [{name: s, image: busybox, volumeMounts: [{name: h, mountPath: /h}], script: 'if [ -d /h ]; then touch /h/made; else cat /h; fi'}]
YAML
	run "${@:3}"
}
host Directory ok/dir
is "$code" 2 "a hostPath is refused"
like "$err" "is not allowed" "with its position"
host Directory ok/dir --allow-host-path "$T/host/ok"
is "$code" 0 "unless its prefix is allowed" || echo "# $err"
is "$(ls "$T/host/ok/dir/made")" "$T/host/ok/dir/made" "and it is the directory"
host File ok/file --allow-host-path "$T/host/ok"
is "$(log host s)" text "a file may be one"
host DirectoryOrCreate ok/a/b --allow-host-path "$T/host/ok"
is "$(ls "$T/host/ok/a/b/made")" "$T/host/ok/a/b/made" "what is missing is made"
host File ok/dir --allow-host-path "$T/host/ok"
like "$out$err" "hostPath type check failed: $T/host/ok/dir is not a file" "the type is checked"
host "" ok/link --allow-host-path "$T/host/ok"
is "$code" 1 "a link that leads out of the prefix is refused"
like "$out$err" "hostPath $T/host/ok/link: open 'link': it leads out of the directory" "in words that say so"
host DirectoryOrCreate ok/link/new --allow-host-path "$T/host/ok"
is "$(ls "$T/host/out")" "" "and nothing is made behind it"
like "$out$err" "hostPath $T/host/ok/link/new: " "the volume is named"
host "" out --allow-host-path "$T/host/ok"
is "$code" 2 "what lies beside the prefix is not below it"

done_testing
