#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images as volumes: an image's root, read-only, beside a step's own (KEP-4639).
. tests/helpers/tap.sh

# An image of two layers, the upper one of which hides something of the lower, and a directory that stands for one.
mkdir -p "$T/one/bin" "$T/one/gone" "$T/one/lib" "$T/dir/sub" "$T/flat"
cp "$(command -v busybox)" "$T/one/bin/busybox"
echo below >"$T/one/gone/file"
echo lower >"$T/one/lib/file"
ln -s ../../../etc "$T/one/lib/up"
ln -s lib "$T/one/alias"
printf '#!/bin/sh\necho ran\n' >"$T/one/bin/hello"
chmod 755 "$T/one/bin/hello"
umoci init --layout "$T/data" && umoci new --image "$T/data:two" &&
	umoci insert --image "$T/data:two" "$T/one" / >/dev/null 2>&1 &&
	umoci insert --image "$T/data:two" --whiteout /gone >/dev/null 2>&1 &&
	umoci config --image "$T/data:two" --config.entrypoint /nothing
echo dir >"$T/dir/sub/file"
chmod -R a+rX "$T/dir"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: t}
spec:
  podTemplate:
    volumes: [{name: pod, image: {reference: two, pullPolicy: IfNotPresent}}]
  taskSpec:
    volumes:
    - {name: img, image: {reference: two}}
    - {name: dir, image: {reference: "data.example/dir:1", pullPolicy: Never}}
    steps:
    - name: see
      image: busybox
      volumeMounts:
      - {name: img, mountPath: /img}
      - {name: img, mountPath: /part, subPath: alias}
      - {name: img, mountPath: /etc/one, subPath: lib/file}
      - {name: pod, mountPath: /workspace/pod, readOnly: true}
      - {name: dir, mountPath: /dir}
      - {name: dir, mountPath: /dirpart, subPath: sub}
      script: |
        ls /img | tr '\n' ' '; cat /img/lib/file /part/file /etc/one /workspace/pod/lib/file /dir/sub/file /dirpart/file | tr '\n' ' '
        echo
        /img/bin/hello; /img/bin/busybox echo program
        for p in /img /img/lib /part /workspace/pod /dir /dirpart; do touch $p/x 2>&1 | sed 's/.*: //'; done
        { echo x >/etc/one; } 2>&1 | sed 's/.*: //'
        mount -o remount,rw /img 2>/dev/null && echo remounted
        umount /img 2>/dev/null && echo unmounted
        grep -E ' (/img|/part|/workspace/pod|/dir|/dirpart) ' /proc/self/mounts | cut -d' ' -f 2,4 | cut -d, -f 1-3 | sort
        grep -c "$(echo /img | sed s/x//)" /proc/self/mounts
        ls /img/lib/up/ >/dev/null 2>&1; stat -c %u /img/lib/file
    - name: without
      image: busybox
      script: ls -d /img /part 2>/dev/null || echo nothing
YAML
run --images "$T/data" --image-map "data.example/dir:1=dir:$T/dir"
is "$code" 0 "images as volumes" || echo "# $out $err"
is "$(log t see)" "alias bin lib lower lower lower lower dir dir 
ran
program
Read-only file system
Read-only file system
Read-only file system
Read-only file system
Read-only file system
Read-only file system
Read-only file system
/dir ro,nosuid,nodev
/dirpart ro,nosuid,nodev
/img ro,nosuid,nodev
/part ro,nosuid,nodev
/workspace/pod ro,nosuid,nodev
1
0" "its files, read-only and executable; parts of it; nobody changes that"
is "$(log t without)" "nothing" "a step that does not mount it has nothing"
is "$(grep -c "$T/run" /proc/mounts)" "0" "nothing stays mounted"

# --- what is not there ------------------------------------------------------------------------

one() { # VOLUME MOUNT
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: t}
		spec:
		  taskSpec:
		    volumes: [{name: img, image: $1}]
		    steps: [{name: s, image: busybox, volumeMounts: [{name: img, mountPath: /img${2:-}}], script: "ls /img"}]
	YAML
	run --images "$T/data" --image-map 'host=host'
}
one "{reference: tow}"
is "$code" 3 "an image that is not there is known before the first step"
like "$err" "in.yaml:6:46: error: image 'docker.io/library/tow:latest': not found; did you mean 'docker.io/library/two:latest'?" "with its place, and the nearest name"
one "{}"
is "$code" 2 "a reference is required"
like "$err" "image.reference" "and named"
one "{reference: two, pullPolicy: Sometimes}"
is "$code" 2 "a pull policy that is none"
like "$err" 'unsupported value "Sometimes": supported values are Always, IfNotPresent, Never' "is told"
one "{reference: host}"
is "$code $(json 'cond(run)["reason"]')" "1 TaskRunImagePullFailed" "the host is no volume"
like "$(json 'cond(run)["message"]')" 'the step "s" in TaskRun "t" failed to pull the image "host" of its volume "img"' "in words"
one "{reference: two}" ", subPath: nowhere"
is "$code $(json 'cond(run)["reason"]')" "1 CreateContainerError" "a part that is not there"
like "$(json 'cond(run)["message"]')" "mount an image on '/img', of it 'nowhere'" "is named"
one "{reference: two}" ", subPath: lib/up"
is "$code" 1 "a link that leads out of the image stays inside, where there is nothing"
one "{reference: two}" ", subPath: ../x"
is "$code $(json 'cond(run)["reason"]')" "1 PodCreationFailed" "subPath does not lead out"

# --- an agent without rights ------------------------------------------------------------------

if [ "$(id -u)" != 0 ]; then
	skip "an unprivileged agent" "this one is"
	done_testing
fi
mkdir "$T/home"
chown 1000:1000 "$T/home"
chmod -R a+rX "$T/data" "$T/images"
cp "$MONOPOD" "$T/monopod"
one "{reference: two}" ", subPath: alias"
sed -i 's/ls .img/cat \/img\/file; touch \/img\/x 2>\/dev\/null || echo fixed/' "$T/in.yaml"
setpriv --reuid 1000 --regid 1000 --clear-groups env HOME="$T/home" "$T/monopod" run -f "$T/in.yaml" \
	--store "$T/home/store" --images "$T/images" --images "$T/data" --run-dir "$T/home/run" >"$T/out" 2>&1 </dev/null
is "$?" 0 "an unprivileged agent" || sed 's/^/# /' "$T/out"
is "$(cat "$T/home/run/logs/t/0/s.log")" "lower
fixed" "the same"
done_testing
