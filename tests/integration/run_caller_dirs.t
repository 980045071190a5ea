#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Directories of the caller that have more in them than he meant to give: the runs, the store, another directory that he gives to others.
. tests/helpers/tap.sh

# in_dir KIND DIR OPTION…: runs in.yaml from DIR as root (KIND root) or as as_user's
in_dir() {
	local kind=$1 dir=$2 as=
	shift 2
	[ "$kind" = root ] || as="as_user $kind"
	$as env -C "$dir" "$MONOPOD" run -f "$T/in.yaml" --images "$IMAGES" --termination-log "$base/term" "$@" \
		>"$T/out" 2>"$T/err" </dev/null
	code=$?
	out=$(cat "$T/out") err=$(cat "$T/err")
}
kinds=root
if [ "$(id -u)" = 0 ] && as_user single true 2>/dev/null; then
	kinds="root subids single"
fi

# A task with a secret result, and one with the directory, which looks for it and tries to get the run into its hands.
thief() {
	cat <<'YAML'
apiVersion: v1
kind: Secret
metadata: {name: pw}
stringData: {password: MARK-of-a-secret}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: r}
spec:
  workspaces: [{name: src, emptyDir: {}}]
  pipelineSpec:
    workspaces: [{name: src}]
    tasks:
    - name: victim
      taskSpec:
        results: [{name: r}]
        steps:
        - name: s
          image: busybox
          env: [{name: PW, valueFrom: {secretKeyRef: {name: pw, key: password}}}]
          script: printf %s "$PW" >$(results.r.path)
    - name: thief
      params: [{name: p, value: $(tasks.victim.results.r)}]
      workspaces: [{name: src}]
      taskSpec:
        params: [{name: p}]
        workspaces: [{name: src}]
        steps:
        - name: s
          image: busybox
          script: |
            cd $(workspaces.src.path)
            set +e
            find . -type f -exec grep -ls MAR[K] {} +
            find . -name journal -o -name run.json -o -name control -o -name layers
            for d in .monopod kept/run kept/store kept/deep/run kept/deep; do
              [ -d $d ] || continue
              mv $d $d.mine 2>/dev/null && echo "took $d"
              rmdir $d 2>/dev/null && echo "removed $d"
              { touch $d/forged; } 2>/dev/null && [ $d != kept/deep ] && echo "wrote to $d"
            done
            if [ -d kept/deep ] && mv kept kept.mine 2>/dev/null; then echo "took kept"; fi
            echo new >new; echo more >>mine
            echo looked
YAML
}

for kind in $kinds; do
	base=$T
	[ $kind = root ] || base=$T/home
	fresh() {
		rm -rf "$base/desk"
		mkdir -p "$base/desk/kept"
		echo of-the-caller >"$base/desk/mine"
		echo seen >"$base/desk/kept/file"
		[ $kind = root ] || chown -R 43210:43210 "$base/desk"
	}
	thief >"$T/in.yaml"

	fresh
	in_dir $kind "$base/desk" --store "$base/store" -w src=.
	is "$code/$(cat "$base"/desk/.monopod/runs/r-0001/logs/r-thief/0/s.log)" 0/looked "$kind: who has the directory he works in has no run of it" ||
		printf '%s\n' "$out" "$err" | head -20 | sed 's/^/# /'
	is "$(cat "$base/desk/new" "$base/desk/mine" | tr '\n' ' ')" "new of-the-caller more " "$kind: but all the rest"
	in_dir $kind "$base" --store "$base/store" --run-dir "$base/outside" -w src=desk
	is "$code/$(cat "$base/outside/logs/r-thief/0/s.log")" 0/looked "$kind: nor those of before, where he works elsewhere"
	rm -rf "$base/outside"
	in_dir $kind "$base/desk" --store "$base/store" --run-dir "$base/desk/kept/run" -w src=.
	is "$code/$(cat "$base/desk/kept/run/logs/r-thief/0/s.log")" 0/looked "$kind: nor one of before, nor where he puts it himself"
	fresh
	in_dir $kind "$base/desk" --store "$base/desk/kept/store" --run-dir "$base/desk/kept/deep/run" -w src=.
	is "$code/$(cat "$base/desk/kept/deep/run/logs/r-thief/0/s.log")" 0/looked "$kind: nor the run and the store where he puts them deeper"
	is "$(cat "$base/desk/kept/file")/$(ls "$base/desk/kept" "$base/desk/kept/deep" | tr '\n' ' ')" \
		"seen/$base/desk/kept: deep file store  $base/desk/kept/deep: forged run " "$kind: what is beside them is as it was"

	# A directory within, called by its author or by the caller.
	cat >"$T/in.yaml" <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: sub}
