#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what `monopod pod -o json` prints as an API server would: its own schemas, strictly (no unknown field), and its
rules beyond them. manifests.py SCHEMA FILE... prints a line for each mistake; --generate SEED N DIR writes input files."""
import base64
import json
import random
import re
import sys

LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")
DATA_KEY = re.compile(r"^[-._a-zA-Z0-9]+$")
KINDS = {("v1", "Pod"): "io.k8s.api.core.v1.Pod", ("batch/v1", "Job"): "io.k8s.api.batch.v1.Job",
         ("v1", "ConfigMap"): "io.k8s.api.core.v1.ConfigMap", ("v1", "Secret"): "io.k8s.api.core.v1.Secret",
         ("v1", "PersistentVolumeClaim"): "io.k8s.api.core.v1.PersistentVolumeClaim"}


class Schemas:
    """The server's schemas with every object closed: a field that it does not know would be dropped without a word."""

    def __init__(self, path):
        import jsonschema
        doc = json.load(open(path))
        doc = json.loads(json.dumps(doc).replace("#/components/schemas/", "#/definitions/"))
        self.definitions = doc["components"]["schemas"]
        for one in self.definitions.values():
            self.close(one)
        self.validators = {kind: jsonschema.Draft4Validator({"definitions": self.definitions,
                           "$ref": "#/definitions/" + name}) for kind, name in KINDS.items()}

    def close(self, s):
        if isinstance(s, dict):
            if "properties" in s and "additionalProperties" not in s:
                s["additionalProperties"] = False
            for v in s.values():
                self.close(v)
        elif isinstance(s, list):
            for v in s:
                self.close(v)

    def check(self, obj, say):
        kind = (obj.get("apiVersion"), obj.get("kind"))
        if kind not in self.validators:
            say(f"unexpected kind {kind}")
            return
        for e in self.validators[kind].iter_errors(obj):
            say(f"schema: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}")


def subdomain(s):
    return len(s) <= 253 and SUBDOMAIN.match(s)


def qualified(key):
    prefix, slash, name = key.rpartition("/")
    return (not slash or subdomain(prefix)) and 0 < len(name) <= 63 and VALUE.match(name)


def check_meta(meta, say, named=True):
    if named and not subdomain(meta.get("name", "")):
        say(f"name {meta.get('name')!r}")
    if "namespace" in meta and not (LABEL.match(meta["namespace"]) and len(meta["namespace"]) <= 63):
        say(f"namespace {meta['namespace']!r}")
    for k, v in meta.get("labels", {}).items():
        if not qualified(k) or len(v) > 63 or not VALUE.match(v):
            say(f"label {k}={v!r}")
    notes = meta.get("annotations", {})
    for k in notes:
        if not qualified(k.lower()):
            say(f"annotation {k!r}")
    if sum(len(k) + len(v.encode()) for k, v in notes.items()) > 256 * 1024:
        say("annotations: more than 256 KiB")


def check_data(obj, say):
    total = 0
    for member in ("data", "binaryData"):
        for k, v in obj.get(member, {}).items():
            binary = member == "binaryData" or obj["kind"] == "Secret"
            total += len(base64.b64decode(v, validate=True)) if binary else len(v.encode())
            if not DATA_KEY.match(k) or len(k) > 253 or k in (".", "..") or k.startswith(".."):
                say(f"key {k!r}")
    if set(obj.get("data", {})) & set(obj.get("binaryData", {})) and obj["kind"] == "ConfigMap":
        say("a key is in data and binaryData")
    if total > 1024 * 1024:
        say(f"{total} bytes of data")


