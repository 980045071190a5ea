#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a hostile step gets of other steps, tasks and sidecars of its run, and of the agent: nothing. By root and by unprivileged agents.
# Marks stand for what is secret; as they are no Secrets, nothing masks them where they come out.
. tests/helpers/tap.sh

probe=$TOP/build/${VARIANT:-debug}/tests/helpers/probe
[ -x "$probe" ] || skip_all "no $probe"

# attack KIND [OPTION…]: runs in.yaml as root (KIND root) or as as_user's; everything below $base
attack() {
	local kind=$1
	shift
	base=$T
	[ "$kind" = root ] || base=$T/home
	rm -rf "$base/run"
	if [ "$kind" = root ]; then
		monopod run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$base/run" "$@"
		return
	fi
	as_user "$kind" "$MONOPOD" run -f "$T/in.yaml" --images "$IMAGES" --store "$base/store" --run-dir "$base/run" \
		--termination-log "$base/term" "$@" >"$T/out" 2>"$T/err" </dev/null
	code=$?
	out=$(cat "$T/out") err=$(cat "$T/err")
}
said() { cat "$base/run/logs/$1/0/$2.log"; }
kinds=root
if [ "$(id -u)" = 0 ] && as_user single true 2>/dev/null; then
	kinds="root subids single"
fi

# A directory that the two tasks share, with the probe in it; nothing else is given to both.
shared() {
	rm -rf "$T/w" "$T/home/w"
	base=$T
	[ "$1" = root ] || base=$T/home
	mkdir -p "$base/w"
	cp "$probe" "$T/look" "$base/w"
	[ "$1" = root ] || chown -R 43210:43210 "$base/w"
}

# Looks everywhere but in /w for a mark.
cat >"$T/look" <<'SH'
mark=MARK; mark=$mark-OF
for m in / $(cut -d' ' -f5 /proc/self/mountinfo); do
  case $m in /w|/proc*|/sys*|/dev|/dev/[^s]*) continue ;; esac
  find $m -xdev \( -path /w -o -path /bin -o -path /usr/bin -o -path /proc -o -path /sys \) -prune -o -type f -print 2>/dev/null | while read -r f; do
    grep -qs "$mark" "$f" && echo "found in $f"
  done
done
for p in /proc/[0-9]*; do
  for f in environ cmdline; do { tr '\0' '\n' <$p/$f; } 2>/dev/null | grep -q "$mark" && echo "found in $p/$f"; done
  ls -d $p/root/victim $p/cwd/victim $p/root/../victim $p/root/memory 2>/dev/null
