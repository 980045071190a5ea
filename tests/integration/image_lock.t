#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# image lock, and runs by such a file: from the image itself, and from its root alone.
. tests/helpers/tap.sh

json_file() { # FILE EXPRESSION: d is what it holds
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"
}

mkdir -p "$T/tool/bin" "$T/tool/etc" "$T/tool/src" "$T/tool/var"
cp /bin/busybox "$T/tool/bin/busybox"
for p in sh cat id touch ls echo rm; do ln -s busybox "$T/tool/bin/$p"; done
printf 'root:x:0:0::/root:/bin/sh\njoe:x:12:34::/src:/bin/sh\n' >"$T/tool/etc/passwd"
printf 'root:x:0:\nstaff:x:34:\n' >"$T/tool/etc/group"
echo old >"$T/tool/var/file"
chmod 777 "$T/tool/src"
monopod image pack "$T/tool" --tag example.com/tool:1 --layout "$T/layout" --store "$STORE" \
	--entrypoint '["/bin/sh","-c"]' --cmd '["echo from cmd"]' --env GREETING=hello --workdir /src
is "$code" 0 "an image with a config" || echo "# $err"

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: locked}
spec:
  params: [{name: image, value: "example.com/tool:1"}]
  taskSpec:
    params: [{name: image}]
    steps:
    - {name: cmd, image: $(params.image)}
    - name: script
      image: example.com/tool:1
      script: |
        #!/bin/sh
        echo "$GREETING $PWD $(cat /var/file)"
        touch /src/new && ls /src
YAML
monopod image lock -f "$T/in.yaml" --images "$T/layout" --store "$STORE" --image-lock "$T/images.lock"
is "$code" 0 "image lock" || echo "# $err"
is "$out" "" "into a file, with nothing on standard output"
monopod image lock -f "$T/in.yaml" --images "$T/layout" --store "$STORE"
is "$out" "$(cat "$T/images.lock")" "to standard output, the same bytes"
is "$(json_file "$T/out" '[(i["ref"], i["name"], i["config"]["Entrypoint"], i["config"]["Env"]) for i in d["images"]]')" \
	"[('example.com/tool:1', 'example.com/tool:1', ['/bin/sh', '-c'], ['GREETING=hello'])]" "each image once, with its config"
want='from cmd
hello /src old
new'

run --images "$T/layout" --image-lock "$T/images.lock"
is "$code" 0 "a run of the locked image" || echo "# $err"
is "$(log locked cmd)
$(log locked script)" "$want" "is as without a lock"

# from the root alone, where there is no layout and no config
run --image-map "example.com/tool:1=dir:$T/tool" --image-lock "$T/images.lock"
is "$code" 0 "a run from the root of the image" || echo "# $err"
is "$(log locked cmd)
$(log locked script)" "$want" "with the config of the lock, in a layer that can be written"
[ ! -e "$T/tool/src/new" ]
ok $? "the directory itself stays as it was"
digest=$(json_file "$T/images.lock" 'd["images"][0]["digest"]')
is "$(json_file "$T/run/run.json" '{s["imageID"] for i in d["items"] for s in i["status"]["steps"]}')" \
	"{'example.com/tool@$digest'}" "imageID is the locked one"

run --image-map "example.com/tool:1=dir:$T/tool"
is "$code" 1 "without a lock nothing says what to execute"
like "$err$out" "has no command" "and the step says so"

# another image under the same name
echo new >"$T/tool/var/file"
monopod image pack "$T/tool" --tag example.com/tool:1 --layout "$T/layout" --store "$STORE" --cmd '["/bin/id"]'
run --images "$T/layout" --image-lock "$T/images.lock"
is "$code" 3 "an image that is not the locked one is refused"
like "$err" "is locked to $digest" "with both digests"
like "$err" "in.yaml:9:26: error" "at its place"

# what cannot be locked
monopod image lock -f "$T/in.yaml" --images "$IMAGES" --store "$STORE" --image-lock "$T/images.lock"
is "$code" 3 "an image that is nowhere"
like "$err" "[image-missing]" "is told at its place"
is "$(json_file "$T/images.lock" 'd["images"][0]["digest"]')" "$digest" "and the file stays as it was"
monopod image lock -f "$T/in.yaml" --image-map '*=host' --store "$STORE"
is "$code" 0 "an image that is mapped to the host"
is "$(json_file "$T/out" 'd["images"]')" "[]" "is not in the lock"
like "$err" "is mapped to a place of this machine" "which is told"
echo '{"apiVersion":"monopod/v9"}' >"$T/bad.lock"
run --images "$T/layout" --image-lock "$T/bad.lock"
is "$code" 2 "a lock that is none"
like "$err" "bad.lock" "is named"
run --images "$T/layout" --image-lock "$T/none.lock"
is "$code" 2 "so is one that is not there"
for action in list "remove busybox" "import $IMAGES" "pack $T"; do
	monopod image $action --images "$IMAGES" --store "$STORE"
	is "$code" 2 "image $action is about the store alone"
	like "$err" "--images belongs to" "and says so"
done
monopod image list --image-lock "$T/images.lock" --store "$STORE"
is "$code" 2 "--image-lock belongs to image lock"
done_testing