def check_pod(meta, spec, say):
    check_security(spec, say)
    volumes = [v["name"] for v in spec.get("volumes", [])]
    if len(set(volumes)) != len(volumes):
        say("two volumes of one name")
    for v in spec.get("volumes", []):
        if not LABEL.match(v["name"]) or len(v["name"]) > 63 or len(v) != 2:
            say(f"volume {v['name']!r}")
        if "ephemeral" in v:
            check_claim(v["ephemeral"]["volumeClaimTemplate"]["spec"], say)
        for name in (v.get("configMap", {}).get("name"), v.get("secret", {}).get("secretName"),
                     v.get("persistentVolumeClaim", {}).get("claimName")):
            if name is not None and not subdomain(name):
                say(f"volume {v['name']}: names {name!r}")
    images = [v["image"]["reference"] for v in spec.get("volumes", []) if "image" in v]
    if spec.get("hostUsers") is False and len(set(images)) != len(images):
        say("the same image is mounted twice with hostUsers: false")
    if any(not i or re.search(r"\s", i) for i in images):
        say("an image volume without a reference")
    for c in spec["containers"]:
        check_container(c, volumes, say)
    for key in ("activeDeadlineSeconds", "terminationGracePeriodSeconds"):
        if key in spec and not 1 <= spec[key] <= 2 ** 31 - 1:
            say(f"{key} {spec[key]}")
    for key in ("serviceAccountName", "priorityClassName", "runtimeClassName"):
        if key in spec and not subdomain(spec[key]):
            say(f"{key} {spec[key]!r}")
    for k, v in spec.get("nodeSelector", {}).items():
        if not qualified(k) or len(v) > 63 or not VALUE.match(v):
            say(f"nodeSelector {k}={v!r}")


def check_security(spec, say):
    for c in spec["containers"]:
        s = c.get("securityContext", {})
        if s.get("allowPrivilegeEscalation") is False and (s.get("privileged") or
                "SYS_ADMIN" in s.get("capabilities", {}).get("add", [])):
            say("allowPrivilegeEscalation: false together with what escalates")
        if s.get("procMount") == "Unmasked" and spec.get("hostUsers") is not False:
            say("procMount: Unmasked without hostUsers: false")


def check_container(c, volumes, say):
    if not LABEL.match(c["name"]) or not c.get("image") or c["image"] != c["image"].strip():
        say("container without a name or an image")
    paths = [m["mountPath"] for m in c.get("volumeMounts", [])]
    if len(set(paths)) != len(paths):
        say("two mounts at one path")
    for m in c.get("volumeMounts", []):
        if m["name"] not in volumes:
            say(f"mount of {m['name']!r}, which is no volume")
        if not m["mountPath"].startswith("/") or ":" in m["mountPath"]:
            say(f"mountPath {m['mountPath']!r}")
        if m.get("subPath", "").startswith("/") or ".." in m.get("subPath", "").split("/"):
            say(f"subPath {m['subPath']!r}")
    if sum(len(a.encode()) + 1 for a in c.get("args", [])) > 1024 * 1024 or \
            any(len(a.encode()) >= 128 * 1024 or "\0" in a for a in c.get("args", [])):
        say("arguments that no kernel takes")
    for name, q in c.get("resources", {}).get("requests", {}).items():
        if not re.match(r"^[0-9]+(m|Ki|Mi|Gi|Ti)?$", q):
            say(f"request {name}: {q!r}")
    rules = c.get("restartPolicyRules", [])
    if rules and "restartPolicy" not in c:
        say("restartPolicyRules without restartPolicy")
    for r in rules:
        values = r["exitCodes"]["values"]
        if r["action"] != "Restart" or r["exitCodes"]["operator"] not in ("In", "NotIn") or len(set(values)) != len(values):
            say("restartPolicyRules")
    if c.get("terminationMessagePolicy") not in ("File", "FallbackToLogsOnError"):
        say("terminationMessagePolicy")


def check_job(job, say):
    pod = job["template"]["spec"]
    policy = job.get("podFailurePolicy")
    if pod.get("restartPolicy") not in ("Never", "OnFailure"):
        say("a Job whose pods are restarted always")
    if policy is None:
        return
    if pod["restartPolicy"] != "Never":
        say("podFailurePolicy with another restartPolicy than Never")
    if job.get("podReplacementPolicy", "Failed") != "Failed" or len(policy["rules"]) > 20:
        say("podReplacementPolicy, or too many rules")
    for r in policy["rules"]:
        codes, conditions = r.get("onExitCodes"), r.get("onPodConditions")
        if (codes is None) == (conditions is None):
            say("a rule of podFailurePolicy has one of onExitCodes and onPodConditions")
        if r["action"] == "FailIndex" and "backoffLimitPerIndex" not in job:
            say("FailIndex without indexes")
        if codes:
            v = codes["values"]
            if v != sorted(set(v)) or not 0 < len(v) <= 255 or codes["operator"] == "In" and 0 in v:
                say(f"onExitCodes {v}")
            if codes.get("containerName", pod["containers"][0]["name"]) not in [c["name"] for c in pod["containers"]]:
                say("onExitCodes of a container that is not there")
        for c in conditions or []:
            if c.get("status", "True") not in ("True", "False", "Unknown") or not qualified(c["type"]):
                say(f"onPodConditions {c}")


