#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Between `monopod pod -o json`, podman's kube play and `monopod collect`.

kube_play.py manifest LIST TERM PODINFO IMAGE   prints what podman can play; on standard error one line for each field that
    it does not know and that was taken away or replaced. TERM is bound at the termination path, PODINFO in the place of
    the downward API.
kube_play.py pod LIST INSPECT TERM           prints the Pod as a cluster would show it, from `podman inspect`."""
import json
import sys


def say(field, what):
    print("%-36s %s" % (field, what), file=sys.stderr)


def drop(holder, key, path):
    if key in holder:
        say(path + key, "taken away")
        del holder[key]


def play_volume(v, podinfo):
    if "downwardAPI" in v:
        say("spec.volumes[].downwardAPI", "a hostPath")
        del v["downwardAPI"]
        v["hostPath"] = {"path": podinfo, "type": "Directory"}
    if "projected" in v:
        source, = v["projected"]["sources"]
        say("spec.volumes[].projected", "its only source, a ConfigMap")
        del v["projected"]
        v["configMap"] = source["configMap"]


def play(objects, term, podinfo, image):
    pod = next(o for o in objects if o["kind"] == "Pod")
    spec = pod["spec"]
    for key in [k for k, v in pod["metadata"].get("annotations", {}).items() if len(v) > 63]:
        drop(pod["metadata"]["annotations"], key, "metadata.annotations.")
    container, = spec["containers"]
    for key in ("hostUsers", "activeDeadlineSeconds", "automountServiceAccountToken", "enableServiceLinks"):
        drop(spec, key, "spec.")
    drop(container, "resources", "spec.containers[].")
    path = container["terminationMessagePath"]
    for key in ("terminationMessagePath", "terminationMessagePolicy"):
        drop(container, key, "spec.containers[].")
    say("spec.containers[].volumeMounts", "and a file at " + path)
    container["volumeMounts"].append({"name": "term", "mountPath": path})
    for v in spec["volumes"]:
        play_volume(v, podinfo)
    spec["volumes"].append({"name": "term", "hostPath": {"path": term, "type": "File"}})
    say("spec.hostNetwork", "true: podman has no network here")
    spec["hostNetwork"] = True
    container["image"] = image
    container["imagePullPolicy"] = "Never"
    for o in objects:
        print("---")
        json.dump(o, sys.stdout)
        print()


def state_of(s, message):
    if s["Status"] in ("running", "stopping"):
        return {"running": {"startedAt": s["StartedAt"]}}
    return {"terminated": {"exitCode": s["ExitCode"], "reason": "Completed" if s["ExitCode"] == 0 else "Error", "message": message,
                           "startedAt": s["StartedAt"], "finishedAt": s["FinishedAt"]}}


def pod_of(objects, inspect, message):
    pod = next(o for o in objects if o["kind"] == "Pod")
    state = state_of(inspect["State"], message)
    over = "terminated" in state
    pod["metadata"].setdefault("namespace", "default")
    pod["status"] = {
        "phase": "Running" if not over else "Succeeded" if inspect["State"]["ExitCode"] == 0 else "Failed",
        "containerStatuses": [{"name": "monopod", "restartCount": inspect["RestartCount"], "state": state}],
    }
    return pod


def main():
    verb, listed = sys.argv[1], json.load(open(sys.argv[2]))
    if verb == "manifest":
        play(listed["items"], *sys.argv[3:6])
    else:
        inspect, = json.load(open(sys.argv[3]))
        print(json.dumps(pod_of(listed["items"], inspect, open(sys.argv[4]).read())))


main()
