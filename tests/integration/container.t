#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The container image under podman, with its own storage and without a network: alone, and as a Pod.
. tests/helpers/tap.sh
. tests/helpers/podman.sh

# What every container has: the input, the images, a way to look in.
mkdir "$T/in" "$T/vol"
flags=(--privileged --network none -v "$T/in:/in:ro" -v "$IMAGES:/images:ro")

# box [PODMAN-OPTION…] -- ARGUMENT…: the image, to its end; sets $code, $out and $err
box() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	pm run --rm --name "$name" "${flags[@]}" "${options[@]}" "$image" "$@" >"$T/out" 2>"$T/err" </dev/null
	code=$?
	out=$(cat "$T/out")
	err=$(cat "$T/err")
}

# fresh: an empty run directory, and a termination file as a kubelet makes it
fresh() {
	rm -rf "$T/run"
	mkdir "$T/run"
	: >"$T/term"
	chmod 666 "$T/term"
}

# start FILE: in the background, until its step is up
volumes=(-v "$T/run:/run/monopod" -v "$name:/var/lib/monopod" -v "$T/term:/dev/termination-log")
start() {
	fresh
	pm run -d --name "$name" "${flags[@]}" "${volumes[@]}" -v /bin/busybox:/busybox:ro \
		"$image" run -f "/in/$1" --images /images >"$T/id" 2>"$T/err" || ok 1 "start" "$(cat "$T/err")"
	wait_for 30 grep -q up "$T/run/logs/stop-long/0/s.log" 2>/dev/null
}

# ended CODE NAME: of the container in the background
ended() {
	is "$(pm wait "$name")" "$1" "$2" || pm logs "$name" 2>&1 | sed 's/^/# /'
	pm rm -f -t 0 "$name" >/dev/null
}

# --- the image ------------------------------------------------------------------------------

is "$(pm image inspect --format '{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{json .Config.Env}} {{len .RootFS.Layers}}' "$image")" \
	'["/bin/monopod"] null null 1' "one layer, an entrypoint, no arguments, no environment"
[ "$(pm image inspect --format '{{.Size}}' "$image")" -lt 10000000 ]
ok $? "under 10 MB"
root=$(pm image mount "$image")
is "$(cd "$root" && find . -mindepth 1 -printf '%P %m %U\n')" "bin 755 0
bin/monopod 755 0" "one file and nothing else"
cmp -s "$root/bin/monopod" build/static/monopod
ok $? "which is the static program"
pm image umount "$image" >/dev/null

# --- volumes, and the termination file in place -------------------------------------------------

cp examples/demo.yaml "$T/in/demo.yaml"
fresh
inode=$(stat -c %i "$T/term")
printf '%5000s' old >"$T/term"
box "${volumes[@]}" -- run -f /in/demo.yaml --images /images
is "$code" 0 "the demo from a mounted directory" || echo "# $err $out"
unlike "$err" "tmpfs" "volumes carry the writable layers"
is "$(stat -c '%i %a' "$T/term")" "$inode 666" "the termination file is written in place"
is "$(term)" "monopod/verdict digest monopod/run.json monopod/task/demo-fetch monopod/task/demo-lint monopod/task/demo-test monopod/task/demo-build monopod/task/demo-report" \
	"its records are in order"
is "$(term monopod/verdict)" "3 True Completed Tasks Completed: 5 (Failed: 0, Cancelled 0), Skipped: 1" "the verdict"
is "$(term digest)" "1 $(printf 'source %d\n' 1 2 3 | sha256sum | cut -d' ' -f1)" "a result"
is "$(term monopod/run.json)" "3 sha256:$(sha256sum "$T/run/run.json" | cut -d' ' -f1) /run/monopod/run.json" \
	"run.json is on the volume, named as the container sees it"
is "$(log demo-report say)" "the pipeline ended Completed, publish is None" "logs are on the volume"
is "$(ls "$T/run" | tr '\n' ' ')" "journal logs results run.json workspaces " "and nothing else than a run directory has"
box "${volumes[@]}" -- run -f /in/demo.yaml --images /images
is "$code" 2 "a run directory that holds a run is refused"
box "${volumes[@]}" -- describe /run/monopod
like "$out" "demo-report" "another container describes the run"
box "${volumes[@]}" -- image import /images
is "$code" 0 "images are imported" || echo "# $err"
fresh
box "${volumes[@]}" -- run -f /in/demo.yaml
is "$code" 0 "into the store, where another container finds them" || echo "# $err"
unlike "$out" "unpacking" "and the layers that the first one unpacked"