spec:
  workspaces: [{name: src, persistentVolumeClaim: {claimName: c}, subPath: .monopod/runs/sub-0001}]
  taskSpec:
    workspaces: [{name: src}]
    steps: [{name: s, image: busybox, script: "ls -A /workspace/src"}]
YAML
	fresh
	in_dir $kind "$base/desk" --store "$base/store" --volume c=.
	is "$code" 1 "$kind: a subPath that leads to the run is refused"
	like "$out" "CreateContainerConfigError: " "$kind: with a reason"
	in_dir $kind "$base" --store "$base/store" --run-dir "$base/outside" --volume c=desk
	like "$code $out" "'.monopod/runs/sub-0001' lies in a directory of monopod's own" "$kind: and to one of before"
	rm -rf "$base/outside"
	like "$out" "'.monopod/runs/sub-0001' lies in a directory of monopod's own" "$kind: that says so"
	cat >"$T/in.yaml" <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: own}
spec:
  workspaces: [{name: src, emptyDir: {}}]
  taskSpec:
    workspaces: [{name: src}]
    steps: [{name: s, image: busybox, script: "ls -A /workspace/src"}]
YAML
	mkdir -p "$base/store"
	in_dir $kind "$base/desk" --store "$base/store" -w "src=$base/store"
	is "$code" 1 "$kind: so is the store"
	like "$out" "lies in a directory of monopod's own" "$kind: with the reason"

	# One directory in another that a step may write: what it puts in its place is not what others get.
	rm -rf "$base/machine"
	mkdir "$base/machine"
	echo of-the-machine >"$base/machine/file"
	cat >"$T/in.yaml" <<YAML
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: l}
spec:
  workspaces: [{name: src, emptyDir: {}}, {name: in, emptyDir: {}}]
  pipelineSpec:
    workspaces: [{name: src}, {name: in}]
    tasks:
    - name: first
      workspaces: [{name: src}]
      taskSpec:
        workspaces: [{name: src, mountPath: /w}]
        steps:
        - name: s
          image: busybox
          script: |
            mv /w/kept /w/moved; ln -s $base/machine /w/kept; mv /w/claim /w/claim-moved; ln -s $base/machine /w/claim
            mv /w/prefix /w/prefix-moved; ln -s $base/machine /w/prefix
    - name: then
      runAfter: [first]
      workspaces: [{name: in}]
      taskSpec:
        workspaces: [{name: in, mountPath: /in}]
        volumes: [{name: c, persistentVolumeClaim: {claimName: c}}, {name: h, hostPath: {path: $base/desk/prefix}}]
        steps:
        - name: s
          image: busybox
          volumeMounts: [{name: c, mountPath: /c}, {name: h, mountPath: /h}]
          script: cd /; for d in in c h; do cat \$d/file; echo forged >>\$d/file; done
