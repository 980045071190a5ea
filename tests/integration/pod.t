#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# monopod pod: every manifest is one that an API server takes, and what the container would execute runs the pipeline.
. tests/helpers/tap.sh
command -v python3 >/dev/null || skip_all "no python3"
python3 -c 'import jsonschema, yaml' 2>/dev/null || skip_all "no python3-jsonschema or python3-yaml"
SCHEMA=tests/kubernetes/openapi-1.36.json

json_file() { # FILE EXPRESSION: d is what it holds, pod the last item's pod spec
	python3 -W ignore -c 'import json, sys
d = json.load(open(sys.argv[1]))
last = d["items"][-1] if "items" in d else {}
pod = last.get("spec", {}).get("template", last).get("spec", {}) if last else {}
c = (pod.get("containers") or [{}])[0]
print(eval(sys.argv[2]))' "$@"
}

pod() { # OPTION…: of $T/in.yaml, into $T/pod.json
	monopod pod -f "$T/in.yaml" --image registry.example/monopod:1 -o json "$@"
	cp "$T/out" "$T/pod.json"
}

valid() { # NAME FILE…
	local name=$1 told
	shift
	told=$(python3 -W ignore tests/kubernetes/manifests.py "$SCHEMA" "$@" 2>&1)
	ok $? "$name" "$told"
}

yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: p}
spec:
  params: [{name: who, default: you}]
  workspaces: [{name: src}, {name: cfg}, {name: kept}]
  tasks:
  - name: a
    workspaces: [{name: src}, {name: cfg}, {name: kept}]
    taskRef: {name: t}
    params: [{name: who, value: $(params.who)}]
  results: [{name: r, value: $(tasks.a.results.r)}]
---
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec:
  params: [{name: who}]
  workspaces: [{name: src}, {name: cfg}, {name: kept}]
  results: [{name: r}]
  steps:
  - name: s
    image: busybox
    computeResources: {requests: {cpu: 500m, memory: 1Gi}}
    env:
    - {name: TOKEN, valueFrom: {secretKeyRef: {name: tok, key: k}}}
    - {name: NONE, valueFrom: {secretKeyRef: {name: missing, key: k, optional: true}}}
    script: |
      #!/bin/sh
      echo '$(params.who)' "${#TOKEN}$NONE $(cat $(workspaces.cfg.path)/key)" | tee $(workspaces.src.path)/out >$(workspaces.kept.path)/out
      cat $(workspaces.src.path)/out
      cat "$HOME/.git-credentials"
      printf %s "$(workspaces.src.claim)" >$(results.r.path)
---
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: unused}
spec: {steps: [{image: i, script: x}]}
---
apiVersion: v1
kind: Secret
metadata: {name: tok, annotations: {tekton.dev/git-0: https://example.com}}
type: kubernetes.io/basic-auth
stringData: {k: hush-hush, username: joe, password: secret-word}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: builder}
secrets: [{name: tok}]
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: run, labels: {app: x}, annotations: {note: y z}}
spec:
  pipelineRef: {name: p}
  taskRunTemplate:
    serviceAccountName: builder
    podTemplate: {nodeSelector: {disk: ssd}, tolerations: [{key: a, operator: Exists}]}
  timeouts: {pipeline: 10m}
  workspaces:
  - {name: src, volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}
  - {name: cfg, configMap: {name: settings}}
  - {name: kept, persistentVolumeClaim: {claimName: kept}}
YAML

# --- every option, every profile
n=0
monopod image lock -f "$T/in.yaml" --images "$IMAGES" --store "$STORE" --image-lock "$T/images.lock"
is "$code" 0 "a lock file" || echo "# $err"
mkdir "$T/m"
for profile in default userns restricted privileged; do
	for images in layout volumes; do
		for more in "" "--job" "--run-claim runs" "--job --run-claim runs -w src=emptyDir --namespace team --name other --hermetic --max-parallel 3 --grace 1m30s --log-limit 64Mi --require-isolation user"; do
			# shellcheck disable=SC2086
			pod --profile $profile --images-from $images --image-lock "$T/images.lock" $more
			[ "$code" = 0 ] || ok 1 "pod --profile $profile --images-from $images $more" "$err"
			cp "$T/pod.json" "$T/m/$n.json"
			n=$((n + 1))
		done
	done
