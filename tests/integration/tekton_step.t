#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# examples/kubernetes/task-in-tekton.yaml: its step as a container under podman that has what Tekton gives a step (the
# user, the security context, /tekton/results, the volumes), and its YAML as monopod reads it.
. tests/helpers/tap.sh
. tests/helpers/podman.sh

task=examples/kubernetes/task-in-tekton.yaml
monopod check -f $task
is "$code" 0 "the example is valid" || echo "# $err"

# The step's arguments, one a line, with the TaskRun's values.
python3 - $task "$T" <<'PY' >"$T/args" || skip_all "no python3-yaml"
import sys, yaml
docs = {d["kind"]: d for d in yaml.safe_load_all(open(sys.argv[1]))}
step, = docs["Task"]["spec"]["steps"]
context = step["securityContext"]
assert context["runAsUser"] == context["runAsGroup"] == 65532 and context["capabilities"] == {"drop": ["ALL"]}, context
assert context["procMount"] == "Unmasked" and context["seccompProfile"] == {"type": "Unconfined"}, context
assert context["allowPrivilegeEscalation"] is False
assert {m["mountPath"] for m in step["volumeMounts"]} == {"/pipeline", "/scratch"}
open(sys.argv[2] + "/pipeline.yaml", "w").write(docs["ConfigMap"]["data"]["pipeline.yaml"])
values = {"$(params.%s)" % p["name"]: p["value"] for p in docs["TaskRun"]["spec"]["params"]}
values["$(workspaces.images.path)"] = "/workspace/images"
for a in step["args"]:
    for k, v in values.items():
        a = a.replace(k, v)
    assert "$(" not in a, a
    print(a)
PY
mapfile -t args <"$T/args"
chmod 644 "$T/pipeline.yaml"

# step [PODMAN-OPTION… --] [ARGUMENT…]: the step, in fresh directories that any user can write
step() {
	local options=(--security-opt seccomp=unconfined --security-opt unmask=ALL)
	if [ "${1:-}" = -- ]; then
		options=()
		shift
	fi
	rm -rf "$T/results" "$T/work" "$T/map"
	mkdir -m 777 "$T/results" "$T/work"
	mkdir "$T/map" && cp "$T/pipeline.yaml" "$T/map/"
	pm run --rm --name "$name" --network none --user 65532:65532 --cap-drop all --security-opt no-new-privileges "${options[@]}" \
		-v "$T/map:/pipeline:ro" -v "$T/work:/scratch" -v "$IMAGES:/workspace/images:ro" -v "$T/results:/tekton/results" \
		"$image" "${@:-${args[@]}}" >"$T/out" 2>"$T/err" </dev/null
	code=$?
	out=$(cat "$T/out")
	err=$(cat "$T/err")
}

step probe --store /scratch/store
echo "# $(tail -n 1 "$T/out")"
step
is "$code" 0 "a pipeline in a step without any privilege" || printf '%s\n' "$out" "$err" | sed 's/^/# /'
like "$out" "say/say] hello tekton" "prints its logs"
is "$(ls "$T/results" | tr '\n' ' ')" "greeting words " "its results are files"
is "$(cat "$T/results/greeting") $(cat "$T/results/words")" 'hello tekton ["hello","tekton"]' "as Tekton takes them"
is "$(stat -c '%a %u' "$T/results/words")" "644 65532" "that its entrypoint can read"
unlike "$err" "the results have" "and that it has room for"

step "${args[@]}" -p who="$(head -c 3000 /dev/zero | tr '\0' x)"
like "$err" "warning: the results have 60" "more than Tekton takes is said" || echo "# $code $err"
sed -i "s/printf 'hello %s'.*/exit 9/" "$T/pipeline.yaml"
step
is "$code" 1 "a pipeline that fails is a step that fails"
is "$(ls "$T/results")" "" "without the results that it has not"

# where the cluster forces a filter and a masked /proc on the step
step --
is "$code" 3 "under RuntimeDefault the run is refused before its first step"
like "$err" "no sandbox is possible here: " "saying what is missing"
echo "# $(grep -o 'no sandbox.*' "$T/err")"

# --- at the desk: the TaskRun itself, monopod in a step of monopod
pm save -q "$image" -o "$T/monopod.tar"
sed "s,default: localhost/monopod,default: $image," $task >"$T/in.yaml"
run --images "$T/monopod.tar" --volume images="$IMAGES"
is "$code" 0 "the TaskRun of the example, run by monopod" || echo "# $err $out"
is "$(json '[r["value"] for r in run["status"]["results"]]')" "['hello tekton', ['hello', 'tekton']]" "with the results of the pipeline"
done_testing
