# SPDX-License-Identifier: Apache-2.0
# Drives `monopod shell` as a person would, through a pseudo-terminal: pty_shell.py MONOPOD RUN TASK STEP. Prints TAP.
import fcntl, os, pty, re, select, signal, struct, sys, termios, time

MONOPOD, WORDS = sys.argv[1], sys.argv[2:]
LIMIT_S = 60
PROMPT = r"[#$] "  # what is typed before may be thrown away
count = bad = 0


def ok(condition, name, *detail):
    global count, bad
    count += 1
    bad += not condition
    print(("ok" if condition else "not ok"), count, "-", name, flush=True)
    if not condition:
        for d in detail:
            for line in str(d).splitlines()[:40]:
                print("#  ", line)


class Person:
    def __init__(self, *more, rows=24, cols=80):
        self.master, self.slave = pty.openpty()
        self.size(rows, cols, None)
        self.before = termios.tcgetattr(self.slave)
        self.text = ""
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(self.slave, fd)
            os.environ["TERM"] = "vt100"
            os.execv(MONOPOD, [MONOPOD, "shell", *WORDS, *more])

    def size(self, rows, cols, signal_pid):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        if signal_pid:
            os.kill(signal_pid, signal.SIGWINCH)

    def read(self, limit=0.05):
        ready, _, _ = select.select([self.master], [], [], limit)
        if ready:
            try:
                self.text += os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                return False
        return True

    def until(self, pattern):
        end = time.monotonic() + LIMIT_S
        while not re.search(pattern, self.text):
            if time.monotonic() > end:
                return False
            self.read()
        return True

    def say(self, text):
        os.write(self.master, text.encode())

    # The answer is not in the line that is typed; after it the shell asks again.
    def ask(self, command, pattern):
        self.text = ""
        self.say(command + "\r")
        return self.until(f"(?s){pattern}.*{PROMPT}")

    def end(self):
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.restored = termios.tcgetattr(self.slave) == self.before
                return os.waitstatus_to_exitcode(status)
        return None


p = Person(rows=31, cols=97)
p.until(PROMPT)
ok(p.ask("echo a''b", r"ab\r\n"), "a shell answers", p.text)
ok(p.ask("[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo ter''minal", r"terminal"), "on a terminal", p.text)
ok(p.ask("echo si''ze $(stty size)", r"size 31 97"), "of the person's size", p.text)
p.size(40, 120, p.pid)
ok(p.ask("echo si''ze $(stty size)", r"size 40 120"), "that follows when it changes", p.text)
ok(p.ask("echo te''rm $TERM", r"term vt100"), "and of the same kind", p.text)
ok(termios.tcgetattr(p.slave) != p.before, "the person's own is raw meanwhile")
p.text = ""
p.say("sh -c 'trap \"echo in\"\"terrupted; exit\" INT; echo rea\"\"dy; while :; do sleep 0.1; done'\r")
p.until("ready")
p.text = ""
p.say("\x03")
ok(p.until(f"(?s)interrupted.*{PROMPT}"), "^C ends what runs there, and not the visit", p.text)
ok(p.ask("sleep 100 & jo''bs; kill %1", r"sleep 100"), "job control works", p.text)
ok(p.ask("echo /dev/tty: $(echo x >/dev/tty && echo o''k)", r"/dev/tty: ok"), "it is the controlling terminal", p.text)
p.text = ""
p.say("exit 7\r")
ok(p.end() == 7, "its exit code is the verb's", p.text)
ok(p.restored, "and the terminal is as it was")

p = Person()
p.until(PROMPT)
p.ask("echo a''b", r"ab\r\n")
p.say("\x04")
ok(p.end() == 0, "^D ends it", p.text)
ok(p.restored, "the terminal is as it was")

p = Person()
p.until(PROMPT)
p.ask("echo a''b", r"ab\r\n")
os.kill(p.pid, signal.SIGTERM)
ok(p.end() == 128 + signal.SIGTERM, "SIGTERM ends it")
ok(p.restored, "the terminal is as it was")

p = Person()
p.until(PROMPT)
p.ask("echo a''b", r"ab\r\n")
p.say("kill -9 $$\r")
ok(p.end() == 128 + signal.SIGKILL, "a visitor that is killed")
ok(p.restored, "leaves the terminal as it was")

p = Person("--", "/nowhere")
ok(p.end() == 127, "a program that is not there", p.text)
ok("/nowhere" in p.text and p.restored, "is named", p.text)

if os.environ.get("ITS_OWN_SHELL") == "0":  # the step has no programs
    print(f"1..{count}")
    sys.exit(bad != 0)
p = Person("--", "sh", "-c", "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 3")
ok(p.end() == 3, "a command on a terminal")
ok(p.until("line 2999"), "its output is whole", p.text[-300:])

print(f"1..{count}")
sys.exit(bad != 0)