# a ConfigMap as a kubelet mounts it: every name is a link into a directory that a link names
mkdir -p "$T/map/..2026_11_22"
cp "$T/in/demo.yaml" "$T/map/..2026_11_22/"
ln -s ..2026_11_22 "$T/map/..data"
ln -s ..data/demo.yaml "$T/map/demo.yaml"
box -v "$T/map:/map:ro" -- check -f /map
is "$code $out" "0 ok: 1 run, 0 pipelines, 0 tasks" "a ConfigMap's links are read once" || echo "# $err"

# --- exit codes ---------------------------------------------------------------------------------

cat >"$T/in/one.yaml" <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: one}
spec: {taskSpec: {steps: [{name: s, image: busybox, script: "exit 7"}]}}
YAML
sed 's/busybox/nosuch/' "$T/in/one.yaml" >"$T/in/image.yaml"
sed 's/steps:/stepps:/' "$T/in/one.yaml" >"$T/in/invalid.yaml"
for want in "1 one False Failed" "2 invalid False Invalid" "3 image False NotStarted"; do
	read -r n file verdict <<<"$want"
	fresh
	box "${volumes[@]}" -- run -f "/in/$file.yaml" --images /images
	is "$code" "$n" "exit code $n" || echo "# $err"
	[ "$n" != 1 ] || verdict='False StepFailed "step-s" exited with code 7'
	like "$(term monopod/verdict)" "3 $verdict" "and the verdict that goes with it"
done
fresh
box "${volumes[@]}" -- run -f /in/nosuch.yaml
is "$code" 2 "an input that is not mounted"

# --- a place without volumes --------------------------------------------------------------------

cat >"$T/in/look.yaml" <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: look}
spec:
  taskSpec:
    steps:
    - name: place
      image: busybox
      script: |
        hostname
        cat /etc/hosts
        cat /etc/resolv.conf
    - name: write
      image: busybox
      script: |
        echo written >/root-file && cat /root-file
        echo kept >/workspace/x && cat /workspace/x
        df -k / | tail -1 | awk '{ print "size", $2 }'
        dd if=/dev/zero of=/big bs=1024k count=400 2>&1 | grep -o 'No space left on device'
        rm /big
        ls /bin/monopod /in /images /run/monopod /var/lib/monopod 2>/dev/null | wc -l
YAML
printf 'nameserver 192.0.2.53\nsearch example.test\n' >"$T/resolv.conf"
box --hostname podhost --add-host registry.example:192.0.2.7 -v "$T/resolv.conf:/etc/resolv.conf:ro" --memory 256m \
	-- run -f /in/look.yaml --images /images
is "$code" 0 "store and run directory on the container's own root" || echo "# $err $out"
like "$err" "run directory '/run/monopod' cannot carry writable layers: they are on a tmpfs of at most 128 MiB" \
	"memory is taken instead, and it is said"
seen=$(sed -n 's/^\[look\/write\] //p' "$T/out")
is "$seen" "written
kept
size 131072
No space left on device
0" "a step writes there, up to half the container's memory, and sees nothing of the container"
seen=$(sed -n 's/^\[look\/place\] //p' "$T/out")
is "$(head -1 <<<"$seen")" look-pod "a step has a host name of its own"
is "$(grep -c -e '^127.0.0.1[[:space:]].*localhost' -e '^192.0.2.7[[:space:]]*registry.example' -e '^127.0.1.1[[:space:]]*look-pod' <<<"$seen")" 3 \
	"its hosts are the container's and itself"
is "$(tail -2 <<<"$seen")" "$(cat "$T/resolv.conf")" "its name servers are the container's"

# where no memory can be mounted, a volume is asked for
mkdir -m 777 "$T/low"
fresh
box --user 1000 -v "$T/low:/w:O" -v "$T/term:/dev/termination-log" -- run -f /in/one.yaml --images /images --run-dir /w/run --store /w/store
is "$code" 3 "a place that carries no writable layers, and no right to mount" || echo "# $out"
like "$err" "run directory '/w/run' cannot carry writable layers: mount a volume there" "names where to mount a volume"
like "$(term monopod/verdict)" "3 False NotStarted run directory '/w/run'" "so does the termination file"
box --read-only --read-only-tmpfs=false -- run -f /in/one.yaml --images /images
is "$code" 3 "a read-only root"
like "$err" "'/run/monopod': read-only file system; name a writable place with --run-dir" "says what to do"
box --read-only -- run -f /in/one.yaml --images /images
is "$code" 3 "a read-only store"
like "$err" "'/var/lib': read-only file system; name a writable place with --store" "says what to do"
fresh
box --read-only --read-only-tmpfs=false "${volumes[@]}" -- run -f /in/demo.yaml
is "$code" 0 "volumes are all that a read-only root needs" || echo "# $err"
flags[0]=--privileged=false
fresh
box "${volumes[@]}" -- run -f /in/one.yaml --images /images
is "$code" 3 "without privileges"
like "$err" "no sandbox is possible here: " "says which one is missing"
flags[0]=--privileged

