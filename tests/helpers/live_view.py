# SPDX-License-Identifier: Apache-2.0
# Drives the live view through a pseudo-terminal and a small terminal emulator: live_view.py DIR MONOPOD ARGUMENT…
# DIR holds in.yaml (every task prints, then reads a line from the FIFO gate/gate) and gate/. Prints TAP.
import fcntl, os, pty, re, select, signal, struct, sys, termios, time, unicodedata

T, MONOPOD, ARGS = sys.argv[1], sys.argv[2], sys.argv[3:]
N_TASKS = 40
LIMIT_S = 120
count = bad = 0


def ok(condition, name, *detail):
    global count, bad
    count += 1
    bad += not condition
    print(("ok" if condition else "not ok"), count, "-", name, flush=True)
    if not condition:
        for d in detail:
            for line in str(d).splitlines()[:60]:
                print("#  ", line)


class Terminal:
    """Rows of text with the sequences that the view may use; anything else is remembered as unknown. A terminal
    that becomes narrower wraps what it shows, as most do."""

    def __init__(self, rows, cols):
        self.rows, self.cols = rows, cols
        self.lines, self.above = [""], []
        self.y = self.x = 0
        self.hidden = False
        self.unknown, self.wraps = [], 0
        self.rest = b""

    def put(self, c):
        w = 2 if unicodedata.east_asian_width(c) in "WF" else 1
        if self.x + w > self.cols:
            self.wraps += self.hidden  # of a drawn line: never
            self.x = 0
            self.down()
        line = self.lines[self.y].ljust(self.x)
        self.lines[self.y] = line[: self.x] + c + line[self.x + 1 :]
        self.x += w

    def down(self):
        self.y += 1
        if self.y == len(self.lines):
            self.lines.append("")
        if len(self.lines) > self.rows:
            self.above.append(self.lines.pop(0))
            self.y -= 1

    def feed(self, data):
        data = self.rest + data
        self.rest = b""
        try:
            text = data.decode()
        except UnicodeDecodeError as e:  # a character cut by the read
            text, self.rest = data[: e.start].decode(), data[e.start :]
        cut = re.search(r"\x1b(\[[?0-9;]*)?$", text)
        if cut:
            self.rest = text[cut.start() :].encode() + self.rest
            text = text[: cut.start()]
        for m in re.finditer(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b.|.", text, re.S):
            self.one(m)

    def one(self, m):
        c = m.group(0)
        if m.group(2) == "A":
            self.y = max(0, self.y - int(m.group(1) or 1))
        elif m.group(2) == "K" and m.group(1) in ("", "0"):
            self.lines[self.y] = self.lines[self.y][: self.x]
        elif m.group(2) == "J" and m.group(1) in ("", "0"):
            self.lines[self.y] = self.lines[self.y][: self.x]
            del self.lines[self.y + 1 :]
        elif m.group(2) == "m":
            pass
        elif m.group(2) in ("h", "l") and m.group(1) == "?25":
            self.hidden = m.group(2) == "l"
        elif c == "\r":
            self.x = 0
        elif c == "\n":
            self.down()
        elif c >= " " and c != "\x7f":
            self.put(c)
        else:
            self.unknown.append(c)

    def resize(self, rows, cols):
        self.rows, self.cols = rows, cols
        lines, y = [], 0
        for i, line in enumerate(self.lines):
            if i == self.y:
                y = len(lines)
            line = line.rstrip()
            lines += [line[k : k + cols] for k in range(0, len(line), cols)] or [""]
        self.lines, self.y = lines, y
        while len(self.lines) > rows:
            self.above.append(self.lines.pop(0))
            self.y -= 1

    def text(self):
        return "\n".join(line.rstrip() for line in self.above + self.lines)

    def screen(self):
        return "\n".join(line.rstrip() for line in self.lines)


class Run:
    def __init__(self, run_dir, rows, cols, *more):
        self.term = Terminal(rows, cols)
        for i in range(1, 6):
            self.term.feed(b"earlier line %d\r\n" % i)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
            os.environ.update(TERM="xterm", LC_ALL="C.UTF-8")
            os.environ.pop("NO_COLOR", None)
            os.execv(MONOPOD, [MONOPOD, "run", "-f", T + "/in.yaml", "-w", "gate=" + T + "/gate", "--run-dir", run_dir,
                               *ARGS, *more])
        self.ended = False
        self.raw = b""

    def read(self, wait_s):
        if not self.ended and select.select([self.fd], [], [], wait_s)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # the other side is closed
                data = b""
            self.ended = not data
            self.raw += data
            self.term.feed(data)
            return bool(data)
        return False

    def until(self, condition):
        end = time.monotonic() + LIMIT_S
        while not condition() and time.monotonic() < end and not self.ended:
            self.read(0.1)
        return condition()

    def resize(self, rows, cols):
        """With the program stopped, so that what it drew for the old size is read before."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)
        while self.read(0.2):
            pass
        self.term.resize(rows, cols)
        n = len(self.raw)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)
        os.kill(self.pid, signal.SIGCONT)
        self.until(lambda: self.raw.count(b"\x1b[J", n) >= 2)

    def end(self):
        """The exit code."""
        end = time.monotonic() + LIMIT_S
        while not self.ended and time.monotonic() < end:
            self.read(0.1)
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def log(run_dir, i):
    try:
        with open("%s/logs/live-t%d/0/s.log" % (run_dir, i), "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""


def all_ready(run_dir):
    return lambda: all(b"ready\n" in log(run_dir, i) for i in range(N_TASKS))


def check_terminal(r, what):
    t = r.term
    ok(not t.unknown, what + ": only the sequences we know", t.unknown[:10])
    ok(t.wraps == 0, what + ": no drawn line is wider than the terminal", t.wraps)
    ok(not t.hidden, what + ": the cursor is visible again")
    earlier = [line for line in t.text().split("\n") if "earlier" in line]
    ok(earlier == ["earlier line %d" % i for i in range(1, 6)], what + ": what was above is untouched", t.text())


WROTE = b"\x1b[2J\x1b[31mred\x1b[0m\rover\n" + b"x" * 100000 + b"\nready\n"


def whole_run():
    run_dir = T + "/run"
    gate = os.open(T + "/gate/gate", os.O_RDWR)
    r = Run(run_dir, 24, 80)
    ok(r.until(all_ready(run_dir)), "40 tasks run side by side", r.term.screen())
    ok(r.until(lambda: "running not shown" in r.term.screen()), "24 lines show some and count the rest", r.term.screen())
    lines = r.term.screen().split("\n")
    ok(len(lines) <= 24 and any(re.match(r"live +Running +0/40 tasks", line) for line in lines), "under a header", lines)
    ok(r.until(lambda: re.search(r"t0 .* s  ready$", r.term.screen(), re.M)), "with the last line of a step", r.term.screen())
    for rows, cols in (20, 33), (30, 100), (24, 61):
        r.resize(rows, cols)
        shown = r.term.screen().split("\n")
        headers = [line for line in shown if line.startswith("live ")]
        ok(len(headers) == 1 and all(len(line) < cols for line in shown), "one tree after a resize to %dx%d" % (cols, rows),
           r.term.screen())
    os.write(gate, b"\n" * N_TASKS)
    ok(r.end() == 0, "the run succeeds", r.term.text())
    os.close(gate)
    check_terminal(r, "a whole run")
    tail = r.term.text()[r.term.text().rfind("PipelineRun 'live' succeeded") :]
    verdicts = re.findall(r"^  ✓ t(\d+) +[0-9.ms]+  Succeeded$", tail, re.M)
    ok(sorted(map(int, verdicts)) == list(range(N_TASKS)), "the final tree is on the screen", tail)
    ok("run directory: " in tail, "and the summary", tail)
    ok(all(log(run_dir, i) == WROTE + b"end\n" for i in range(N_TASKS)), "log files hold every byte")


def interrupted_run():
    run_dir = T + "/run2"
    r = Run(run_dir, 24, 80, "--grace", "3s")
    ok(r.until(all_ready(run_dir)), "a run to be interrupted", r.term.screen())
    os.write(r.fd, b"\x03")
    ok(r.end() == 130, "Ctrl-C ends it with 130", r.term.text())
    check_terminal(r, "Ctrl-C")
    text = r.term.text()
    ok("PipelineRun 'live' failed: Cancelled" in text, "the verdict is told", text)
    ok("^C" not in text[text.rfind("PipelineRun 'live'") :], "over what the keyboard echoed", text)
    ok("and 30 more; 'monopod describe' lists them" in text, "not forty blocks", text)
    logs = [log(run_dir, i) for i in range(N_TASKS)]
    ok(all(text.startswith(WROTE) for text in logs), "log files hold every byte", [text[-60:] for text in logs])


os.mkfifo(T + "/gate/gate", 0o666)
os.chmod(T + "/gate/gate", 0o666)
whole_run()
interrupted_run()
print("1..%d" % count)
sys.exit(bad != 0)
