#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# examples/ci: each one's command is taken out of its file and run as that system would, with podman for docker.
. tests/helpers/tap.sh
. tests/helpers/podman.sh
python3 -c 'import yaml' 2>/dev/null || skip_all "no python3-yaml"

mkdir -p "$T/bin"
cat >"$T/bin/docker" <<SH
#!/bin/sh
first=\$1
shift
for a; do
	shift
	[ "\$a" != localhost/monopod ] || a=$image
	set -- "\$@" "\$a"
done
exec podman --runtime runc "\$first" "\$@"
SH
cp build/static/monopod "$T/bin/monopod"
chmod 755 "$T/bin/docker" "$T/bin/monopod"

# A repository with a pipeline in it.
checkout() {
	rm -rf "$T/src"
	mkdir -p "$T/src/.tekton"
	cp -r "$IMAGES" "$T/src/images"
	echo from-source >"$T/src/file"
	cat >"$T/src/.tekton/run.yaml" <<-'YAML'
		apiVersion: tekton.dev/v1
		kind: PipelineRun
		metadata: {name: ci}
		spec:
		  workspaces: [{name: source, emptyDir: {}}]
		  pipelineSpec:
		    workspaces: [{name: source}]
		    results: [{name: text, value: $(tasks.a.results.r)}]
		    tasks:
		    - name: a
		      workspaces: [{name: source}]
		      taskSpec:
		        workspaces: [{name: source}]
		        results: [{name: r}]
		        steps: [{name: s, image: busybox, script: "cat $(workspaces.source.path)/file | tee $(results.r.path)"}]
	YAML
}

extract() { # FILE: its command as a shell reads it
	python3 - "$1" <<-'PY'
		import re, sys, yaml
		name = sys.argv[1]
		if name.endswith("Jenkinsfile"):
		    print(re.search(r"sh '''(.*?)'''", open(name).read(), re.S).group(1))
		elif "gitlab" in name:
		    job = yaml.safe_load(open(name))["pipeline"]
		    print("\n".join("export %s=%s" % kv for kv in job["variables"].items()).replace("/tmp/store", "$T/store"))
		    print("\n".join(job["script"]))
		else:
		    print(next(s["run"] for s in yaml.safe_load(open(name))["jobs"]["pipeline"]["steps"] if "run" in s))
	PY
}

export T
for f in examples/ci/github-actions.yaml examples/ci/gitlab-ci.yml examples/ci/Jenkinsfile; do
	checkout
	extract "$f" >"$T/command"
	(cd "$T/src" && PATH=$T/bin:$PATH sh -e "$T/command") >"$T/out" 2>"$T/err" </dev/null
	is $? 0 "$f: its command" || sed 's/^/# /' "$T/out" "$T/err"
	like "$(cat "$T/out")" "a/s] from-source" "$f: the sources are there, the log is on standard output"
	is "$(cat "$T/src/results/text")" from-source "$f: results are files"
	is "$(cd "$T/src" && find run/run.json run/logs -type f | sort | tr '\n' ' ')" "run/logs/ci-a/0/s.log run/run.json " "$f: what it archives is there"
	sed -i 's/cat /exit 1; cat /' "$T/src/.tekton/run.yaml"
	rm -rf "$T/src/run"
	(cd "$T/src" && PATH=$T/bin:$PATH sh -e "$T/command") >"$T/out" 2>"$T/err" </dev/null
	is $? 1 "$f: a run that fails fails the job"
done
done_testing
