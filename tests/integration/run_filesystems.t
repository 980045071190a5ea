#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The run directory on file systems of several kinds: what is said of them, a run, and one that is killed and goes on.
. tests/helpers/tap.sh

[ "$(id -u)" = 0 ] || skip_all "needs root to mount"
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  workspaces: [{name: side, emptyDir: {}}]
  pipelineSpec:
    workspaces: [{name: side}]
    results: [{name: r, value: $(tasks.second.results.r)}]
    tasks:
    - name: first
      workspaces: [{name: side}]
      taskSpec:
        workspaces: [{name: side}]
        results: [{name: r}]
        steps: [{name: s, image: busybox, script: "echo first >>$(workspaces.side.path)/log; printf one >$(results.r.path)"}]
    - name: second
      params: [{name: r, value: $(tasks.first.results.r)}]
      workspaces: [{name: side}]
      taskSpec:
        params: [{name: r}]
        workspaces: [{name: side}]
        results: [{name: r}]
        steps:
        - name: s
          image: busybox
          env: [{name: R, value: $(params.r)}]
          script: |
            echo second >>$(workspaces.side.path)/log
            until [ -e $(workspaces.side.path)/go ]; do sleep 0.02; done
            printf "$R-two" >$(results.r.path)
YAML
mkdir "$T/side"
chmod 777 "$T/side"

# In a mount namespace of its own, whose death takes the file system with it: place KIND MOUNT-COMMAND
place() {
	mkdir -p "$T/at" "$T/disk"/{lower,upper,work,other}
	cat >"$T/inside" <<-SH
		$1 || exit 99
		at=$T/at
		go() {
			exec "$MONOPOD" run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir \$at/run -w side="$T/side" \\
				--termination-log "$T/term" --resume </dev/null
		}
		go >"$T/out.1" 2>"$T/err.1" &
		pid=\$!
		n=0
		until grep -q second "$T/side/log" 2>/dev/null || [ \$n -ge 600 ] || [ ! -d /proc/\$pid ]; do n=\$((n + 1)); sleep 0.05; done
		kill -KILL \$pid
		wait \$pid
		touch "$T/side/go"
		(go >"$T/out.2" 2>"$T/err.2")
		echo \$? >"$T/code"
		ls -A \$at/run >"$T/left"
		cp \$at/run/run.json "$T/run.json"
	SH
	rm -rf "$T/side"/* "$T/code" "$T/term"
	: >"$T/term"
	unshare --mount --propagation private --pid --fork --mount-proc sh "$T/inside" >"$T/mount.out" 2>&1
}

# all KIND WHAT-IS-SAID (empty: nothing)
all() {
	local kind=$1 said=$2 wants=0
	[ -z "$said" ] || wants=1
	is "$(cat "$T/code")" 0 "$kind: killed, a run goes on to its end" || cat "$T/err.1" "$T/err.2"
	is "$(sort "$T/side/log" | tr '\n' ' ')" "first second second " "$kind: what had ended did not run again"
	is "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["items"][0]["status"]["results"][0]["value"])' "$T/run.json")" \
		one-two "$kind: its results are there"
	like "$(cat "$T/term")" '"value":"True Succeeded' "$kind: the termination file has the end"
	is "$(grep -E -c '^(scratch|control|lock|scratch.old)$' "$T/left")" 0 "$kind: nothing is left over"
	for n in 1 2; do
		is "$(grep -c "after a loss of power the record may be behind what was done" "$T/err.$n")" "$wants" "$kind: what is said of it, once a start"
	done
	[ -z "$said" ] || like "$(cat "$T/err.2")" "$said" "$kind: by name"
}

kind() { # KIND FILE-SYSTEM WHAT-IS-SAID MOUNT-COMMAND
	if ! grep -qw "$2" /proc/filesystems; then
		skip "$1" "this kernel has no $2"
		return
	fi
	place "$4"
	if [ ! -e "$T/code" ]; then
		skip "$1" "cannot be mounted here: $(tail -n 1 "$T/mount.out")"
		return
	fi
	all "$1" "$3"
}

kind tmpfs tmpfs "" "mount -t tmpfs none $T/at"
kind overlay overlay "" "mount -t overlay none -o lowerdir=$T/disk/lower,upperdir=$T/disk/upper,workdir=$T/disk/work $T/at"
like "$(cat "$T/err.2")" "cannot carry writable layers: they are on a tmpfs" "overlay: another place for what steps write"
if [ ! -c /dev/fuse ]; then
	skip FUSE "there is no /dev/fuse"
elif ! command -v fuse-overlayfs >/dev/null; then
	skip FUSE "fuse-overlayfs is not installed"
else
	rm -rf "$T/disk"
	kind FUSE fuse "is on FUSE, where nobody knows what a sync does" \
		"fuse-overlayfs -o lowerdir=$T/disk/lower,upperdir=$T/disk/upper,workdir=$T/disk/work $T/at"
fi
if command -v mkfs.vfat >/dev/null; then
	kind FAT vfat "is on FAT, where a file is not replaced as a whole" \
		"truncate -s 64M $T/disk/image && mkfs.vfat $T/disk/image && mount -o loop $T/disk/image $T/at"
else
	skip FAT "mkfs.vfat is not installed"
fi
kind NFS nfs "is on NFS" "mount -t nfs 127.0.0.1:/ $T/at"
kind 9p 9p "is on 9p" "mount -t 9p none $T/at"
done_testing