done
valid "every profile with every option: $n manifests" "$T"/m/*.json

pod --images-from layout
is "$(json_file "$T/pod.json" '[(i["kind"], i["metadata"]["name"]) for i in d["items"]]')" \
	"[('Secret', 'run-secret-0'), ('ConfigMap', 'run-input'), ('Pod', 'run')]" "the objects, the pod last"
is "$(json_file "$T/pod.json" '"hush" in json.dumps([i for i in d["items"] if i["kind"] != "Secret"]), "unused" in json.dumps(d)')" \
	"(False, False)" "no Secret outside of its object, and nothing that the run does not need"
is "$(json_file "$T/pod.json" 'last["metadata"]["labels"]["tekton.dev/pipeline"], last["metadata"]["annotations"]["note"], json.loads(last["metadata"]["annotations"]["monopod/object"])["kind"]')" \
	"('p', 'y z', 'PipelineRun')" "labels and annotations"
is "$(json_file "$T/pod.json" 'c["resources"]["requests"], pod["activeDeadlineSeconds"], pod["terminationGracePeriodSeconds"], pod["restartPolicy"]')" \
	"({'cpu': '600m', 'memory': '1088Mi'}, 930, 30, 'Never')" "requests, deadline, grace"
is "$(json_file "$T/pod.json" 'pod["nodeSelector"], pod["tolerations"], pod["automountServiceAccountToken"], pod.get("serviceAccountName")')" \
	"({'disk': 'ssd'}, [{'key': 'a', 'operator': 'Exists'}], False, None)" "where it goes"
unlike "$err" "has no effect" "and what has an effect here is not warned of"
cp "$T/pod.json" "$T/first.json"
pod --images-from layout
cmp -s "$T/pod.json" "$T/first.json"
ok $? "the same input gives the same text"
monopod pod -f "$T/in.yaml" --image registry.example/monopod:1 --images-from layout
python3 -c 'import json, sys, yaml; sys.exit(list(yaml.safe_load_all(open(sys.argv[1]))) != json.load(open(sys.argv[2]))["items"])' "$T/out" "$T/pod.json"
ok $? "as YAML it is the same"
pod --images-from layout --profile userns
is "$(json_file "$T/pod.json" 'pod["hostUsers"], c["securityContext"]["capabilities"], c["securityContext"]["procMount"], c["securityContext"]["seccompProfile"]')" \
	"(False, {'add': ['SYS_ADMIN']}, 'Unmasked', {'type': 'RuntimeDefault'})" "--profile userns"
pod --images-from layout --run-claim runs
is "$(json_file "$T/pod.json" 'pod["restartPolicy"], c["restartPolicy"], c["restartPolicyRules"][0]["exitCodes"]["operator"], "--resume" in c["args"]')" \
	"('OnFailure', 'Never', 'NotIn', True)" "--run-claim goes on after a kill, and never after an end"
pod --images-from layout --run-claim runs --job -w src=emptyDir
is "$(json_file "$T/pod.json" 'pod["restartPolicy"], c.get("restartPolicy"), "--resume" in c["args"], last["spec"]["backoffLimit"]')" \
	"('Never', None, True, 6)" "a Job on a claim makes further pods"
is "$(json_file "$T/pod.json" '[(r["action"], r.get("onExitCodes", {}).get("values") or r["onPodConditions"]) for r in last["spec"]["podFailurePolicy"]["rules"]]')" \
	"[('Ignore', [{'type': 'DisruptionTarget', 'status': 'True'}]), ('FailJob', [1, 2, 3, 130, 143])]" "not after the end of the run, and those that are evicted do not count"
pod --images-from layout --job
is "$(json_file "$T/pod.json" 'pod["restartPolicy"], last["spec"]["backoffLimit"], last["spec"].get("podFailurePolicy")')" "('Never', 0, None)" \
	"without one it has one try"
pod --images-from volumes --image-lock "$T/images.lock"
is "$(json_file "$T/pod.json" '[v["image"]["reference"].split("@")[0] for v in pod["volumes"] if "image" in v]')" \
	"['docker.io/library/busybox']" "an image is one volume, by its digest"

# --- the command line of the container, with directories in place of the volumes
# /monopod/X becomes $T/v/X; what the kubelet would mount is made by hand
play() { # FILE: the directories and the words of the container, into $T/args
	rm -rf "$T/v" "$T/args"
	python3 -W ignore - "$1" "$T/v" "$T/args" "$IMAGES" "$T/busybox-root" <<-'PY'
		import base64, json, os, sys
		items, root, args, layout, image = json.load(open(sys.argv[1]))["items"], *sys.argv[2:]
		pod = items[-1]["spec"].get("template", items[-1])["spec"]
		pod = pod.get("spec", pod)
		objects = {(i["kind"], i["metadata"]["name"]): i for i in items}
		cluster = {("ConfigMap", "settings"): {"data": {"key": "value of settings"}},
		           ("Secret", "tok"): {"data": {k: base64.b64encode(v.encode()) for k, v in
		               {"k": "of cluster", "username": "ann", "password": "other-word"}.items()}}}
		def files(kind, name):
		    o = objects.get((kind, name)) or cluster.get((kind, name)) or {}
		    out = {k: base64.b64decode(v) for k, v in o.get("binaryData", {}).items()}
		    out.update({k: base64.b64decode(v) if kind == "Secret" else v.encode() for k, v in o.get("data", {}).items()})
		    return out
		def swap(to, content):  # as the kubelet's atomic writer
		    os.makedirs(to + "/..1")
		    for k, v in content.items():
		        open(f"{to}/..1/{k}", "wb").write(v)
		        os.symlink(f"..data/{k}", f"{to}/{k}")
		    os.symlink("..1", to + "/..data")
		volumes = {v["name"]: v for v in pod["volumes"]}
		c = pod["containers"][0]
		for m in c["volumeMounts"]:
		    v, to = volumes[m["name"]], m["mountPath"].replace("/monopod", root, 1)
		    os.makedirs(os.path.dirname(to), exist_ok=True)
		    content = None
		    if "projected" in v:
		        content = {}
		        for s in v["projected"]["sources"]:
		            content.update(files("ConfigMap", s["configMap"]["name"]))
		    elif "configMap" in v:
		        content = files("ConfigMap", v["configMap"]["name"])
		    elif "secret" in v:
		        content = files("Secret", v["secret"]["secretName"])
		    elif "downwardAPI" in v:
		        content = {"cancel": b""}
		    if content is not None and "subPath" in m:
		        open(to, "wb").write(content[m["subPath"]])
		    elif content is not None:
		        swap(to, content)
		    elif m["name"] == "layout":
		        os.symlink(layout, to)
		    elif "image" in v:
		        os.symlink(image, to)
		    else:
		        os.makedirs(to)
		for path in ("images.map",):
		    f = f"{root}/input/{path}"
		    if os.path.exists(f):
		        text = open(f).read().replace("dir:/monopod", "dir:" + root)
		        open(f, "w").write(text)
		with open(args, "w") as f:
		    for a in c["args"]:
		        f.write(a.replace("$$", "$").replace("/monopod/", root + "/") + "\0")
	PY
	mapfile -d '' words <"$T/args"
}

pod --images-from layout -p 'who=$(me) and $you'
play "$T/pod.json"
monopod "${words[@]}"
is "$code" 0 "the container's command line runs the pipeline" || echo "# $err $out"
like "$out" '$(me) and $you 9 value of settings' "with params, Secret and ConfigMap"
like "$out" "https://joe:" "and the account's credentials"
is "$(cat "$T/v/claims/kept/out")" '$(me) and $you 9 value of settings' "what it wrote is on the claim"
is "$(cat "$T/v/claims/run-v-0/out")" '$(me) and $you 9 value of settings' "and on the claim of the template"
is "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["items"][0]["status"]["results"])' "$T/v/work/run/run.json")" \
	"[{'name': 'r', 'value': 'run-v-0'}]" "which has the name that Kubernetes gives it"

# a Secret of the cluster, of which the input says the type alone
sed -i.given '/^stringData:/d' "$T/in.yaml"
pod --images-from layout
is "$(json_file "$T/pod.json" '[i["kind"] for i in d["items"]]')" "['ConfigMap', 'Pod']" "a Secret without data is the cluster's" || echo "# $err"
play "$T/pod.json"
monopod "${words[@]}"
is "$code" 0 "which is mounted" || echo "# $err $out"
like "$out" "10 value of settings" "and read"
like "$out" "https://ann:" "also as a credential of its type"
monopod run -f "$T/in.yaml"
is "$code" 2 "but not run here"
like "$err" "required value of a Secret of type kubernetes.io/basic-auth" "for want of its data"
mv "$T/in.yaml.given" "$T/in.yaml"

# from image volumes
mkdir -p "$T/busybox-root/bin" "$T/busybox-root/etc" && cp /bin/busybox "$T/busybox-root/bin/"
for p in sh cat tee echo printf; do ln -s busybox "$T/busybox-root/bin/$p"; done
mkdir -p "$T/busybox-root/root"
pod --images-from volumes --image-lock "$T/images.lock"
play "$T/pod.json"
monopod "${words[@]}"
is "$code" 0 "and from image volumes" || echo "# $err $out"
like "$out" "you 9 value of settings" "with the same outcome"

# --- the run directory on a claim: a container that is started again says the same
pod --images-from layout --run-claim runs
play "$T/pod.json"
monopod "${words[@]}"
is "$code" 0 "the run directory on a claim"
monopod "${words[@]}"
is "$code" 0 "started again"
like "$out$err" "it had ended before" "nothing is done twice"

# --- compressed, and in several ConfigMaps
python3 - "$T/in.yaml" "$T/big.json" <<'PY'
import json, random, sys
r = random.Random(1)
text = lambda n: "".join(r.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(n))
items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"big{i}"}, "data": {"k": text(900000)}} for i in range(3)]
items.append({"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "large"}, "spec": {"taskSpec": {"steps": [
    {"name": "s", "image": "busybox", "envFrom": [], "volumeMounts": [{"name": f"v{i}", "mountPath": f"/v{i}"} for i in range(3)],
     "script": "#!/bin/sh\ncat /v0/k /v1/k /v2/k | wc -c"}], "volumes": [{"name": f"v{i}", "configMap": {"name": f"big{i}"}} for i in range(3)]}}})
json.dump({"apiVersion": "v1", "kind": "List", "items": items}, open(sys.argv[2], "w"))
PY
monopod pod -f "$T/big.json" --image m --images-from layout -o json
cp "$T/out" "$T/big-pod.json"
is "$code" 0 "three objects of 900 kB" || echo "# $err"
is "$(json_file "$T/big-pod.json" '[sorted(i.get("binaryData", {})) for i in d["items"][:-1]]')" \
	"[['input-0.json.gz'], ['input-1.json.gz'], ['input-2.json.gz']]" "are compressed, each in a ConfigMap of its own"
valid "of which none is too large" "$T/big-pod.json"
play "$T/big-pod.json"
monopod "${words[@]}"
is "$code" 0 "and are read again" || echo "# $err"
like "$out" "2700000" "whole"

# --- cancelling by the annotation
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: slow}
spec:
  pipelineSpec:
    tasks: [{name: a, taskSpec: {steps: [{name: s, image: busybox, script: "#!/bin/sh\necho started\nsleep 600"}]}}]
    finally: [{name: f, taskSpec: {steps: [{name: s, image: busybox, script: "#!/bin/sh\necho at the end"}]}}]
YAML
annotate() { # VALUE: as the kubelet writes it
	local dir=$T/v/podinfo n=$2
	mkdir "$dir/..$n"
	printf %s "$1" >"$dir/..$n/cancel"
	ln -s "..$n" "$dir/..data_tmp"
	mv -T "$dir/..data_tmp" "$dir/..data"
}
started() { grep -q started "$T/out"; }
for mode in Cancelled CancelledRunFinally StoppedRunFinally; do
	pod --images-from layout
	play "$T/pod.json"
	: >"$T/out"
	"$MONOPOD" "${words[@]}" >"$T/out" 2>"$T/err" </dev/null &
	pid=$!
	wait_for 30 started || echo "# $(cat "$T/err")"
	annotate nonsense 2
	wait_for 30 grep -q nonsense "$T/err"
	annotate "$mode" 3
	[ $mode != StoppedRunFinally ] || { wait_for 30 grep -q "Stopped\|stop" "$T/out" "$T/err"; annotate Cancelled 4; }
	wait $pid
	is $? 143 "$mode by the annotation" || echo "# $(cat "$T/out" "$T/err")"
	like "$(cat "$T/err")" "'nonsense' is none of" "$mode: another word is told and ignored"
	[ $mode != CancelledRunFinally ] || like "$(cat "$T/out")" "at the end" "$mode: finally ran"
done
is "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["items"][0]["status"]["conditions"][0]["reason"])' "$T/v/work/run/run.json")" \
	"Cancelled" "the last word counts"
monopod run -f "$T/in.yaml" --cancel-file "$T/none/cancel" --store "$STORE" --images "$IMAGES" --run-dir "$T/r2"
is "$code" 2 "--cancel-file in no directory is refused"
mkfifo "$T/fifo"
timeout -k 1 20 "$MONOPOD" run -f "$T/in.yaml" --cancel-file "$T/fifo" --store "$STORE" --images "$IMAGES" --run-dir "$T/r2" >"$T/out" 2>"$T/err"
is "$? $(cat "$T/err")" "2 monopod: error: cancel file '$T/fifo': expected a plain file" "and a FIFO, without waiting for it"
[ ! -e "$T/r2" ]
ok $? "which leaves no run directory"
annotate Cancelled 5
ends() { # FILE: each object's name, status and reason
	python3 -c '
import json, sys
print(*["%s %s %s" % (i["metadata"]["name"], i["status"]["conditions"][0]["status"], i["status"]["conditions"][0]["reason"]) for i in json.load(open(sys.argv[1]))["items"]], sep=", ")' "$1"
}
for mode in Cancelled:: "CancelledRunFinally:at the end:, slow-f True Succeeded" "StoppedRunFinally:at the end:, slow-f True Succeeded"; do
	IFS=: read -r word said more <<<"$mode"
	echo "$word" >"$T/word"
	rm -rf "$T/r3"
	: >"$T/term"
	monopod run -f "$T/in.yaml" --cancel-file "$T/word" --store "$STORE" --images "$IMAGES" --run-dir "$T/r3" --termination-log "$T/term" -o plain
	is "$code" 143 "$word that is there before the start ends it"
	unlike "$out" "[a] started" "$word: its tasks do not start"
	like "$out" "$said" "$word: but finally tasks may"
	is "$(ends "$T/r3/run.json")" "slow False Cancelled$more" "$word: it is a cancelled PipelineRun" || echo "# $out $err"
	like "$(cat "$T/term")" 'False Cancelled' "$word: so says the termination file"
	monopod run -f "$T/in.yaml" --resume --store "$STORE" --images "$IMAGES" --run-dir "$T/r3"
	is "$code" 143 "$word: and so it stays"
done

# --- the agent is killed, and the kubelet starts the container again
yaml <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: killed}
spec:
  workspaces: [{name: w, persistentVolumeClaim: {claimName: kept}}]
  pipelineSpec:
    workspaces: [{name: w}]
    tasks:
    - {name: first, workspaces: [{name: w}], taskSpec: {workspaces: [{name: w}], steps: [{name: s, image: busybox, script: "#!/bin/sh\necho once >>$(workspaces.w.path)/first"}]}}
    - name: second
      runAfter: [first]
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w}]
        steps: [{name: s, image: busybox, script: "#!/bin/sh\n[ -e $(workspaces.w.path)/go ] && exit 0\ntouch $(workspaces.w.path)/go\nsleep 600"}]
YAML
pod --images-from layout --run-claim runs
play "$T/pod.json"
"$MONOPOD" "${words[@]}" >"$T/out" 2>"$T/err" </dev/null &
pid=$!
wait_for 30 test -e "$T/v/claims/kept/go" || echo "# $(cat "$T/err")"
kill -9 $pid
wait $pid 2>/dev/null
monopod "${words[@]}"
is "$code" 0 "killed and started again: the run goes on" || echo "# $err"
is "$(cat "$T/v/claims/kept/first")" "once" "what had ended is not run again"

# --- the annotation came while there was nobody to see it
for mode in Cancelled "CancelledRunFinally" "StoppedRunFinally"; do
	play "$T/pod.json"
	"$MONOPOD" "${words[@]}" >"$T/out" 2>"$T/err" </dev/null &
	pid=$!
	wait_for 30 test -e "$T/v/claims/kept/go" || echo "# $(cat "$T/err")"
	kill -9 $pid
	wait $pid 2>/dev/null
	annotate "$mode" 2
	monopod "${words[@]}"
	case $mode in
	StoppedRunFinally) want="killed False Cancelled, killed-first True Succeeded, killed-second True Succeeded" ;;
	*) want="killed False Cancelled, killed-first True Succeeded, killed-second False TaskRunCancelled" ;;
	esac
	is "$code $(ends "$T/v/run/run.json")" "143 $want" "killed, and then $mode: the run that goes on is cancelled" || echo "# $out $err"
	is "$(cat "$T/v/claims/kept/first")" "once" "$mode: nothing is run again"
	monopod "${words[@]}"
	is "$code $(ends "$T/v/run/run.json")" "143 $want" "$mode: told again"
done

# --- what cannot be expressed
refused() { # NAME GLOB OPTION… < YAML
	local name=$1 want=$2
	shift 2
	yaml
	monopod pod -f "$T/in.yaml" --image m --images-from layout "$@"
	is "$code" 2 "$name is refused" || echo "# $out $err"
	like_glob "$err" "$want" "$name: at its place"
	is "$out" "" "$name: nothing is printed"
}
head='apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: r'
step='steps: [{name: s, image: busybox, script: x}]'
refused "a hostPath" "in.yaml:4:" --allow-host-path /tmp <<YAML
$head}
spec: {taskSpec: {$step, volumes: [{name: v, hostPath: {path: /tmp}}]}}
YAML
refused "a second run" "in.yaml:6:" <<YAML
$head}
spec: {taskSpec: {$step}}
---
${head}2}
spec: {taskSpec: {$step}}
YAML
refused "a name that comes from a result" "known only while the run is under way" <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: r}
spec:
  pipelineSpec:
    tasks:
    - {name: a, taskSpec: {results: [{name: x}], steps: [{image: busybox, script: x}]}}
    - name: b
      params: [{name: s, value: $(tasks.a.results.x)}]
      taskSpec: {params: [{name: s}], steps: [{image: busybox, script: x}], volumes: [{name: v, secret: {secretName: $(params.s)}}]}
YAML
refused "what two tasks want of one pod" "podTemplate.runtimeClassName of task 'b'" <<'YAML'
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: r}
spec:
  pipelineSpec:
    tasks:
    - {name: a, taskSpec: {steps: [{image: busybox, script: x}]}}
    - {name: b, taskSpec: {steps: [{image: busybox, script: x}]}}
  taskRunSpecs:
  - {pipelineTaskName: a, podTemplate: {runtimeClassName: one}}
  - {pipelineTaskName: b, podTemplate: {runtimeClassName: two}}
YAML
refused "a shape that no pod takes" "podTemplate.tolerations: not what a pod takes" <<YAML
$head}
spec: {podTemplate: {tolerations: [{unknown: x}]}, taskSpec: {$step}}
YAML
refused "a resource that steps are not given" ":4:94: error: resource 'example.com/thing'" <<YAML
$head}
spec: {taskSpec: {steps: [{name: s, image: busybox, script: x, computeResources: {requests: {example.com/thing: 1}}}]}}
YAML
refused "a claim template without a size" "needs accessModes" <<YAML
$head}
spec: {workspaces: [{name: w, volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce]}}}], taskSpec: {workspaces: [{name: w}], $step}}
YAML
template() { # SPEC [METADATA]
	printf '%s}\n%s\n' "$head" "spec: {workspaces: [{name: w, volumeClaimTemplate: {metadata: {${2:-}}, spec: {$1, resources: {requests: {storage: 1Gi}}}}}], taskSpec: {workspaces: [{name: w}], $step}}"
}
refused "access modes that exclude each other" "stands alone" < <(template 'accessModes: [ReadWriteOncePod, ReadWriteOnce]')
refused "a claim template's label that is none" "metadata.labels of the claim template" < <(template 'accessModes: [ReadWriteOnce]' 'labels: {a b: c}')
refused "a claim template's annotation that is none" "metadata.annotations of the claim template" \
	< <(template 'accessModes: [ReadWriteOnce]' 'annotations: {a: {b: c}}')
refused "a claim that ends with the pod, where the run does not" "ends with the pod" --job --run-claim runs < <(template 'accessModes: [ReadWriteOnce]')
refused "the claim with the run directory, in a step" "is the one of --run-claim" --run-claim w <<YAML
$head}
spec: {workspaces: [{name: w, persistentVolumeClaim: {claimName: w}}], taskSpec: {workspaces: [{name: w}], $step}}
YAML
long=$(head -c 100000 /dev/zero | tr '\0' a)
refused "more arguments than a pod has room for" "write params into the run" -p a="$long" -p b="$long" -p c="$long" -p d="$long" -p e="$long" -p f="$long" <<YAML
$head}
spec: {taskSpec: {params: [{name: a}, {name: b}, {name: c}, {name: d}, {name: e}, {name: f}], $step}}
YAML
yaml < <(template 'accessModes: [ReadWriteOnce]' 'name: x, labels: {team: red}, annotations: {Example.com/Note: "y z"}')
pod --images-from layout
is "$(json_file "$T/pod.json" '[v["ephemeral"]["volumeClaimTemplate"]["metadata"] for v in pod["volumes"] if "ephemeral" in v]')" \
	"[{'labels': {'team': 'red'}, 'annotations': {'Example.com/Note': 'y z'}}]" "a claim has the labels and annotations of its template"
valid "which an API server takes" "$T/pod.json"
refused "a label that is none" "label 'a b'" <<YAML
$head, labels: {a b: c}}
spec: {taskSpec: {$step}}
YAML
refused "an annotation that is none" "annotation 'a b'" <<YAML
$head, annotations: {a b: c}}
spec: {taskSpec: {$step}}
YAML
claim() { # METADATA
	printf '%s}\n%s\n' "$head" "spec: {workspaces: [{name: w, persistentVolumeClaim: {claimName: c}}], taskSpec: {workspaces: [{name: w}], $step}}"
	printf -- '---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c%s}\n' "$1"
	echo 'spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}'
}
refused "a claim's label that is none" "label 'a b'" < <(claim ', labels: {a b: c}')
refused "a claim's annotation that is none" "annotation 'a b'" < <(claim ', annotations: {a b: c}')
refused "a claim in another namespace" "is in namespace 'other', and the pod in 'team'" --namespace team < <(claim ', namespace: other')
yaml < <(claim '')
pod --images-from layout --namespace team
is "$(json_file "$T/pod.json" '[i["metadata"]["namespace"] for i in d["items"]]')" "['team', 'team', 'team']" "a claim is made where the pod is"

# --- what images are pulled with
pull_input() { # PULL-SECRETS-OF-THE-ACCOUNT TYPE-OF-private
	cat <<-YAML
		apiVersion: tekton.dev/v1
		kind: PipelineRun
		metadata: {name: r}
		spec:
		  pipelineSpec:
		    tasks:
		    - {name: a, taskSpec: {steps: [{image: busybox, script: x}]}}
		    - {name: b, taskSpec: {steps: [{image: busybox, script: x}]}}
		  taskRunTemplate: {podTemplate: {imagePullSecrets: [{name: first}, {name: private}]}}
		  taskRunSpecs: [{pipelineTaskName: b, serviceAccountName: other}]
		---
		apiVersion: v1
		kind: ServiceAccount
		metadata: {name: default}
		imagePullSecrets: [$1]
		---
		apiVersion: v1
		kind: ServiceAccount
		metadata: {name: other}
		secrets: [{name: private}]
		imagePullSecrets: [{name: of-other}, {name: private}]
		---
		apiVersion: v1
		kind: ServiceAccount
		metadata: {name: unused}
		imagePullSecrets: [{name: of-unused}]
		---
		apiVersion: v1
		kind: Secret
		metadata: {name: private}
		type: $2
		stringData: {.dockerconfigjson: '{"auths": {}}'}
	YAML
}
yaml < <(pull_input '{name: of-default}, {name: first}' kubernetes.io/dockerconfigjson)
for from in volumes layout; do
	pod --images-from $from --image-lock "$T/images.lock"
	is "$(json_file "$T/pod.json" '[s["name"] for s in pod["imagePullSecrets"]]')" "['first', 'r-secret-0', 'of-default', 'of-other']" \
		"images from $from: pull secrets of podTemplates and accounts, each once" || echo "# $err"
	is "$(json_file "$T/pod.json" '[(i["metadata"]["name"], i["type"], list(i["data"])) for i in d["items"] if i["kind"] == "Secret"]')" \
		"[('r-secret-0', 'kubernetes.io/dockerconfigjson', ['.dockerconfigjson'])]" "images from $from: one of the input is made, once, with its type"
	valid "images from $from: and valid" "$T/pod.json"
done
refused "a pull secret of another type" "in.yaml:31:7*Secret 'private' is to pull images" < <(pull_input '' Opaque)
unlike "$err" "has no effect" "and what has an effect here is not warned of beside a refusal"
refused "a pull secret without a name" "in.yaml:12:1*imagePullSecrets: '' is not a name" < <(pull_input '{}' kubernetes.io/dockerconfigjson)
refused "a pull secret whose name is none" "in.yaml:15:27*imagePullSecrets: 'A b' is not a name" < <(pull_input '{name: "A b"}' kubernetes.io/dockerconfigjson)

# --- one image by several names is one volume: in a user namespace it can be mounted once
yaml <<YAML
$head}
spec: {taskSpec: {steps: [{name: a, image: busybox, script: x}, {name: b, image: example.com/mirror/busybox, script: x}, {name: c, image: example.com/packed, script: x}]}}
YAML
python3 - "$T/many.lock" <<'PY'
import json, sys
image = lambda ref, name, d, i: {"ref": ref, "name": name, "digest": "sha256:" + d * 64, "imageID": "sha256:" + i * 64, "config": {"architecture": "amd64", "os": "linux"}}
json.dump({"apiVersion": "monopod/v1", "kind": "ImageLock", "images": [image("busybox", "docker.io/library/busybox:latest", "a", "b"),
    image("example.com/mirror/busybox", "example.com/mirror/busybox:latest", "a", "b"), image("example.com/packed", "example.com/packed:latest", "c", "b")]}, open(sys.argv[1], "w"))
PY
pod --images-from volumes --image-lock "$T/many.lock"
is "$(json_file "$T/pod.json" 'sum("image" in v for v in pod["volumes"])')" 1 "three names of one image are one volume" || echo "# $err"

yaml <<YAML
$head}
spec: {taskSpec: {$step}}
YAML
monopod pod -f "$T/in.yaml" --image m
is "$code" 2 "without a word where images come from"
like "$err" "in.yaml:4:" "the image is pointed at"
monopod pod -f "$T/in.yaml" --images-from layout
like_glob "$code $err" "2*--image" "without monopod's own image"
monopod pod -f "$T/in.yaml" --image m --images-from volumes
like_glob "$code $err" "2*--image-lock" "image volumes without a lock"
monopod pod -f "$T/in.yaml" --image m --images-from layout -w x="$T"
like_glob "$code $err" "2*a directory of this machine" "a directory of this machine"
monopod pod -f "$T/in.yaml" --image m --images-from layout --name "Not_a_name"
like_glob "$code $err" "2*not a name for a pod" "a name that no pod can have"

# --- generated inputs: what is not refused is valid
mkdir "$T/gen"
python3 tests/kubernetes/manifests.py --generate "${POD_SEED:-1}" "${POD_INPUTS:-24}" "$T/gen"
n_ok=0
n_bad=0
for f in "$T"/gen/*.json; do
	i=${f##*/}
	case $((n_ok % 4)) in
	0) more="--profile userns" ;;
	1) more="--profile restricted --job" ;;
	2) more="--profile privileged --run-claim runs" ;;
	*) more="--job --run-claim runs" ;;
	esac
	# shellcheck disable=SC2086
	monopod pod -f "$f" --image registry.example/monopod:1 --images-from layout -o json $more
	case $code in
	0) n_ok=$((n_ok + 1)); cp "$T/out" "$T/m/gen-$i" ;;
	2) n_bad=$((n_bad + 1)); echo "# $(head -1 "$T/err")" ;;
	*) ok 1 "generated $i" "$code $err" ;;
	esac
done
[ $n_ok -gt $((n_bad * 2)) ]
ok $? "of generated inputs $n_ok are rendered and $n_bad refused"
valid "and what is rendered is valid" "$T"/m/gen-*.json
done_testing