YAML
	fresh
	for d in claim prefix; do cp -a "$base/desk/kept" "$base/desk/$d"; done
	in_dir $kind "$base/desk" --store "$base/store" -w src=. -w in=kept --volume c=claim --allow-host-path "$base/desk/prefix"
	is "$(cat "$base/machine/file")" of-the-machine "$kind: a link in the place of a directory leads nobody out" ||
		printf '%s\n' "$out" "$err" | head -20 | sed 's/^/# /'
	is "$(cat "$base"/desk/.monopod/runs/l-0001/logs/l-then/0/s.log | tr '\n' ' ')" "seen seen seen " "$kind: it is what it was at the start"
	in_dir $kind "$base/desk" --store "$base/store" -w src=. -w in=kept --volume c=claim-moved --allow-host-path "$base/desk/prefix"
	is "$code" 2 "$kind: a link that an earlier run has left is not followed"
	like "$err" "workspace 'in': '$base/desk/kept': there is a link on the way from '$base/desk', which steps get as well" "$kind: and said"
	ln -s "$base/desk" "$base/alias"
	in_dir $kind "$base/alias" --store "$base/store" -w src=. -w in=moved --volume "c=$base/alias/claim" --allow-host-path "$base/desk/prefix"
	is "$code" 2 "$kind: whatever the outer directory is called"
	like "$err" "volume 'c': '$base/alias/claim': there is a link" "$kind: and said"
	rm "$base/alias"

	# Where the results go is what it was, too; what was missing is made where it was missing.
	cat >"$T/in.yaml" <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: out}
spec:
  workspaces: [{name: src, emptyDir: {}}]
  taskSpec:
    workspaces: [{name: src, mountPath: /w}]
    results: [{name: file}]
    steps: [{name: s, image: busybox, script: "cd /w; [ ! -d kept ] || mv kept moved; ln -s $base/machine kept; printf forged >\$(results.file.path)"}]
YAML
	fresh
	in_dir $kind "$base/desk" --store "$base/store" -w src=. --results-dir kept
	is "$code/$(cat "$base/desk/moved/file" "$base/machine/file")" "0/forgedof-the-machine" "$kind: results go to the directory that was there"
	fresh
	rm -r "$base/desk/kept"
	in_dir $kind "$base/desk" --store "$base/store" -w src=. --results-dir kept/deep
	is "$code/$(ls "$base/machine")" "4/file" "$kind: and never through a link that was put in its place"
	like "$err" "--results-dir '$base/desk/kept/deep': " "$kind: with the reason"

	# Links that an earlier run has left where monopod itself writes.
	in_dir $kind "$base/desk" --store "$base/store" -w src=. --results-dir kept/deep
	is "$code/$(ls "$base/machine")" "2/file" "$kind: results through a link that was left are refused"
	like "$err" "--results-dir '$base/desk/kept/deep': there is a link on the way from '$base/desk'" "$kind: and said"
	in_dir $kind "$base/desk" --store "$base/store" -w src=. --run-dir kept/run
	is "$code/$(ls "$base/machine")" "2/file" "$kind: and a run directory"
	rm -rf "$base/desk/.monopod"
	ln -s "$base/machine" "$base/desk/.monopod"
	[ "$kind" = root ] || chown -h --reference="$base/desk" "$base/desk/.monopod"
	in_dir $kind "$base/desk" --store "$base/store" -w src=.
	is "$code/$(ls "$base/machine")" "2/file" "$kind: and the place of all runs"
	like "$err" "run directory '$base/desk/.monopod/runs': there is a link" "$kind: and said"
	if [ $kind = root ]; then
		chown -h 1000 "$base/desk/.monopod"
		in_dir root "$base/desk" --store "$base/store"
		is "$code/$(ls "$base/machine")" "3/file" "a link of another's is no place of runs"
		like "$err" "run directory: '.monopod' is a link of user 1000's; name a writable place with --run-dir" "and said"
		in_dir root "$base/desk" --store "$base/store" --resume
		is "$code" 3 "nor where one is looked for"
		chown -h 0 "$base/desk/.monopod"
		in_dir root "$base/desk" --store "$base/store"
		is "$code/$(ls "$base/machine/runs")" "0/out-0001" "the caller's own is followed"
	fi
done
done_testing
