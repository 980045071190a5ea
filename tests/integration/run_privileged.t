#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Steps that ask for power over their sandbox: as root, and by an unprivileged user.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: power}
spec:
  workspaces: [{name: w, emptyDir: {}}]
  taskSpec:
    workspaces: [{name: w, readOnly: true}]
    stepTemplate: {securityContext: {privileged: true}}
    sidecars:
    - name: s
      image: busybox
      securityContext: {privileged: true}
      script: |
        mkdir -p /mnt && mount -t tmpfs none /mnt && echo mounted
        exec sleep 1000
    steps:
    - name: all
      image: busybox
      script: |
        grep -E 'Cap(Eff|Bnd)' /proc/self/status | cut -f2 | tr a-f A-F | sort -u
        mkdir -p /mnt/a /mnt/b
        mount -t tmpfs none /mnt/a && mount --bind /mnt/a /mnt/b && echo mounts
        hostname other && hostname
        unshare -n ip link set lo up && echo network
        mkdir /mnt/a/p && unshare -p -f mount -t proc none /mnt/a/p && echo proc
        for try in 'umount /workspace/w' 'mount -o remount,bind,rw /workspace/w' 'umount /etc/hosts' 'touch /workspace/w/x' \
            'mknod /dev/sda b 8 0' 'ip link set lo down' 'mount -t sysfs none /mnt/b' 'unshare -C true' \
            'mount -o remount,rw /' 'sysctl -w vm.swappiness=1' 'chroot /proc/1/root true' 'cat /proc/1/environ' 'nsenter -t 1 -m true' \
            'ls /sys' 'mount /dev/sda1 /mnt/b'; do
            $try >/dev/null 2>&1 && echo "escaped: $try"
        done
        ls /dev | tr '\n' ' '
    - name: own
      image: busybox
      securityContext: {privileged: false}
      script: mount -t tmpfs none /mnt 2>/dev/null || echo no
    - name: admin
      image: busybox
      securityContext: {privileged: false, capabilities: {drop: [ALL], add: [SYS_ADMIN]}}
      script: |
        grep CapEff /proc/self/status | cut -f2
        mount -t tmpfs none /tmp && echo mounted
        umount /proc/keys 2>/dev/null || umount /proc/timer_list 2>/dev/null || echo masked
    - name: tracer
      image: busybox
      securityContext: {privileged: false, capabilities: {add: [SYS_PTRACE]}}
      script: |
        grep CapEff /proc/self/status | cut -f2
        mount -t tmpfs none /mnt 2>/dev/null || echo no
YAML
devices="fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
check_power() { # WHO
	is "$code" 0 "$1: privileged steps run" || printf '%s\n' "$err" | sed 's/^/# /'
	is "$(log power all | tail -n +2)" "mounts
other
network
proc
$devices" "$1: what a privileged step can do, and what it cannot" || log power all
	like "$(log power all | head -1)" 'FFFFF' "$1: every capability"
	is "$(log power own)" no "$1: its own word over the template's"
	is "$(log power admin)" "0000000000200000
mounted
masked" "$1: SYS_ADMIN alone"
	is "$(log power tracer)" "00000000800c05fb
no" "$1: SYS_PTRACE alone"
	is "$(cat "$T/run/logs/power/0/sidecar-s.log")" mounted "$1: a sidecar"
	like "$err$out" "step all in power was privileged in its sandbox" "$1: the summary says so"
	like "$err$out" "step admin in power had CAP_SYS_ADMIN in its sandbox" "$1: and of an administrator"
	like "$err" "warning: privileged gives every capability" "$1: with a warning"
}
run
check_power root

if [ "$(id -u)" = 0 ] && as_user single true 2>/dev/null; then
	chmod 755 "$T"
	chmod 644 "$T/in.yaml"
	for kind in subids single; do
		rm -rf "$T/home" "$T/run"
		as_user $kind "$MONOPOD" run -f "$T/in.yaml" --images "$IMAGES" --store "$T/home/store" \
			--run-dir "$T/home/run" --termination-log "$T/home/term" >"$T/out" 2>"$T/err" </dev/null
		code=$?
		out=$(cat "$T/out") err=$(cat "$T/err")
		ln -sfn "$T/home/run" "$T/run"
		check_power "$kind"
	done
	rm -f "$T/run"
else
	skip "unprivileged users" "needs root to become somebody else"
fi

# what cannot be given is refused before anything starts, each where it is written
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: refused}
spec:
  taskSpec:
    steps:
    - image: busybox
      securityContext: {capabilities: {add: [NET_ADMIN]}}
      script: touch /x
    - image: busybox
      securityContext: {privileged: true, allowPrivilegeEscalation: false}
      script: touch /x
    - image: busybox
      securityContext: {privileged: true, capabilities: {add: [MKNOD]}}
      script: touch /x
YAML
run
is "$code" 2 "what no step can have is refused"
like "$err" "in.yaml:8:46: error: capability NET_ADMIN is not supported: the network belongs to the pod" "the pod's network"
like "$err" "in.yaml:11:69: error: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true" "as the API server does"
like "$err" "in.yaml:14:64: error: capability MKNOD is not supported: no user namespace may make devices" "devices"
[ ! -e "$T/run/logs" ]
ok $? "nothing was started"
done_testing
