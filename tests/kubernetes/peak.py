#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a run requests at most at one time, found by playing its schedule: every state that can be reached (which task runs
have ended) and all that may run in it. peak.py MONOPOD SEED N compares that with `plan --resources` for N made runs."""
import json
import random
import subprocess
import sys

UNITS = {"": 1, "m": 1, "Ki": 2 ** 10, "Mi": 2 ** 20, "Gi": 2 ** 30, "k": 10 ** 3, "M": 10 ** 6}
NAMES = ("cpu", "memory", "ephemeral-storage")
STATES_MAX = 5000


def amount(name, text):
    """cpu in thousandths, others in bytes."""
    digits = text.rstrip("mKMGik")
    unit = text[len(digits):]
    if name == "cpu":
        return int(float(digits) * (1 if unit == "m" else 1000))
    return int(digits) * UNITS[unit]


# --- one task run -----------------------------------------------------------------------------------------------------

def requests_of(resources):
    """A limit without a request is a request."""
    both = {**resources.get("limits", {}), **resources.get("requests", {})}
    return {k: amount(k, v) for k, v in both.items()}


def laid_over(under, over):
    """By name of the resource, as stepTemplate, stepSpecs and sidecarSpecs are."""
    return {kind: {**under.get(kind, {}), **over.get(kind, {})} for kind in ("limits", "requests")}


def task_amounts(spec, settings, defaults):
    steps, sidecars = [], []
    template = spec.get("stepTemplate", {}).get("computeResources", {})
    for s in spec["steps"]:
        own = laid_over(template, s.get("computeResources", {}))
        for o in settings.get("stepSpecs", []):
            if o["name"] == s["name"]:
                own = laid_over(own, o["computeResources"])
        if "computeResources" in settings:
            own = {"limits": settings["computeResources"].get("limits", {})}
        steps.append(own)
    for s in spec.get("sidecars", []):
        own = s.get("computeResources", {})
        for o in settings.get("sidecarSpecs", []):
            if o["name"] == s["name"]:
                own = laid_over(own, o["computeResources"])
        sidecars.append(own)
    whole = requests_of({"requests": settings.get("computeResources", {}).get("requests", {})})
    # Tekton shares the default request among the steps, but no step gets less than the minimum
    share = {n: max(v // len(steps), defaults["min"].get(n, 0)) for n, v in defaults["request"].items()}
    # one step after the other may have all that is requested for the whole task
    steps = [{**requests_of(s), **share, **requests_of({"requests": s.get("requests", {})}), **whole} for s in steps]
    sidecars = [{**defaults["request"], **requests_of(s)} for s in sidecars]
    return {n: max(s.get(n, 0) for s in steps) + sum(s.get(n, 0) for s in sidecars) for n in NAMES}


# --- the run as task runs that wait for task runs ---------------------------------------------------------------------

def runs_of(task):
    m = task.get("matrix", {})
    n = 1
    for p in m.get("params", []):
        n *= len(p["value"])
    return n + len(m.get("include", [])) if m else 1


def unroll(pipeline, settings, defaults, after, nodes):
    """Adds (amounts, those that must have ended before) to nodes; returns all of this pipeline."""
    mine, ended_with = [], {}
    for group in ("tasks", "finally"):
        before = list(mine)
        for t in pipeline.get(group, []):
            waits = set(after)
            for name in t.get("runAfter", []) + t.get("reads", []):
                waits |= set(ended_with[name])
            if group == "finally":
                waits |= set(before)
            made = []
            for _ in range(runs_of(t)):
                if "pipelineSpec" in t:
                    made += unroll(t["pipelineSpec"], {}, defaults, waits, nodes)
                else:
                    nodes.append((task_amounts(t["taskSpec"], settings.get(t["name"], {}), defaults), frozenset(waits)))
                    made.append(len(nodes) - 1)
            ended_with[t["name"]] = made
            mine += made
    return mine


def play(nodes, slots):
    """The most at one time over all states; None: too many of them."""
    best = dict.fromkeys(NAMES, 0)
    seen, todo = {frozenset()}, [frozenset()]
    while todo:
        ended = todo.pop()
        ready = [i for i, (_, waits) in enumerate(nodes) if i not in ended and waits <= ended]
        for n in NAMES:
            running = sorted((nodes[i][0][n] for i in ready), reverse=True)
            best[n] = max(best[n], sum(running[:slots] if slots else running))
        for i in ready:
            state = ended | {i}
            if state not in seen:
                seen.add(state)
                todo.append(state)
        if len(seen) > STATES_MAX:
            return None
    return best


# --- inputs -----------------------------------------------------------------------------------------------------------

def resources(r, chance=.7):
    kinds = {}
    for kind in ("requests", "limits"):
        if r.random() < chance:
            kinds[kind] = {n: r.choice(["1", "250m", "1500m", "2", "0.5", "7"] if n == "cpu" else ["1Gi", "64Mi", "100Mi", "3000k", "7", "5M"])
                           for n in NAMES if r.random() < .5}
    if "limits" in kinds:  # a request above its limit is refused
        for n, v in kinds.get("requests", {}).items():
            if n in kinds["limits"]:
                kinds["limits"][n] = v
    return kinds


def container(r, name):
    c = {"name": name, "image": "i"}
    if r.random() < .8:
        c["computeResources"] = resources(r)
    return c


def pipeline(r, depth, n_max):
    tasks = []
    for i in range(r.randint(1, n_max)):
        t = {"name": f"t{i}"}
        before = [x["name"] for x in tasks]
        if r.random() < .5:
            t["runAfter"] = r.sample(before, min(len(before), r.randint(0, 2)))
        if depth and r.random() < .25:
            t["pipelineSpec"] = pipeline(r, depth - 1, 3)
        else:
            t["taskSpec"] = {"results": [{"name": "r"}], "steps": [container(r, f"s{k}") for k in range(r.randint(1, 3))]}
            if r.random() < .3:
                t["taskSpec"]["stepTemplate"] = {"computeResources": {"requests": resources(r, 1)["requests"]}}
                for s in t["taskSpec"]["steps"]:
                    s.get("computeResources", {}).pop("limits", None)
            t["taskSpec"]["sidecars"] = [container(r, f"c{k}") for k in range(r.choice([0, 0, 0, 1, 2]))]
            readable = [x["name"] for x in tasks if "taskSpec" in x and "matrix" not in x]
            if readable and r.random() < .4:
                t["reads"] = [r.choice(readable)]
        if r.random() < .2:
            t["retries"] = 2
        if r.random() < .25:
            t["matrix"] = {"params": [{"name": f"m{k}", "value": ["x", "y"][:r.randint(1, 2)]} for k in range(r.randint(1, 2))]}
            holder = t.get("taskSpec") or t["pipelineSpec"]
            holder["params"] = [{"name": p["name"], "type": "string"} for p in t["matrix"]["params"]]
        tasks.append(t)
    p = {"tasks": tasks}
    if r.random() < .4:
        p["finally"] = [{"name": f"f{k}", "taskSpec": {"steps": [container(r, "s")]}} for k in range(r.randint(1, 2))]
    return p


def settings_of(r, p):
    out = {}
    for t in p["tasks"]:
        if "taskSpec" not in t or r.random() < .7:
            continue
        one = {}
        has_limits = any("limits" in s.get("computeResources", {}) for s in t["taskSpec"]["steps"] + t["taskSpec"]["sidecars"])
        if r.random() < .4:
            one["computeResources"] = {"requests": {"cpu": "3", **resources(r, 1)["requests"]}}
        elif not has_limits:
            one["stepSpecs"] = [{"name": "s0", "computeResources": {"requests": resources(r, 1)["requests"]}}]
            if t["taskSpec"]["sidecars"]:
                one["sidecarSpecs"] = [{"name": "c0", "computeResources": {"requests": resources(r, 1)["requests"]}}]
        if one:
            out[t["name"]] = one
    return out


def clean(o):
    """As Tekton takes it: what a task reads becomes a when expression."""
    if isinstance(o, list):
        return [clean(x) for x in o]
    if not isinstance(o, dict):
        return o
    out = {k: clean(v) for k, v in o.items() if k != "reads" and v != []}
    for name in o.get("reads", []):
        out.setdefault("when", []).append({"input": f"$(tasks.{name}.results.r)", "operator": "notin", "values": ["z"]})
    return out


def limit_range(r):
    """What a container requests that says nothing of it, and the object that says so."""
    defaults = {"request": {}, "min": {}}
    if r.random() < .7:
        return defaults, []
    item = {"type": "Container"}
    for n in NAMES:
        small, large = ("100m", "9") if n == "cpu" else ("3Ki", "9Gi")
        words = r.choice([[], ["min"], ["max"], ["default"], ["default", "defaultRequest"], ["min", "max", "defaultRequest"]])
        for w in words:
            item.setdefault(w, {})[n] = large if w in ("max", "default") else small
        for w in ("defaultRequest", "default", "max", "min"):
            if w in words:
                defaults["request"][n] = amount(n, item[w][n])
                break
        if "min" in words:
            defaults["min"][n] = amount(n, small)
    return defaults, [{"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "range"}, "spec": {"limits": [item]}}]


def one_case(r):
    p = pipeline(r, 2, 5)
    settings = settings_of(r, p)
    defaults, ranges = limit_range(r)
    docs = [{"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"name": "r"}, "spec": {
        "pipelineSpec": clean(p), "taskRunSpecs": [{"pipelineTaskName": k, **v} for k, v in settings.items()]}}] + ranges
    nodes = []
    unroll(p, settings, defaults, set(), nodes)
    return docs, nodes


def compare(monopod, r, text, nodes, slots):
    words = [monopod, "plan", "-f", "-", "--resources", "-o", "json"] + (["--max-parallel", str(slots)] if slots else [])
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    if done.returncode:
        return "plan failed: " + done.stderr
    told = json.loads(done.stdout)
    told = told.get("resources") or next(x["resources"] for x in told.get("runs", [told]) if "resources" in x)
    want = play(nodes, slots)
    if want is None:
        return None
    for n in NAMES:
        got = amount(n, told["peak"].get(n, "0"))
        total = sum(x[0][n] for x in nodes)
        if amount(n, told["total"].get(n, "0")) != total:
            return f"{n}: all together {told['total'].get(n)}, played {total}"
        if got != want[n] and (told["exact"] or not slots):
            return f"{n}: {told['peak'].get(n)}, played {want[n]}"
        if slots and not want[n] <= got <= sum(sorted((x[0][n] for x in nodes), reverse=True)[:slots]):
            return f"{n}: {told['peak'].get(n)} with {slots} at once, played {want[n]}"
    return ""


def main():
    monopod, seed, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
    played = skipped = bad = 0
    for i in range(n):
        r = random.Random(f"{seed}/{i}")
        docs, nodes = one_case(r)
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": docs})
        for slots in (0, r.randint(1, 4)):
            told = compare(monopod, r, text, nodes, slots)
            played += told is not None
            skipped += told is None
            if told:
                bad += 1
                print(f"{seed}/{i}: {told}\n{text}")
        if bad > 3:
            break
    print(f"{played} compared, {skipped} with too many states, {bad} wrong")
    sys.exit(bad > 0 or played < n)


main()