# --- termination files that cannot be used --------------------------------------------------------

sed 's/exit 7/exit 0/' "$T/in/one.yaml" >"$T/in/good.yaml"
fresh
box -v "$T/run:/run/monopod" -v "$name:/var/lib/monopod" -v "$T/term:/dev/termination-log:ro" -- run -f /in/good.yaml
is "$code" 0 "a read-only termination file does not break the run" || echo "# $err"
like "$err" "warning: open termination file: '/dev/termination-log': read-only file system: nothing is written there" "but it is said"
fresh
box "${volumes[@]:0:4}" -v "$T/term:/term:ro" -- run -f /in/good.yaml --termination-log /term
is "$code" 3 "one that was asked for does"
fresh
box "${volumes[@]:0:4}" -v "$T/vol:/dev/termination-log" -- run -f /in/good.yaml
is "$code" 0 "a directory in its place does not either" || echo "# $err"

# --- more than fits -------------------------------------------------------------------------------

python3 - "$T/in/many.yaml" "$T/names" <<'PY'
import random, sys
random.seed(7)
names = ["t" + "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=59)) for _ in range(85)]
with open(sys.argv[1], "w") as f:
    f.write("apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n  pipelineSpec:\n    results:\n")
    for r in ("small", "big", "tail"):
        f.write("    - {name: %s, value: $(tasks.make.results.%s)}\n" % (r, r))
    f.write("    tasks:\n    - name: make\n      taskSpec:\n        results: [{name: small}, {name: big}, {name: tail}]\n"
            "        steps: [{name: s, image: busybox, script: \"printf first >$(results.small.path); printf last >$(results.tail.path);"
            " head -c 20000 /dev/urandom | base64 | tr -d '\\\\n' >$(results.big.path)\"}]\n")
    for n in names:
        f.write("    - {name: %s, taskSpec: {steps: [{name: s, image: busybox, command: [\"true\"]}]}}\n" % n)
open(sys.argv[2], "w").write("\n".join(["r-make"] + ["r-" + n for n in names]))
PY
fresh
box "${volumes[@]}" -- run -f /in/many.yaml --max-parallel 4
is "$code" 0 "a pipeline of 86 tasks with long names and a big result" || echo "# $err"
is "$(term monopod/verdict)" "3 True Succeeded Tasks Completed: 86 (Failed: 0, Cancelled 0), Skipped: 0" "has its verdict"
is "$(term small) $(term big) $(term tail)" "1 first none 1 last" "its small results"
like "$(term monopod/omitted)" "3 big r-" "the names of what does not fit"
like "$(term monopod/run.json)" "3 sha256:$(sha256sum "$T/run/run.json" | cut -d' ' -f1) " "and where all of it is"
is "$(python3 tests/helpers/termination.py "$T/term" --account "$T/names")" "every task is told or named" "no task is dropped in silence"

# --- signals ----------------------------------------------------------------------------------------

cat >"$T/in/stop.yaml" <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: stop}
spec:
  pipelineSpec:
    tasks:
    - {name: first, taskSpec: {steps: [{name: s, image: busybox, command: [echo, done]}]}}
    - name: long
      runAfter: [first]
      taskSpec:
        steps:
        - name: s
          image: busybox
          script: |
            trap 'echo got TERM; exit 0' TERM
            echo up
            while :; do sleep 1 & wait; done
    - {name: never, runAfter: [long], taskSpec: {steps: [{name: s, image: busybox, command: [echo, ran]}]}}
    finally:
    - name: last
      params: [{name: status, value: $(tasks.long.status)}]
      taskSpec:
        params: [{name: status}]
        steps: [{name: s, image: busybox, script: "echo last after $(params.status)"}]