done
ls -d /victim /memory /w/../victim /w/../../victim 2>/dev/null
ls -d /tekton/creds/* /tekton/creds-secrets ~/.git-credentials ~/.gitconfig 2>/dev/null
cat /proc/self/mountinfo | grep -o '[^ ]*[/-]victim[^ ]*'
echo looked
SH

for kind in $kinds; do
	shared $kind
	cat >"$T/in.yaml" <<YAML
apiVersion: v1
kind: ServiceAccount
metadata: {name: bot}
secrets: [{name: login}]
---
apiVersion: v1
kind: Secret
metadata: {name: login, annotations: {tekton.dev/git-0: "https://h.example"}}
type: kubernetes.io/basic-auth
stringData: {username: MARK-OF-user, password: MARK-OF-password}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {file: MARK-OF-config}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: i}
spec:
  taskRunSpecs: [{pipelineTaskName: victim, serviceAccountName: bot}]
  workspaces:
  - {name: w, emptyDir: {}}
  - {name: own, persistentVolumeClaim: {claimName: own}}
  pipelineSpec:
    workspaces: [{name: w}, {name: own}]
    tasks:
    - name: victim
      workspaces: [{name: w}, {name: own}]
      taskSpec:
        workspaces: [{name: w, mountPath: /w}, {name: own}]
        results: [{name: r}]
        volumes: [{name: v, emptyDir: {}}, {name: m, emptyDir: {medium: Memory}}, {name: c, configMap: {name: conf}}]
        sidecars:
        - name: side
          image: busybox
          env: [{name: KEY, value: MARK-OF-sidecar}]
          script: |
            mkdir /victim; echo MARK-OF-sidecar >/victim/file
            trap 'echo alive; exit 0' TERM
            while :; do sleep 0.1; done
        steps:
        - name: s
          image: busybox
          env: [{name: KEY, value: MARK-OF-environment}]
          volumeMounts: [{name: v, mountPath: /victim}, {name: m, mountPath: /memory}, {name: c, mountPath: /config}]
          script: |
            for f in /victim/file /memory/file /tmp/file /root/file /dev/shm/file /tekton/home/file /workspace/file \$(workspaces.own.path)/file \
              \$(results.r.path) /tekton/creds/file /file; do echo MARK-OF-file >\$f || echo "no \$f"; done
            ls /tekton/creds-secrets/login >/dev/null && ls ~/.git-credentials >/dev/null
            sh /w/look >/w/own
            /w/probe meet-at /w/done >/w/met &
            until [ -e /w/done ]; do sleep 0.1; done
            wait; echo alive
    - name: thief
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w, mountPath: /w}]
        stepTemplate: {image: busybox}
        steps:
        - name: wait
          script: |
            n=0; until [ -s /w/met ]; do n=\$((n+1)); [ \$n -lt 600 ] || exit 1; sleep 0.1; done
        - name: look
          script: sh /w/look
        - {name: meet, script: /w/probe meet}
        - {name: fds, script: exec /w/probe fds}
        - {name: others, script: exec /w/probe others}
        - {name: attack, script: exec /w/probe attack}
        - {name: proc, script: exec /w/probe proc}
        - name: kill
          onError: continue
          script: |
            sleep 1000 & kill -KILL -1 && echo sent; wait; exit 7
        - name: user
          securityContext: {runAsUser: RUNAS}
          script: sh /w/look
        - {name: done, script: touch /w/done}
YAML
	[ $kind = single ] && user=0 || user=1234
	sed -i "s/RUNAS/$user/" "$T/in.yaml"
	attack $kind -w "w=$base/w"
	is "$code" 0 "$kind: a thief beside a victim" || printf '%s\n' "$out" "$err" | head -40 | sed 's/^/# /'
	is "$(said i-victim s)" alive "$kind: the victim has lived, and could write everywhere"
	is "$(said i-victim sidecar-side | grep -v Terminated)" alive "$kind: and its sidecar"
	is "$(tr '\n' ' ' <"$base/w/met")" "sysv-shm=ok sysv-msg=ok sysv-sem=ok mqueue=ok dev-shm=ok tmp=ok abstract=ok " \
		"$kind: it has made what processes meet at"
	missed=
	for f in "in /victim/file" "in /memory/file" "in /config/file" "in /tmp/file" "in /tekton/results/r" /tekton/creds-secrets/login/password \
		/root/.git-credentials "in /dev/shm/file" "in /workspace/own/file" "/proc/[0-9]*/environ" "/proc/[0-9]*/root/victim"; do
		grep -q "$f$" "$base/w/own" || missed="$missed $f"
	done
	is "$missed" "" "$kind: who looks the same way beside it finds it" || sed 's/^/# /' "$base/w/own"
	is "$(said i-thief look)" looked "$kind: files, environments, roots and credentials of the other task are not found"
	is "$(said i-thief user)" looked "$kind: nor by another user"
	is "$(said i-thief meet | grep -v abstract | tr '\n' ' ')" \
		"sysv-shm=ENOENT sysv-msg=ENOENT sysv-sem=ENOENT mqueue=ENOENT dev-shm=ENOENT tmp=ENOENT " \
		"$kind: nor memory, queues and semaphores, /dev/shm and /tmp"
	is "$(said i-thief meet | grep abstract)" "abstract=ok" "$kind: abstract sockets are of the pod's network, as said"
	is "$(said i-thief fds | cut -d' ' -f1,2 | tr '\n' ' ')" "fd 0 fd 1 fd 2 " "$kind: no descriptor but the three"
	is "$(said i-thief others)" "others=0" "$kind: no process of others has a number"
	is "$(said i-thief attack | grep -c =ok)" "$(said i-thief attack | grep -cE '^(personality-ok|unix|inet|inet6|route)=ok')" \
		"$kind: no tracing, keys, namespaces, handles, old ABIs"
	is "$(said i-thief proc | grep -E '=ok|bytes [1-9]' | grep -v '^/proc/1/oom_score_adj=')" "" "$kind: /proc/sys, core_pattern, sysrq, kcore, keys are closed"
	is "$(said i-thief kill | head -1)" sent "$kind: a signal to all reaches its own"
	is "$(grep -rl MARK-OF "$base/run/logs" "$base/run/results" 2>/dev/null | grep -v victim)" "" "$kind: nothing of it is where the thief's output is"

	# What a task leaves in a claim for the mounts of another.
	rm -rf "$base/vol" "$base/outside"
	mkdir "$base/vol" "$base/outside"
	echo MARK-OF-outside >"$base/outside/file"
	[ $kind = root ] || chown -R 43210:43210 "$base/vol"
	{
		cat <<YAML
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: l}
spec:
  workspaces: [{name: c, persistentVolumeClaim: {claimName: c}}]
  pipelineSpec:
    workspaces: [{name: c}]
    tasks:
    - name: leave
      workspaces: [{name: c}]
      taskSpec:
        workspaces: [{name: c}]
        steps:
        - name: s
          image: busybox
          script: |
            cd \$(workspaces.c.path)
            ln -s ../outside up; ln -s $base/outside absolute; ln -s /proc/self/root proc; ln -s loop loop; ln -s / root
            mkdir dir; ln -s ../../outside dir/up; mkfifo fifo; echo inside >dir/file; ln -s dir inside