def check_claim(spec, say):
    if not spec.get("accessModes") or "storage" not in spec.get("resources", {}).get("requests", {}):
        say("a claim without accessModes or storage")


def check_references(items, say):
    """What the pod mounts of what was printed with it is there, and named once."""
    names = [(i["kind"], i["metadata"]["name"]) for i in items]
    if len(set(names)) != len(names):
        say("two objects of one name")
    pod = items[-1]
    spec = pod["spec"] if pod["kind"] == "Pod" else pod["spec"]["template"]["spec"]
    mounted = {("ConfigMap", s["configMap"]["name"]) for v in spec["volumes"] for s in v.get("projected", {}).get("sources", [])}
    mounted |= {("Secret", v["secret"]["secretName"]) for v in spec["volumes"] if "secret" in v and not v["secret"].get("optional")}
    pulls = [s["name"] for s in spec.get("imagePullSecrets", [])]
    if len(set(pulls)) != len(pulls) or not all(subdomain(p) for p in pulls):
        say(f"imagePullSecrets {pulls}")
    printed = {n for n in names if n[0] in ("ConfigMap", "Secret")}
    mounted |= {("Secret", p) for p in pulls} & printed
    for i in items:
        if i["kind"] == "Secret" and i["metadata"]["name"] in pulls and i["type"] != "kubernetes.io/dockerconfigjson":
            say(f"images are pulled with a Secret of type {i['type']}")
    if mounted != printed:
        say(f"printed {sorted(printed)}, mounted {sorted(mounted)}")


def check_all(schemas, items, say):
    for obj in items:
        schemas.check(obj, say)
        check_meta(obj["metadata"], say)
        if obj["kind"] in ("ConfigMap", "Secret"):
            check_data(obj, say)
        elif obj["kind"] == "PersistentVolumeClaim":
            check_claim(obj["spec"], say)
        elif obj["kind"] == "Pod":
            check_pod(obj["metadata"], obj["spec"], say)
        else:
            if len(obj["metadata"]["name"]) > 63:
                say("the name of a Job has more than 63 characters")
            check_meta(obj["spec"]["template"]["metadata"], say, named=False)
            check_job(obj["spec"], say)
            check_pod(obj["metadata"], obj["spec"]["template"]["spec"], say)
    check_references(items, say)


# --- inputs ------------------------------------------------------------------------------------------------------------

def word(r, n=8):
    return "".join(r.choice("abcdefghijklmnop") for _ in range(r.randint(1, n)))


def odd(r):
    return r.choice(["", " ", "$(x)", "$$", "ü", "a: b", "- x", "#", "\"", "'", "\\", "yes", "010", "1e3", "~", "{}", "\t\n", "x" * 300,
                     "$(params.p)", "\u2028", "null", "0x1F", "a\nb\n", "%", "&a", "*a", "!t", "|", ">", "@", "`"])


def step(r, i):
    s = {"name": f"s{i}", "image": r.choice(["busybox", "example.com/tool:1", "busybox:latest"]), "script": "echo " + odd(r)}
    if r.random() < .5:
        s["computeResources"] = {"requests": {k: r.choice(["1", "100m", "1500m", "2Gi", "123Mi", "1e3", "0.5", "7"])
                                 for k in r.sample(["cpu", "memory", "ephemeral-storage"], r.randint(1, 3))}}
    if r.random() < .4:
        s["env"] = [{"name": "E" + word(r).upper(), "valueFrom": {r.choice(["secretKeyRef", "configMapKeyRef"]):
                     {"name": r.choice(["one", "two", "three", word(r)]), "key": "k", "optional": True}}}]
    return s


