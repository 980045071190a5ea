#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Decodes a termination file without a line of monopod's own: termination.py FILE [KEY | --account NAMES].

Prints KEY's value, or all keys in order. --account checks that every TaskRun of a file of names is a record, or named
or counted as omitted. Fails when the file is longer than Kubernetes reads, or is not what product.md says."""
import base64
import json
import re
import sys
import zlib

RESULT, INTERNAL = 1, 3


def rank(record):
    key, kind = record["key"], record["type"]
    if kind == RESULT:
        return 1
    assert kind == INTERNAL, record
    if key.startswith("monopod/task/"):
        return 4
    return {"monopod/verdict": 0, "monopod/omitted": 2, "monopod/run.json": 3}[key]


def decode(raw):
    assert len(raw) <= 4096, "%d bytes" % len(raw)
    if raw.startswith(b"tknz:"):
        text = raw[5:]
        assert b"=" not in text and b"\n" not in text
        raw = zlib.decompress(base64.b64decode(text + b"=" * (-len(text) % 4), validate=True), -15)
        assert len(raw) <= 128 * 1024
    records = json.loads(raw)
    for r in records:
        assert list(r) == ["key", "value", "type"], r
        assert isinstance(r["key"], str) and isinstance(r["value"], str) and isinstance(r["type"], int), r
    ranks = [rank(r) for r in records]
    assert ranks == sorted(ranks), [r["key"] for r in records]
    assert ranks.count(0) == 1 and ranks.count(2) <= 1 and ranks.count(3) <= 1
    assert len({r["key"] for r in records}) == len(records)
    assert re.match(r"(True|False|Unknown) [A-Za-z]+( .|$)", records[0]["value"], re.S), records[0]
    return records


def account(records, names):
    told = {r["key"][len("monopod/task/"):] for r in records if rank(r) == 4}
    omitted = "".join(r["value"] for r in records if rank(r) == 2)
    more = re.search(r"(?:^| )and (\d+) more$", omitted)
    listed = omitted[: more.start() if more else None].split(" ")
    missing = [n for n in names if n not in told and n not in listed]
    assert told <= set(names) and not told & set(listed)
    assert len(missing) == (int(more.group(1)) if more else 0), (len(missing), omitted[-40:])
    print("every task is told or named")


def main():
    records = decode(open(sys.argv[1], "rb").read())
    if sys.argv[2:3] == ["--account"]:
        account(records, open(sys.argv[3]).read().split())
    elif len(sys.argv) > 2:
        found = [r for r in records if r["key"] == sys.argv[2]]
        assert len(found) <= 1, "twice: " + sys.argv[2]
        print("%d %s" % (found[0]["type"], found[0]["value"]) if found else "none")
    else:
        print(" ".join(r["key"] for r in records))


main()
