#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images made by other tools are run, images made here are read by other tools.
. tests/helpers/tap.sh

need() { command -v "$1" >/dev/null 2>&1; }

root=$T/root
mkdir -p "$root"/{bin,etc,tmp}
cp /bin/busybox "$root/bin/" 2>/dev/null || skip_all "no busybox-static"
for a in sh ls cat stat; do ln -s busybox "$root/bin/$a"; done
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'base' >"$root/etc/base"
echo 'base' >"$root/etc/gone"
mkdir "$root/etc/opaque" && echo old >"$root/etc/opaque/old"
chmod 1777 "$root/tmp"

# step SOURCE REF NAME: runs a step of that image and compares what it sees
step() {
	yaml <<-YAML
		apiVersion: tekton.dev/v1
		kind: TaskRun
		metadata: {name: t}
		spec:
		  taskSpec:
		    steps:
		    - name: s
		      image: "$2"
		      script: |
		        #!/bin/sh
		        cat /etc/base; test -e /etc/gone && echo gone; ls /etc/opaque; cat /added; echo "\$FROM_IMAGE"
	YAML
	rm -rf "$T/run"
	monopod run -f "$T/in.yaml" --store "$T/store" --images "$1" --run-dir "$T/run"
	is "$code" 0 "$3: runs" || echo "# $err"
	is "$(log t s 2>/dev/null | tr '\n' ' ')" "$want" "$3: the step sees the image"
}

if need umoci; then
	lay=$T/layout
	umoci init --layout "$lay" && umoci new --image "$lay:two" >/dev/null
	umoci insert --image "$lay:two" "$root" / >/dev/null
	umoci insert --image "$lay:two" --whiteout /etc/gone >/dev/null
	mkdir "$T/new" && echo new >"$T/new/new"
	umoci insert --image "$lay:two" --opaque "$T/new" /etc/opaque >/dev/null
	echo added >"$T/added"
	umoci insert --image "$lay:two" "$T/added" /added >/dev/null
	umoci config --image "$lay:two" --config.env FROM_IMAGE=yes >/dev/null
	want='base new added yes '
	step "$lay" two "umoci layout"
	if need skopeo; then
		skopeo copy -q "oci:$lay:two" "oci-archive:$T/oci.tar:localhost/two:1" &&
			step "$T/oci.tar" localhost/two:1 "skopeo OCI archive"
		skopeo copy -q "oci:$lay:two" "docker-archive:$T/docker.tar:localhost/two:2" &&
			step "$T/docker.tar" localhost/two:2 "skopeo docker archive"
		gzip -k "$T/docker.tar" &&
			step "$T/docker.tar.gz" localhost/two:2 "compressed docker archive"
		skopeo copy -q --dest-compress-format zstd "oci:$lay:two" "oci:$T/zstd:two" &&
			step "$T/zstd" two "zstd layers"
		skopeo copy -q --format v2s2 "oci:$lay:two" "dir:$T/v2s2" 2>/dev/null
	else
		skip "archives" "no skopeo"
	fi
else
	skip "layouts of umoci" "no umoci"
fi

if need buildah && [ "$(id -u)" = 0 ]; then
	b="buildah --root $T/bs --runroot $T/br --storage-driver vfs"
	c=$($b from scratch 2>/dev/null) &&
		$b copy -q "$c" "$root" / >/dev/null &&
		$b config --env FROM_IMAGE=buildah --user 0 "$c" >/dev/null 2>&1 &&
		echo added >"$T/added" && $b copy -q "$c" "$T/added" /added >/dev/null &&
		$b commit -q "$c" "oci:$T/buildah:built" >/dev/null 2>&1
	want='base gone old added buildah '
	if [ -e "$T/buildah/index.json" ]; then
		step "$T/buildah" built "buildah commit"
	else
		skip "buildah commit" "buildah cannot commit here"
	fi
else
	skip "buildah commit" "no buildah, or not root"
fi

monopod image pack "$root" --tag packed:1 --layout "$T/packed" --store "$T/store"
is "$code" 0 "image pack"
if need skopeo; then
	like "$(skopeo inspect "oci:$T/packed:packed:1" 2>&1)" '"Digest": "sha256:' "skopeo reads what was packed"
else
	skip "skopeo reads what was packed" "no skopeo"
fi
if need umoci && [ "$(id -u)" = 0 ]; then
	umoci raw unpack --image "$T/packed:packed:1" "$T/unpacked" >/dev/null 2>&1
	list() { (cd "$1" && find . -printf '%p %m %U:%G %y %l %n %s\n' | grep -v '^\. ' | sort); }
	[ -d "$T/unpacked/rootfs" ] && T2=$T/unpacked/rootfs || T2=$T/unpacked
	is "$(list "$T2" | sed 's/ d  [0-9]* [0-9]*$/ d/')" \
		"$(list "$root" | sed 's/ d  [0-9]* [0-9]*$/ d/')" "umoci unpacks the same tree"
else
	skip "umoci unpacks the same tree" "no umoci, or not root"
fi
monopod image import "$T/packed" --store "$T/store"
is "$code" 0 "image import"
monopod image list --store "$T/store"
like "$out" 'docker.io/library/packed:1' "image list"
monopod image remove packed:1 --store "$T/store"
is "$code" 0 "image remove"
done_testing
