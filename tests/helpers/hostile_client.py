# SPDX-License-Identifier: Apache-2.0
# Talks to the control socket of a run as nobody's client would: hostile_client.py RUN-DIRECTORY NAME. Prints TAP.
import array, os, socket, struct, sys

RUN, NAME = sys.argv[1], sys.argv[2].encode()
REFUSED, TEXT_BYTES = 3, 1024
LIMIT_S = 20
SHELL = b"shell\0" + NAME + b"\0\0\0\0"
EXEC = b"exec\0" + NAME + b"\0\0\0\0true\0"
count = bad = 0


def ok(condition, name):
    global count, bad
    count += 1
    bad += not condition
    print(("ok" if condition else "not ok"), count, "-", name, flush=True)


def send(sock, data, *fds):
    more = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([data], more)


def control(data, *fds):
    directory = os.open(RUN, os.O_PATH)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.connect(f"/proc/self/fd/{directory}/control")
        send(s, data, *fds)
    os.close(directory)


def channel():
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    own.settimeout(LIMIT_S)
    control(b"visit", other.fileno())
    other.close()
    return own


# What the agent answers to a client that says all of this: its kind, or why there is none.
def answer(*messages):
    own = channel()
    try:
        for m in messages:
            send(own, *(m if isinstance(m, tuple) else (m,)))
    except (BrokenPipeError, ConnectionResetError):
        pass  # it was refused in the middle
    try:
        data = own.recv(4 + 4 + TEXT_BYTES + 1)
    except ConnectionResetError:
        data = b""
    except TimeoutError:
        return "silence"
    finally:
        own.close()
    return struct.unpack_from("<I", data)[0] if len(data) == 8 + TEXT_BYTES else "the end"


null = os.open("/dev/null", os.O_RDWR)
std = [(d, null) for d in (b"0", b"1", b"2")]
for name, messages in {
    "no words": [b"x"],
    "an unknown verb": [b"chmod\0" + NAME + b"\0\0\0\0", b"."],
    "words without an end": [SHELL[:-1], b"."],
    "a command that is none": [b"exec\0" + NAME + b"\0\0\0\0", b"."],
    "a shell with a command": [SHELL + b"id\0", *std, b"."],
    "another run": [b"shell\0other\0\0\0\0", *std, b"."],
    "more than is read": [EXEC + b"x" * (96 * 1024), b"."],
    "no descriptors": [EXEC, b"."],
    "a descriptor that is missing": [EXEC, std[0], std[1], b"."],
    "one that is not sent": [EXEC, b"0"],
    "two in one message": [EXEC, (b"0", null, null)],
    "twice the same": [EXEC, std[0], std[0]],
    "one for no place": [EXEC, (b"3", null)],
    "a signal before there is anybody": [EXEC, b"s\x09"],
    "a signal that is none": [EXEC, b"s\xff"],
    "a message that is too long": [EXEC, b"." * 4096],
    "one of ten thousand descriptors' worth": [EXEC, *[(b"x", *[null] * 200)] * 20],
}.items():
    got = answer(*messages)
    ok(got in (REFUSED, "the end"), f"{name} ({got})")

# Who says nothing, or only a part, holds nobody up; more than a bound of them are not served.
idle = [channel() for _ in range(60)]
for c in idle[::2]:
    send(c, SHELL)
ok(answer(EXEC, *std, b".") == 0, "others are served meanwhile")
for c in idle:
    c.close()

# What is no channel is no client.
pipe = os.pipe()
for name, fd in (("a file", null), ("a pipe", pipe[0]), ("a datagram socket", socket.socketpair(type=socket.SOCK_DGRAM)[0].detach())):
    control(b"visit", fd)
    ok(answer(EXEC, *std, b".") == 0, f"{name} instead of a channel")
for data in (b"", b"visit", b"\0" * 64, b"x" * 60000):
    control(data)
control(b"cancel", null)
ok(answer(EXEC, *std, b".") == 0, "and words without a meaning have none")
print(f"1..{count}")
sys.exit(bad != 0)
