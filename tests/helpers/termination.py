#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Decodes a termination file without a line of monopod's own: termination.py FILE [KEY].

Prints KEY's value, or all keys in order. Fails when the file is longer than Kubernetes reads."""
import base64
import json
import sys
import zlib


def decode(raw):
    assert len(raw) <= 4096, "%d bytes" % len(raw)
    if raw.startswith(b"tknz:"):
        text = raw[5:]
        assert b"=" not in text and b"\n" not in text
        raw = zlib.decompress(base64.b64decode(text + b"=" * (-len(text) % 4)), -15)
        assert len(raw) <= 128 * 1024
    records = json.loads(raw)
    for r in records:
        assert set(r) == {"key", "value", "type"}, r
    return records


records = decode(open(sys.argv[1], "rb").read())
if len(sys.argv) > 2:
    found = [r for r in records if r["key"] == sys.argv[2]]
    assert len(found) <= 1, "twice: " + sys.argv[2]
    print("%d %s" % (found[0]["type"], found[0]["value"]) if found else "none")
else:
    print(" ".join(r["key"] for r in records))
