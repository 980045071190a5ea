#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# examples/kubernetes: an API server would take each object, and what each container executes runs the pipeline.
. tests/helpers/tap.sh
python3 -c "import jsonschema, yaml" 2>/dev/null || skip_all "no python3-jsonschema or python3-yaml"

# --- as an API server reads them ----------------------------------------------------------------

for f in examples/kubernetes/*.yaml; do
	if [ ! -e tests/kubernetes/manifests.py ]; then
		skip "$f: an API server takes it" "no tests/kubernetes"
		continue
	fi
	told=$(python3 -W ignore - "$f" <<-'PY' 2>&1
		import sys
		sys.path.insert(0, "tests/kubernetes")
		import manifests, yaml
		manifests.KINDS[("batch/v1", "CronJob")] = "io.k8s.api.batch.v1.CronJob"
		schemas = manifests.Schemas("tests/kubernetes/openapi-1.36.json")
		bad = []
		def pods(o):
		    if isinstance(o, dict):
		        if "containers" in o:
		            yield o
		        for v in o.values():
		            yield from pods(v)
		for o in yaml.safe_load_all(open(sys.argv[1])):
		    if o["apiVersion"].startswith("tekton.dev/"):
		        continue
		    schemas.check(o, bad.append)
		    manifests.check_meta(o["metadata"], bad.append)
		    if o["kind"] == "Job":
		        manifests.check_job(o["spec"], bad.append)
		    for p in pods(o):
		        for c in p["containers"]:
		            c.setdefault("terminationMessagePolicy", "File")
		        manifests.check_pod(o["metadata"], p, bad.append)
		print("\n".join(bad) or "ok")
	PY
	)
	is "$told" ok "$f: an API server takes it"
done

# --- as their containers run --------------------------------------------------------------------

# An image volume is an unpacked root.
mkdir -p "$T/root/bin" "$T/root/tmp" "$T/root/etc" # with an /etc, and no hosts or resolv.conf in it, as images have
echo 'root:x:0:0:root:/root:/bin/sh' >"$T/root/etc/passwd"
cp /bin/busybox "$T/root/bin/"
for p in sh echo tee hostname date cat; do ln -s busybox "$T/root/bin/$p"; done
python3 -c '
import sys, yaml
for o in yaml.safe_load_all(open("examples/kubernetes/pod.yaml")):
    if o["kind"] == "ConfigMap":
        sys.stdout.write(o["data"]["pipeline.yaml"])' >"$T/pipeline.yaml"

# Its arguments, one a line, with $T/PATH for each path that is mounted.
arguments() {
	python3 - "$1" "$T" <<-'PY'
		import sys, yaml
		def containers(o):
		    if isinstance(o, dict):
		        yield from o.get("containers", [])
		        for v in o.values():
		            yield from containers(v)
		for o in yaml.safe_load_all(open(sys.argv[1])):
		    for c in containers(o):
		        for a in c["args"]:
		            for m in sorted((m["mountPath"] for m in c["volumeMounts"]), key=len, reverse=True):
		                if m in a:
		                    a = a.replace(m, sys.argv[2] + "/mnt" + m, 1)
		                    break
		            print(a)
	PY
}

for f in pod job cronjob air-gap; do
	rm -rf "$T/mnt"
	mkdir -p "$T/mnt/pipeline" "$T/mnt/images" "$T/mnt/scratch" "$T/mnt/run-dir" "$T/mnt/files" "$T/mnt/carried-in/pipeline" "$T/mnt/carried-out"
	cp "$T/pipeline.yaml" "$T/mnt/pipeline/"
	cp -r "$T/root" "$T/mnt/images/busybox"
	cp -r "$IMAGES" "$T/mnt/carried-in/layout"
	cat >"$T/mnt/carried-in/pipeline/build.yaml" <<-'YAML'
		apiVersion: tekton.dev/v1
		kind: PipelineRun
		metadata: {name: build}
		spec:
		  workspaces: [{name: out, persistentVolumeClaim: {claimName: out}}]
		  pipelineSpec:
		    workspaces: [{name: out}]
		    tasks:
		    - name: a
		      workspaces: [{name: out}]
		      taskSpec:
		        workspaces: [{name: out}]
		        steps: [{name: s, image: busybox, script: "echo hello from inside; echo made >$(workspaces.out.path)/file; sed '1,2d; s/:.*//; s/ //g' /proc/net/dev"}]
	YAML
	mapfile -t args < <(arguments "examples/kubernetes/$f.yaml")
	[ ${#args[@]} -gt 4 ]
	ok $? "$f.yaml: has arguments" "${args[*]}"
	: >"$T/term"
	monopod "${args[@]}" --termination-log "$T/term" -o plain
	is "$code" 0 "$f.yaml: its arguments run the pipeline" || printf '%s\n' "$err" "$out" | sed 's/^/# /'
	like "$out" "hello from " "$f.yaml: its steps"
	case $f in
	job)
		monopod "${args[@]}" -o plain
		is "$code" 0 "$f.yaml: a container that is started again tells the end again"
		like "$out" "it had ended before: nothing was started" "$f.yaml: and runs nothing"
		;;
	air-gap)
		is "$(cat "$T/mnt/files/file")" made "$f.yaml: what was made is carried out"
		is "$(sed -n 's,^\[a/s\] ,,p' "$T/out" | tail -n +2)" lo "$f.yaml: without a network"
		like "$out" "monopod-run.json begin sha256:$(sha256sum <"$T/mnt/carried-out/record/run.json" | cut -d' ' -f1)" "$f.yaml: with its record in the log"
		;;
	esac
done
done_testing
