#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The place: network or none, images from directories and the host, memory for writable layers.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: net}
spec:
  pipelineSpec:
    tasks:
    - name: closed
      taskSpec:
        metadata: {annotations: {experimental.tekton.dev/execution-mode: hermetic}}
        steps:
        - name: a
          image: busybox
          script: |
            #!/bin/sh
            ip -o link | cut -d: -f2 | tr -d ' '
            echo "$TEKTON_HERMETIC"
            tr -d '\n' < /etc/resolv.conf | wc -c
            nc -l -p 5000 -e echo hi &
            i=0; until nc 127.0.0.1 5000 </dev/null 2>/dev/null; do i=$((i+1)); [ $i -lt 100 ] || break; usleep 20000; done
        - {name: b, image: busybox, command: [readlink, /proc/self/ns/net]}
        - {name: c, image: busybox, command: [readlink, /proc/self/ns/net]}
    - name: open
      taskSpec: {steps: [{name: a, image: busybox, command: [readlink, /proc/self/ns/net]}]}
YAML
if "$MONOPOD" probe --store "$STORE" 2>&1 | grep -q '^yes *net-namespace'; then
	run
	is "$code" 0 "a hermetic task beside one with network" || echo "# $err $out"
	is "$(log net-closed a)" "lo
1
0
hi" "has loopback and nothing else"
	is "$(log net-closed b)" "$(log net-closed c)" "its steps share a network"
	[ "$(log net-closed b)" != "$(log net-open a)" ]
	ok $? "of their own"
	is "$(log net-open a)" "$(readlink /proc/self/ns/net)" "other tasks have the machine's"
	run --hermetic
	is "$code" 0 "--hermetic"
	[ "$(log net-open a)" != "$(readlink /proc/self/ns/net)" ]
	ok $? "makes every task so"
else
	run --hermetic
	is "$code" 3 "--hermetic is refused where it cannot be"
fi

# a place without network namespaces: known before the start, also when only an annotation asks for it
deny='echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"'
if [ "$(id -u)" = 0 ] && as_user single unshare --user --map-current-user --keep-caps sh -c "$deny" sh true 2>/dev/null; then
	chmod 644 "$T/in.yaml"
	as_user single unshare --user --map-current-user --keep-caps sh -c "$deny" sh "$MONOPOD" run -f "$T/in.yaml" \
		--images "$IMAGES" --store "$T/home/store" --run-dir "$T/home/run" >"$T/out" 2>"$T/err" </dev/null
	is $? 3 "a hermetic task where no network namespace can be made" || cat "$T/out" "$T/err"
	like "$(cat "$T/err")" "network namespace" "is refused before the start"
	[ ! -e "$T/home/run" ]
	ok $? "and nothing is left"
else
	skip "a hermetic task where no network namespace can be made" "cannot forbid them here"
fi

# unpacked root file systems
mkdir -p "$T/rootfs/bin"
cp /bin/busybox "$T/rootfs/bin/busybox"
for p in sh echo cat ls touch id; do ln -s busybox "$T/rootfs/bin/$p"; done
echo content >"$T/rootfs/file"
script mapped <<'SH'
#!/bin/sh
cat /file
touch /new 2>/dev/null && echo wrote
touch /workspace/x /tmp/x && echo ok
SH
sed -i 's/image: busybox/image: my.registry\/tool:v1/' "$T/in.yaml"
run --image-map "my.registry/*=dir:$T/rootfs"
is "$code" 0 "an image from a directory" || echo "# $err $out"
is "$(log mapped s)" "content
ok" "is read-only, with its own /tmp"
[ ! -e "$T/rootfs/new" ] && [ ! -e "$T/rootfs/tekton" ]
ok $? "and stays as it was"
cp "$T/in.yaml" "$T/mapped.yaml"
script mapped <<'SH'
#!/bin/sh
while read -r ip name _; do [ "$name" != mapped-pod ] || echo "$ip"; done </etc/hosts
SH
sed -i 's/image: busybox/image: my.registry\/tool:v1/' "$T/in.yaml"
for etc in none empty links full; do
	[ $etc != empty ] || mkdir "$T/rootfs/etc"
	[ $etc != links ] || ln -s ../run/nothing "$T/rootfs/etc/resolv.conf"
	[ $etc != links ] || ln -s nothing "$T/rootfs/etc/hosts"
	[ $etc != full ] || (cd "$T/rootfs/etc" && seq -f f%g 300 | xargs touch)
	run --image-map "my.registry/*=dir:$T/rootfs"
	is "$code" 0 "a directory with $etc /etc" || echo "# $err"
	like "$(log mapped s)" "127.0." "has names of hosts"