def binding(r, name):
    return r.choice([
        {"name": name, "emptyDir": {}},
        {"name": name, "persistentVolumeClaim": {"claimName": r.choice(["claim", "data.x", word(r)])}, "subPath": word(r)},
        {"name": name, "configMap": {"name": r.choice(["one", word(r)])}},
        {"name": name, "secret": {"secretName": r.choice(["two", word(r)])}},
        {"name": name, "projected": {"sources": [{"secret": {"name": "three"}}, {"configMap": {"name": "one"}}]}},
        {"name": name, "volumeClaimTemplate": {"metadata": {"name": "t"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": word(r), "resources": {"requests": {"storage": "1Gi"}}}}}])


def template(r):
    t = {}
    if r.random() < .5:
        t["nodeSelector"] = {"example.com/" + word(r): word(r)}
    if r.random() < .5:
        t["tolerations"] = [{"key": word(r), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}]
    if r.random() < .3:
        t["imagePullSecrets"] = [{"name": word(r)}]
    if r.random() < .3:
        t["priorityClassName"] = "high"
    if r.random() < .3:
        t["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}]}}}
    if r.random() < .3:
        t["topologySpreadConstraints"] = [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway",
                                           "labelSelector": {"matchLabels": {"a": "b"}}}]
    return t


def documents(r, n):
    tasks = []
    workspaces = [f"w{i}" for i in range(r.randint(0, 3))]
    for i in range(r.randint(1, 6)):
        t = {"name": f"t{i}", "taskSpec": {"params": [{"name": "p", "default": odd(r)}], "workspaces": [{"name": w} for w in workspaces],
             "steps": [step(r, k) for k in range(r.randint(1, 3))]}, "workspaces": [{"name": w} for w in workspaces]}
        if i and r.random() < .6:
            t["runAfter"] = [f"t{r.randrange(i)}"]
        if r.random() < .2:
            t["taskSpec"]["volumes"] = [{"name": "v", "secret": {"secretName": "two"}}, {"name": "e", "emptyDir": {}}]
        if r.random() < .2:
            t["matrix"] = {"params": [{"name": "p", "value": ["1", "2", "3"]}]}
        tasks.append(t)
    run = {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun",
           "metadata": {"name": f"run-{n}" + "x" * r.choice([0, 0, 10, 40]), "labels": {"a/" + word(r): word(r)},
                        "annotations": {"note": odd(r)}},
           "spec": {"pipelineSpec": {"workspaces": [{"name": w} for w in workspaces], "tasks": tasks},
                    "workspaces": [binding(r, w) for w in workspaces], "taskRunTemplate": {"podTemplate": template(r)}}}
    if r.random() < .5:
        run["spec"]["timeouts"] = {"pipeline": r.choice(["1s", "90m", "0", "1h30m0.5s"])}
    if r.random() < .5:
        run["spec"]["taskRunTemplate"]["serviceAccountName"] = r.choice(["builder", "in-input"])
    docs = [run, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "two", "annotations": {"tekton.dev/git-0": "https://example.com"}},
                  "type": "kubernetes.io/basic-auth", "stringData": {"username": odd(r), "password": odd(r) + "long"}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull"}, "type": "kubernetes.io/dockerconfigjson",
             "stringData": {".dockerconfigjson": json.dumps({"auths": {odd(r): {"auth": "eDp5"}}})}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "in-input"}, "secrets": [{"name": "two"}],
             "imagePullSecrets": [{"name": n} for n in r.sample(["pull", "cluster.pull", word(r)], r.randint(0, 3))]}]
    if r.random() < .5:
        docs.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"k": odd(r) * r.choice([1, 3000])}})
    if r.random() < .5:
        docs.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "claim"}, "spec": {
            "accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "5Gi"}}}})
    if r.random() < .1:  # near the limit of a ConfigMap, and beyond it
        big = "".join(r.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(r.choice([400000, 900000])))
        for i in range(r.randint(1, 4)):
            docs.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"big{i}"}, "data": {"k": big[i:]}})
            tasks[0]["taskSpec"]["steps"][0].setdefault("envFrom", []).append({"configMapRef": {"name": f"big{i}"}})
    return docs


def generate(seed, n, folder):
    for i in range(n):
        r = random.Random(f"{seed}/{i}")
        with open(f"{folder}/{i}.json", "w") as f:
            json.dump({"apiVersion": "v1", "kind": "List", "items": documents(r, i)}, f)


def main():
    if sys.argv[1] == "--generate":
        generate(sys.argv[2], int(sys.argv[3]), sys.argv[4])
        return 0
    schemas = Schemas(sys.argv[1])
    bad = 0
    for path in sys.argv[2:]:
        mistakes = []
        check_all(schemas, json.load(open(path))["items"], mistakes.append)
        for m in mistakes:
            print(f"{path}: {m}")
        bad += len(mistakes)
    print(f"{len(sys.argv) - 2} manifests, {bad} mistakes")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