YAML
		n=0
		for sub in up absolute proc loop root dir/up fifo inside dir; do
			n=$((n + 1))
			cat <<YAML
    - name: m$n
      onError: continue
      runAfter: [leave]
      workspaces: [{name: c}]
      taskSpec:
        workspaces: [{name: c, mountPath: /claim}]
        volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]
        steps:
        - {name: s, image: busybox, volumeMounts: [{name: v, mountPath: /mnt/v, subPath: $sub}], script: "cat /mnt/v/* /mnt/v/outside/file; ls -A /mnt/v"}
YAML
		done
	} >"$T/in.yaml"
	attack $kind --volume "c=$base/vol"
	is "$(cat "$base"/run/logs/l-m*/0/s.log 2>/dev/null | grep -c MARK-OF)" 0 "$kind: a subPath through a link that a task left does not leave the claim"
	for n in 1 2 3 4 5 6 7; do sed "s/^/m$n /" "$base"/run/logs/l-m$n/0/s.log; done 2>/dev/null >"$T/links"
	is "$(cat "$T/links")" "" "$kind: nothing is mounted there"
	is "$(said l-m9 s | grep inside)" inside "$kind: a directory is"

	# Steps of one task: what is one step's alone, and what an earlier one leaves for a later one or for the agent.
	cat >"$T/in.yaml" <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: s}
