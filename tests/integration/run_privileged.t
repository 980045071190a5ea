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
	is "$(json 'sorted(run["metadata"]["annotations"].items())')" \
		"[('monopod/privileged', 'step-all,sidecar-s'), ('monopod/sys-admin', 'step-admin')]" \
		"$1: the record names those that reached more than others"
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

# what this place cannot give is refused before anything starts, and `probe` says the same
place_yaml() { # CONTEXT
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: placed}
		spec:
		  taskSpec:
		    steps:
		    - {name: fine, image: busybox, command: [touch, /workspace/started]}
		    - name: s
		      image: busybox
		      securityContext: $1
		      command: ["true"]
	YAML
	chmod 644 "$T/in.yaml"
}
run_by() { # COMMAND…: monopod by somebody, with its files in his home
	rm -rf "$T/home/run"
	"$@" "$MONOPOD" run -f "$T/in.yaml" --images "$IMAGES" --store "$T/home/store" --run-dir "$T/home/run" \
		--termination-log "$T/home/term" >"$T/out" 2>"$T/err" </dev/null
	code=$?
	out=$(cat "$T/out") err=$(cat "$T/err")
}
refused_by() { # NAME TEXT COMMAND…
	local name=$1 text=$2
	shift 2
	run_by "$@"
	is "$code" 3 "$name" || printf '%s\n' "$err" | sed 's/^/# /'
	like "$err" "$text" "$name: the field and the lack"
	[ ! -e "$T/home/run" ]
	ok $? "$name: nothing is left"
}
# user namespaces to the depth where a step is possible and nothing nested in it
deep() { # COMMAND…
	as_user single bash -c '
		descend() {
			unshare --user --map-current-user --keep-caps unshare --user --map-current-user --keep-caps \
				unshare --user true 2>/dev/null || exec "$@"
			exec unshare --user --map-current-user --keep-caps bash -c "$(declare -f descend); descend \"\$@\"" bash "$@"
		}
		descend "$@"' bash "$@"
}
if [ "$(id -u)" = 0 ] && as_user single true 2>/dev/null; then
	rm -rf "$T/home"
	mkdir "$T/home"
	place_yaml '{allowPrivilegeEscalation: true}'
	refused_by "setuid programs where they cannot count" \
		"in.yaml:10:51: error: securityContext.allowPrivilegeEscalation cannot be given here: setuid programs cannot count" \
		setpriv --no-new-privs
	like "$(setpriv --no-new-privs "$MONOPOD" probe --store "$T/home/store")" "no   allowPrivilegeEscalation  setuid programs cannot count" \
		"probe agrees"
	run_by env
	is "$code" 0 "and where they can"
	rm -rf "$T/home"
	place_yaml '{runAsUser: 1000}'
	refused_by "another user with one id" "in.yaml:10:36: error: securityContext.runAsUser cannot be given here: users of steps can be 0 alone" \
		as_user single
	like "$(as_user single "$MONOPOD" probe --store "$T/home/store")" "no   runAsUser                 0 alone" "probe agrees"
	place_yaml '{runAsGroup: 70000}'
	refused_by "a group beyond all" "securityContext.runAsGroup cannot be given here: groups of steps can be 0 " as_user single
	place_yaml '{}'
	run_by deep
	if [ "$code" = 0 ]; then
		for context in '{privileged: true}' '{capabilities: {add: [SYS_ADMIN]}}' '{capabilities: {add: [SYS_PTRACE]}}'; do
			place_yaml "$context"
			refused_by "$context where nothing nests" "cannot be given here: no user namespace can be nested in a step's" deep
		done
		like "$(deep "$MONOPOD" probe --store "$T/home/store")" "no   privileged                no user namespace can be nested" "probe agrees"
	else
		skip "a place where nothing nests" "$(tail -1 "$T/err")"
	fi
else
	skip "places that give less" "needs root to make them"
fi

# what cannot be given anywhere is refused, each where it is written
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