done
[ ! -e "$T/rootfs/etc/hosts" ]
ok $? "none of which stays behind"
cp "$T/mapped.yaml" "$T/in.yaml"
mkdir "$T/rootfs/var" "$T/rootfs/lib"
monopod run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/rootfs/var/run" --image-map "my.registry/*=dir:$T/rootfs"
is "$code" 3 "a directory with the run directory in it is no image"
like "$err" "image 'my.registry/tool:v1': directory '$T/rootfs' holds monopod's own '$T/rootfs/var/run', which no step may see" "in words"
ln -s "$T/rootfs" "$T/link"
monopod run -f "$T/in.yaml" --store "$T/rootfs/lib/store" --images "$IMAGES" --run-dir "$T/in-store" --image-map "my.registry/*=dir:$T/link"
is "$code" 3 "nor one with the store, also by a link"
like "$err" "holds monopod's own '$T/rootfs/lib/store'" "in words"
rm -rf "$T/rootfs/var" "$T/rootfs/lib"
run --image-map "my.registry/tool:v1=busybox"
is "$code" 0 "a map to another reference"
like "$(log mapped s)" "No such file" "is another image"
printf '%s\n' '# comment' '' "my.registry/tool:*=dir:$T/rootfs" >"$T/map"
run --image-map-file "$T/map"
is "$code" 0 "a map file"
script onhost <<SH
#!/bin/sh
cat "$T/secret" && echo host
ls -A "$T/run" "$T/store" 2>/dev/null | grep -v : | tr -d '\n' | wc -c
touch /workspace/x
touch "$T/planted" /var/tmp/monopod-planted.$$ 2>/dev/null
ls -A /tmp
SH
echo visible >"/var/tmp/monopod-visible.$$"
sed -i "s|$T/secret|/var/tmp/monopod-visible.$$|" "$T/in.yaml"
run --image-map "busybox=host"
is "$code" 0 "the host's root as an image" || echo "# $err $out"
is "$(log onhost s | head -3)" "visible
host
0" "is seen, but not the store and the run directory"
is "$(log onhost s | tail -n +4 | grep -vc "^${T##*/}\$")" 0 "with a /tmp of its own" || log onhost s
[ ! -e "$T/planted" ] && [ ! -e "/var/tmp/monopod-planted.$$" ]
ok $? "and cannot be written"
rm -f "/var/tmp/monopod-visible.$$"

# a run directory on a file system that cannot carry writable layers: an overlay, as a container's root is
if [ "$(id -u)" = 0 ]; then
	mkdir "$T/lower" "$T/upper" "$T/work" "$T/mnt"
	if mount -t overlay none -o "lowerdir=$T/lower,upperdir=$T/upper,workdir=$T/work" "$T/mnt" 2>/dev/null; then
		script layered <<-'SH'
			echo written > /root-file && cat /root-file
			echo kept > /workspace/x && cat /workspace/x
		SH
		monopod run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/mnt/run"
		is "$code" 0 "a run directory on an overlay" || echo "# $err $out"
		is "$(cat "$T/mnt/run/logs/layered/0/s.log")" "written
kept" "steps write all the same"
		is "$(ls "$T/mnt/run" | tr '\n' ' ')" "journal logs run.json workspaces " "nothing is left mounted or lying about"
		if monopod probe --store "$STORE" --run-dir "$T/mnt/run" && ! printf '%s' "$out" | grep -q '^yes *upper'; then
			monopod run -f "$T/in.yaml" --store "$STORE" --images "$IMAGES" --run-dir "$T/mnt/run2"
			like "$err" "tmpfs" "and it is said where"
		else
			skip "the message about tmpfs" "this kernel takes an overlay on an overlay"
		fi
		umount "$T/mnt"
	else
		skip "a run directory on an overlay" "no overlay can be mounted here"
	fi
fi
done_testing