YAML
start stop.yaml
like "$(term monopod/verdict)" "3 Unknown Running" "while it runs, the termination file says so"
# strangers: what a process that was brought in from outside leaves behind has the agent for a parent
pm exec "$name" /busybox sh -c 'for i in 1 2 3 4 5 6 7 8; do (usleep 50000; exit 3) & done' 2>"$T/err"
ok $? "processes from outside end in the container" "$(cat "$T/err")"
pid=$(pm inspect -f '{{.State.Pid}}' "$name")
only_steps() { [ "$(ps -o stat=,comm= --ppid "$pid" | grep -cv '^Z')" = 1 ] && ! ps -o stat= --ppid "$pid" | grep -q '^Z'; }
wait_for 30 only_steps
ok $? "and are reaped by its PID 1" "$(ps -o pid,stat,args --ppid "$pid")"
pm stop -t 20 "$name" >/dev/null
ended 143 "podman stop: exit code"
is "$(log stop-last s)" "last after Failed" "finally tasks run"
like "$(log stop-long s)" "got TERM" "the step is asked first"
is "$(json 'cond(run)["status"]+" "+cond(run)["reason"]+" "+cond(tasks["stop-long"])["reason"]')" "False Cancelled TaskRunCancelled" \
	"the record tells what happened"
like "$(term monopod/verdict)" "3 False Cancelled" "so does the termination file"
is "$(term monopod/task/stop-last)" "3 True Succeeded" "with the tasks"
start stop.yaml
pm exec "$name" /bin/monopod cancel --graceful /run/monopod >"$T/out" 2>&1
ok $? "monopod cancel, inside the container" "$(cat "$T/out")"
ended 143 "exit code"
is "$(log stop-last s)" "last after Failed" "with its finally tasks"
start stop.yaml
pm kill -s INT "$name" >/dev/null
ended 130 "SIGINT: exit code"
start stop.yaml
wait_for 30 grep -q '"stop-long"' "$T/run/run.json"
pm kill -s KILL "$name" >/dev/null
ended 137 "SIGKILL: exit code"
is "$(term)" "monopod/verdict monopod/task/stop-first monopod/task/stop-long" "the record of a killed run is whole"
like "$(term monopod/verdict)" "3 Unknown Running" "and says no more than is known"
is "$(term monopod/task/stop-long)" "3 Unknown Running" "of the task too"
is "$(term monopod/task/stop-first)" "3 True Succeeded" "and no less"
is "$(json 'cond(run)["status"]+" "+cond(tasks["stop-first"])["status"]')" "Unknown True" "as does run.json"
box "${volumes[@]}" -- describe /run/monopod
like "$out" "stop-long  Unknown  Running" "which can be looked at afterwards" || echo "# $err"

# --- as a Pod -----------------------------------------------------------------------------------------

fresh
{
	cat <<-YAML
		apiVersion: v1
		kind: ConfigMap
		metadata: {name: $name-pipeline}
		data:
		  demo.yaml: |
	YAML
	sed 's/^/    /' examples/demo.yaml
	cat <<-YAML
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: $name}
		spec:
		  restartPolicy: Never
		  hostNetwork: true
		  containers:
		  - name: run
		    image: $image
		    imagePullPolicy: Never
		    args: [run, -f, /in, --images, /images]
		    securityContext: {privileged: true}
		    volumeMounts:
		    - {name: in, mountPath: /in, readOnly: true}
		    - {name: images, mountPath: /images, readOnly: true}
		    - {name: run, mountPath: /run/monopod}
		    - {name: store, mountPath: /var/lib/monopod}
		    - {name: term, mountPath: /dev/termination-log}
		  volumes:
		  - {name: in, configMap: {name: $name-pipeline}}
		  - {name: images, hostPath: {path: $IMAGES, type: Directory}}
		  - {name: run, hostPath: {path: $T/run, type: Directory}}
		  - {name: store, emptyDir: {}}
		  - {name: term, hostPath: {path: $T/term, type: File}}
	YAML
} >"$T/pod.yaml"
inode=$(stat -c %i "$T/term")
pm kube play "$T/pod.yaml" >"$T/out" 2>&1
ok $? "podman kube play" "$(cat "$T/out")"
is "$(pm wait "$name-run")" 0 "the demo as a Pod" || pm logs "$name-run" 2>&1 | sed 's/^/# /'
like "$(pm logs "$name-run" 2>&1)" "report/say] the pipeline ended Completed" "prints its logs"
is "$(term monopod/verdict)" "3 True Completed Tasks Completed: 5 (Failed: 0, Cancelled 0), Skipped: 1" "has its verdict in the termination file"
is "$(stat -c %i "$T/term")" "$inode" "in place"
is "$(log demo-report say)" "the pipeline ended Completed, publish is None" "and its logs on the volume"
pm kube down "$T/pod.yaml" >/dev/null 2>&1
ok $? "podman kube down"
done_testing
