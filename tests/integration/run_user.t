#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The same by an unprivileged user: with sub-ids, and with nothing but his own.
. tests/helpers/tap.sh
[ "$(id -u)" = 0 ] || skip_all "needs root to become somebody else"
as_user single true 2>/dev/null || skip_all "no mount namespace for /etc of the test"

yaml <<'YAML'
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {key: hush}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: small}
spec:
  workspaces:
  - {name: c, persistentVolumeClaim: {claimName: c}, subPath: a/b}
  - {name: s, secret: {secretName: token}}
  - {name: m, emptyDir: {medium: Memory}}
  pipelineSpec:
    results: [{name: r, value: $(tasks.first.results.r)}]
    workspaces: [{name: c}, {name: s}, {name: m}]
    tasks:
    - name: first
      workspaces: [{name: c}, {name: s}, {name: m}]
      taskSpec:
        workspaces: [{name: c}, {name: s}, {name: m}]
        results: [{name: r}]
        steps:
        - name: s
          image: busybox
          script: |
            id -u; cat /workspace/s/key; echo
            touch /workspace/c/file /workspace/m/x /root-file
            stat -c %u /bin/busybox /workspace/c/file /workspace
            mkdir -p /deep/er && chmod 0 /deep && printf result > $(results.r.path)
    - name: other
      runAfter: [first]
      workspaces: [{name: c}]
      taskSpec:
        workspaces: [{name: c}]
        steps:
        - name: s
          image: busybox
          securityContext: {runAsUser: RUNAS}
          script: |
            id -u
            ls /workspace
            mkdir -p /tmp/mine/x; chmod 000 /tmp/mine
YAML
chmod 755 "$T"

mine() { # KIND
	rm -rf "$T/home"
	as_user "$1" "$MONOPOD" run -f "$T/in.$1" --images "$IMAGES" --store "$T/home/store" \
		--run-dir "$T/home/run" --termination-log "$T/home/term" >"$T/out" 2>"$T/err" </dev/null
	code=$?
	out=$(cat "$T/out") err=$(cat "$T/err")
	rm -rf "$T/run"
	ln -sfn "$T/home/run" "$T/run"
}

sed 's/RUNAS/1000/' "$T/in.yaml" >"$T/in.subids"
sed 's/RUNAS/0/' "$T/in.yaml" >"$T/in.single"
chmod 644 "$T"/in.*
if as_user subids newuidmap 1 2>&1 | grep -q . && command -v newuidmap >/dev/null; then
	mine subids
	is "$code" 0 "a user with sub-ids" || printf '%s\n%s\n' "$out" "$err" | sed 's/^/# /'
	is "$(log small-first s | tr '\n' ' ')" "0 *** 0 0 0 " "root inside"
	is "$(log small-other s | tr '\n' ' ')" "1000 c " "and somebody else too"
	is "$(json 'run["status"]["results"][0]["value"]')" result "results are read"
	is "$(ls "$T/home/run" | tr '\n' ' ')" "journal logs results run.json workspaces " "what other ids wrote is gone"
	is "$(stat -c %u "$T/home/run" "$T/home/run/workspaces/c" "$T/home/run/workspaces/c/a/b/file" | sort -u)" 43210 \
		"what is left is the user's own"
else
	skip "a user with sub-ids" "no newuidmap"
fi

mine single
is "$code" 0 "a user with one id" || printf '%s\n%s\n' "$out" "$err" | sed 's/^/# /'
is "$(log small-first s | tr '\n' ' ')" "0 *** 0 0 0 " "root inside"
is "$(ls "$T/home/run" | tr '\n' ' ')" "journal logs results run.json workspaces " "and cleans up"
like "$(cat "$T/home/term")" '"value":"True Succeeded' "the termination file is written"

sed 's/RUNAS/1000/' "$T/in.yaml" >"$T/in.single"
mine single
is "$code" 3 "with one id there is no other user"
like "$err" "error: securityContext.runAsUser cannot be given here: users of steps can be 0 alone" "and that is said"
[ ! -e "$T/home/run" ]
ok $? "before anything starts"
done_testing