spec:
  workspaces: [{name: given, emptyDir: {}}, {name: lent, emptyDir: {}}]
  taskSpec:
    workspaces: [{name: given}, {name: lent}]
    results: [{name: own}]
    volumes: [{name: v, emptyDir: {}}, {name: of-first, emptyDir: {}}, {name: of-side, emptyDir: {}}]
    sidecars:
    - name: side
      image: busybox
      workspaces: [{name: lent}]
      volumeMounts: [{name: of-side, mountPath: /side}]
      script: |
        ls -A /workspace /workspace/lent /tekton >/workspace/lent/seen; echo MARK-OF-sidecar >/side/file
        echo >/workspace/lent/up
        while :; do sleep 0.1; done
    steps:
    - name: first
      image: busybox
      workspaces: [{name: given}, {name: lent}]
      env: [{name: KEY, value: MARK-OF-environment}]
      volumeMounts: [{name: v, mountPath: /v}, {name: of-first, mountPath: /first}]
      results: [{name: exact}]
      script: |
        until [ -e /workspace/lent/up ]; do sleep 0.1; done
        echo MARK-OF-first >/workspace/given/file; echo MARK-OF-first >/first/file; echo MARK-OF-first >/root/file; echo MARK-OF-first >/tmp/file
        echo MARK-OF-first >/dev/shm/file; echo MARK-OF-first >/tekton/creds/file 2>/dev/null || :
        printf true >\$(step.results.exact.path); printf mine >\$(results.own.path)
        exec 7</workspace/given/file; sleep 1000 <&7 & exec 8</first/file
        ln -s ../../../../../../../../etc /v/etc; ln -s /proc/1/root /v/init; ln -s /tekton/results /v/results
    - name: second
      image: busybox
      volumeMounts: [{name: v, mountPath: /v}]
      env: [{name: EXACT, value: \$(steps.first.results.exact)}]
      script: |
        for f in \$(find / -xdev \\( -path /proc -o -path /sys -o -path /bin \\) -prune -o -type f -print 2>/dev/null) /dev/shm/*; do
          case \$f in /tekton/scripts/*) ;; *) grep -qs 'MARK-O[F]' \$f && echo "found in \$f" ;; esac
        done
        set +e
        ls -d /workspace/*/* /first /side /proc/[0-9]*/root/first /v/init/first /v/init/workspace/*/* 2>/dev/null
        { cat /proc/*/environ | tr '\\0' '\\n' | grep KEY=; grep -h . /proc/*/fd/7; } 2>/dev/null
        for f in /tekton/steps /tekton/run /tekton/scripts; do
          find \$f -type f 2>/dev/null | while read -r g; do case \$g in *second*) ;; *) { echo forged >\$g; } 2>/dev/null && echo "wrote \$g" ;; esac; done
          { echo x >\$f/new; } 2>/dev/null && echo "wrote \$f/new"
        done
        echo "looked \$EXACT"
    - name: third
      image: busybox
      env: [{name: EXACT, value: \$(steps.first.results.exact)}]
      script: |
        echo "\$EXACT"; cat \$(steps.step-first.exitCode.path) 2>/dev/null || :
YAML
	attack $kind
	is "$code" 0 "$kind: steps that look at each other" || printf '%s\n' "$out" "$err" | head -40 | sed 's/^/# /'
	is "$(said s second)" "looked true" "$kind: a step finds nothing of the one before: workspaces, volumes, root, environment, processes, descriptors"
	is "$(said s third)" "true
0" "$kind: nor does it forge what that left"

	# The root of the agent itself, read-only: neither the store nor the run directory nor the agent is in it.
	cat >"$T/in.yaml" <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: h}
spec:
  taskSpec:
    steps:
    - name: s
      image: busybox
      env: [{name: KEY, value: MARK-OF-environment}]
      script: |
        set +e
        PATH=/bin:/usr/bin
        find $base/run $base/store $STORE /proc/[0-9]*/root$base/run -type f 2>/dev/null
        grep -ls monopod /proc/[0-9]*/comm
        { echo >$base/x; echo >/etc/monopod-test; } 2>/dev/null && echo written
        kill -0 $$ 2>/dev/null && echo "the shell of the test"
        echo looked
YAML
	attack $kind --image-map busybox=host
	is "$code/$(said h s)" 0/looked "$kind: with the agent's root as image"

	# What inotify tells of another task's reading: the devices of the machine and the directory /tekton, which all steps see.
	shared $kind
	cat >"$T/in.yaml" <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: notice}
spec:
  timeouts: {pipeline: 60s}
  workspaces: [{name: w, emptyDir: {}}]
  pipelineSpec:
    workspaces: [{name: w}]
    tasks:
    - name: thief
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w, mountPath: /w}]
        steps:
        - name: s
          image: busybox
          script: exec /w/probe watch /w/gone $(cut -d' ' -f5 /proc/self/mountinfo | grep -v '^/proc\|^/w$') /etc /bin /etc/passwd /bin/busybox >/w/watch
    - name: victim
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w, mountPath: /w}]
        steps:
        - name: s
          image: busybox
          script: |
            until grep -qs ready /w/watch; do sleep 0.1; done
            cat /etc/hosts /etc/passwd /etc/resolv.conf /tekton/scripts/* >/tmp/x; ls /tekton /workspace >/tmp/x; echo x >/dev/shm/x
            touch /w/gone
YAML
	attack $kind -w "w=$base/w"
	[ $code = 0 ] || head -5 "$T/err" | sed "s/^/# /"
	is "$code $(grep '^saw' "$base/w/watch" | grep -v '^saw /dev/[a-z]*$\|^saw /tekton$')" "0 " "$kind: what another task reads and writes cannot be watched"
done
done_testing
