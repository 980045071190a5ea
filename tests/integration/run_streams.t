#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# stdoutConfig and stderrConfig (tekton-semantics 21.5): files of the step's own get a copy of its output.
. tests/helpers/tap.sh

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: copy}
spec:
  params: [{name: dir, value: deep/er}]
  taskSpec:
    params: [{name: dir}]
    volumes: [{name: data, emptyDir: {}}]
    results: [{name: whole}, {name: seen}]
    stepTemplate: {volumeMounts: [{name: data, mountPath: /data}]}
    steps:
    - name: write
      image: busybox
      script: "printf 'out\n'; printf 'err\n' >&2"
      stdoutConfig: {path: /data/$(params.dir)/out}
      stderrConfig: {path: /data/err}
    - name: more
      image: busybox
      workingDir: /data
      script: "umask 0; printf 'more\n'; printf 'both\n' >&2"
      stdoutConfig: {path: deep/er/out}
      stderrConfig: {path: /data/deep/er/../er/out}
    - name: result
      image: busybox
      script: "head -c 3000 /dev/zero | tr '\\0' x; echo"
      stdoutConfig: {path: $(results.whole.path)}
    - name: user
      image: busybox
      securityContext: {runAsUser: 4711}
      script: echo mine
      stdoutConfig: {path: /tmp/mine/file}
    - name: empty
      image: busybox
      script: ":"
      stdoutConfig: {path: /data/nothing}
      stderrConfig: {}
    - name: show
      image: busybox
      script: |
        cd /data
        { cat err; sort deep/er/out; stat -c '%a %n' deep deep/er/out; wc -c <nothing; ls; } | tr '\n' , >$(results.seen.path)
YAML
run
is "$code" 0 "output is copied" || echo "# $err"
is "$(json "run['status']['results'][1]['value']")" \
	"err,both,more,out,755 deep,644 deep/er/out,0,deep,err,nothing," "appended, made with its directories, both streams into one"
is "$(json "run['status']['results'][0]['value'] == 'x' * 3000 + chr(10)")" True "a result captures output as it is"
is "$(log copy write | sort)" "err
out" "the log has it as well"

# stop NAME PATH TEXT [SETUP]: the step does not start, and says why
stop() {
	yaml <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: stop}
spec:
  taskSpec:
    volumes: [{name: data, emptyDir: {}}]
    stepTemplate: {volumeMounts: [{name: data, mountPath: /data}]}
    steps:
    - name: before
      image: busybox
      script: |
        cd /data
        mkdir dir; mkfifo fifo; mkfifo read; ln -s /dev/zero device; ln -s /proc/self/comm proc; ln -s /dev/fd/0 fd
        mkdir closed; chmod 700 closed
        ${4-}
    - name: write
      image: busybox
      securityContext: {runAsUser: ${5-0}}
      onError: ${6-stopAndFail}
      script: echo started
      stdoutConfig: {path: $2}
YAML
	run
	is "$code/$(log stop write)" "1/Error executing command: stdoutConfig: open $2: $3" "$1"
}
stop "a directory" /data/dir "is a directory"
stop "a FIFO that nobody reads is not waited for" /data/fifo "no such device or address"
stop "a device" /dev/null "not a regular file"
stop "a link to a device" /data/device "not a regular file"
stop "a file of the kernel" /proc/self/oom_score_adj "not a regular file"
stop "a link to one" /data/proc "not a regular file"
stop "an open descriptor, which is not the step's yet" /proc/self/fd/1 "too many levels of symbolic links"
stop "a link to one" /data/fd "too many levels of symbolic links"
stop "another user's directory" /data/closed/file "permission denied" "" 4711
stop "what is mounted read-only" /tekton/scripts/x "read-only file system"
stop "onError does not cover it" /data/dir "is a directory" "" 0 continue
stop "no directory above" /data/file/x "not a directory" "echo >file"
is "$(json "run['status']['steps'][1]['terminated']['exitCode']")" 1 "it counts as exit code 1"

# A link is followed as the step's own programs would: inside its root.
outside=/monopod-test-streams.$$
yaml <<YAML
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: link}
spec:
  taskSpec:
    volumes: [{name: data, emptyDir: {}}]
    steps:
    - {name: set, image: busybox, volumeMounts: [{name: data, mountPath: /data}], script: "ln -s $outside /data/l"}
    - name: write
      image: busybox
      volumeMounts: [{name: data, mountPath: /data}]
      script: "echo inside; until [ -s $outside ]; do :; done; read -r line <$outside; echo \$line"
      stdoutConfig: {path: /data/l}
YAML
run
is "$code" 0 "a link to a file that is not there yet" || echo "# $err"
is "$(log link write)" "inside
inside" "it is made in the step's root"
[ ! -e "$outside" ]
ok $? "and not outside"

# Half of the output does not pass for the whole.
mkdir "$T/mnt"
if mount -t tmpfs -o size=64k,mode=777 none "$T/mnt" 2>/dev/null; then
	yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: full}
spec:
  workspaces: [{name: small, persistentVolumeClaim: {claimName: small}}]
  taskSpec:
    workspaces: [{name: small}]
    steps:
    - name: write
      image: busybox
      script: head -c 200000 /dev/zero | tr '\0' '\n'; echo end >&2
      stdoutConfig: {path: $(workspaces.small.path)/f}
YAML
	run --volume "small=$T/mnt"
	is "$code" 1 "a full file system fails the step" || echo "# $err"
	like "$(log full write)" "stdoutConfig: write: no space left on device: nothing more is copied" "and the log says so"
	like "$(log full write)" end "the step has written all the same"
else
	skip "a full file system" "no mounts here"
fi
done_testing
