#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# examples/ci: each one's commands are taken out of its file and run as that system would, with podman for docker. The checkout is
# of a user who is not root and may use docker: what its containers write is root's, what his shell and `docker cp` make is his.
. tests/helpers/tap.sh
. tests/helpers/podman.sh
python3 -c 'import yaml' 2>/dev/null || skip_all "no python3-yaml"

mkdir -p "$T/bin"
user=43210
cat >"$T/bin/docker" <<SH
#!/bin/sh
first=\$1
if [ "\$first" = cp ]; then
	podman --runtime runc "\$@" && exec chown -R $user:$user "\$3/\${2##*/}"
fi
shift
for a; do
	shift
	[ "\$a" != localhost/monopod ] || a=$image
	set -- "\$@" "\$a"
done
exec podman --runtime runc "\$first" "\$@"
SH
cat >"$T/bin/mkdir" <<SH
#!/bin/sh
/bin/mkdir "\$@" && exec chown $user:$user "\$@"
SH
cp build/static/monopod "$T/bin/monopod"
chmod 755 "$T/bin/docker" "$T/bin/mkdir" "$T/bin/monopod"

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
	chown -R "$user:$user" "$T/src"
	chmod 755 "$T/src"
}

as_owner() {
	(cd "$T/src" && exec setpriv --reuid "$user" --regid "$user" --clear-groups "$@")
}

extract() { # FILE: its commands as a shell reads them, into $T/command, and $T/after for those that come whatever the end was
	: >"$T/after"
	python3 - "$1" "$T" <<-'PY'
		import re, sys, yaml
		name, top = sys.argv[1:]
		def write(*parts):
		    for where, text in zip(("command", "after"), parts):
		        open(f"{top}/{where}", "w").write(text)
		if name.endswith("Jenkinsfile"):
		    write(*re.findall(r"sh '''(.*?)'''", open(name).read(), re.S))
		elif "gitlab" in name:
		    job = yaml.safe_load(open(name))["pipeline"]
		    variables = "\n".join("export %s=%s" % kv for kv in job["variables"].items()).replace("/tmp/store", "$T/store")
		    write("\n".join([variables] + job["script"]))
		else:
		    write(*[s["run"] for s in yaml.safe_load(open(name))["jobs"]["pipeline"]["steps"] if "run" in s])
	PY
}

export T
play() { # the exit code of the job; what comes after it must do
	(cd "$T/src" && PATH=$T/bin:$PATH sh -e "$T/command") >"$T/out" 2>"$T/err" </dev/null
	code=$?
	(cd "$T/src" && PATH=$T/bin:$PATH sh -e "$T/after") >>"$T/out" 2>>"$T/err" </dev/null
	is $? 0 "$f: what comes after it" || sed 's/^/# /' "$T/out" "$T/err"
}
for f in examples/ci/github-actions.yaml examples/ci/gitlab-ci.yml examples/ci/Jenkinsfile; do
	checkout
	extract "$f"
	play
	is "$code" 0 "$f: its command" || sed 's/^/# /' "$T/out" "$T/err"
	like "$(cat "$T/out")" "a/s] from-source" "$f: the sources are there, the log is on standard output"
	is "$(cat "$T/src/results/text")" from-source "$f: results are files"
	is "$(cd "$T/src" && find run/run.json run/logs -type f | sort | tr '\n' ' ')" "run/logs/ci-a/0/s.log run/run.json " "$f: what it archives is there"
	case $f in
	*gitlab*) ;; # its jobs are root's, in the job's own image
	*) is "$(as_owner cat run/logs/ci-a/0/s.log results/text | uniq -c | tr -d ' ')" 2from-source "$f: for the job's user" ;;
	esac
	sed -i 's/cat /exit 1; cat /' "$T/src/.tekton/run.yaml"
	case $f in
	*Jenkins*) ;; # a build finds what the one before left
	*)
		rm -rf "$T/src/run" "$T/src/results"
		pm rm -v -a >/dev/null 2>&1
		;;
	esac
	play
	is "$code" 1 "$f: a run that fails fails the job"
	case $f in
	*gitlab*) ;;
	*) is "$(as_owner sh -c 'grep -q StepFailed run/run.json && rm -rf run results && ls -d run results 2>&1 | wc -l')" 2 "$f: and its user has the record, and can remove it" ;;
	esac
done
done_testing
