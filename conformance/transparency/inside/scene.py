"""What a scenario has at hand: start programs under test, look at them, say what was seen.

A program under test gets what the kind of this run asks for: nothing (bare), a preload, or `forkproof run`
in front of it. Clients and helpers are started bare. Each check() is one test of the suite: its value must
be the same in all kinds, so nothing that varies by itself belongs into it (pids, times); a value that
begins with FAILED counts as failed. The whole world ends with the scenario: nothing has to be cleaned up.
"""

import collections
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
import traceback

FORKPROOF = "/opt/forkproof/bin/forkproof"
POLL = 0.02


class NotThere(Exception):
    """Something did not come within its time."""


class Scene:
    def __init__(self):
        self.kind = os.environ["SCENE_KIND"]
        self.preload = os.environ.get("SCENE_PRELOAD")
        self.options = os.environ.get("SCENE_OPTIONS", "")
        self.own = set(pids())  # ours and those above us

    # --- starting ---

    def environment(self, **more):
        """Of a program under test."""
        given = {k: v for k, v in os.environ.items() if not k.startswith("SCENE_")}
        if self.preload:
            given["LD_PRELOAD"] = self.preload
        if self.kind == "shim":
            given["FORKPROOF_OPTIONS"] = self.options
        return given | more

    def argv(self, argv):
        front = [FORKPROOF, "run", "--quiet", "--"] if self.kind == "run" else []
        return front + [str(word) for word in argv]

    def start(self, argv, env=None, **more):
        """A program under test, as subprocess.Popen; its output goes to the scenario's."""
        return subprocess.Popen(self.argv(argv), env=self.environment(**(env or {})), **more)

    def run(self, argv, env=None, timeout=60, **more):
        """A program under test from start to end, as subprocess.run; output and errors in .stdout, as text."""
        return subprocess.run(self.argv(argv), env=self.environment(**(env or {})), timeout=timeout, check=False,
                              text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              **{"stdin": subprocess.DEVNULL, **more})

    def terminal(self, argv, env=None, timeout=20, **more):
        """A program under test on a terminal of its own, as pexpect.spawn."""
        import pexpect  # pylint: disable=import-outside-toplevel
        first, *rest = self.argv(argv)
        return pexpect.spawn(first, rest, env=self.environment(**(env or {})), timeout=timeout, encoding="utf-8",
                             codec_errors="replace", dimensions=(24, 80), preexec_fn=default_sigpipe, **more)

    @staticmethod
    def bare(argv, timeout=60, **more):
        """A client or a helper, never preloaded; fails aloud."""
        done = subprocess.run([str(word) for word in argv], timeout=timeout, check=False, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **{"stdin": subprocess.DEVNULL, **more})
        if done.returncode != 0:
            print(done.stdout)
            raise NotThere(f"{argv[0]} ended with {done.returncode}")
        return done.stdout

    @staticmethod
    def send(pid, name):
        """A signal from outside: send(pid, "HUP")."""
        os.kill(pid, getattr(signal, "SIG" + name))

    def told(self, argv, env=None, prefix="", **more):
        """Runs a program under test that prints lines `NAME: VALUE`: each is a check, and so is how it ended."""
        try:
            done = self.run(argv, env, **more)
            lines, status = done.stdout.splitlines(), done.returncode
        except subprocess.TimeoutExpired as late:
            lines, status = (late.stdout or b"").decode(errors="replace").splitlines(), "FAILED: timed out"
        for line in lines:
            if ": " in line:
                self.check(prefix + line.partition(": ")[0], line.partition(": ")[2])
        stray = [line for line in lines if ": " not in line]
        if stray:
            self.check(prefix + "said besides", "FAILED: " + "\n".join(stray))
        self.check(prefix + "status", status)

    @classmethod
    def compiled(cls, name, source, *flags):
        """The path of a C program made here by gcc from this text."""
        pathlib.Path(name + ".c").write_text(source, encoding="utf-8")
        cls.bare(["gcc", "-g", "-O1", "-o", name, *flags, name + ".c"])
        return os.path.abspath(name)

    # --- looking ---

    @staticmethod
    def until(what, is_so, seconds=20):
        """Its first true answer."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = is_so()
            except OSError:
                answer = None
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise NotThere(f"{what}: not within {seconds} s")
            time.sleep(POLL)

    def others(self, name=None):
        """[(pid, name, state)] of all processes here but the scenario's own and forkproof's."""
        found = []
        for pid in pids():
            status = status_of(pid)
            if pid in self.own or not status or status["Name"].startswith(("forkproof", "fp-")):
                continue
            if name in (None, status["Name"]):
                found.append((pid, status["Name"], status["State"][0]))
        return found

    def pids_of(self, name):
        return [pid for pid, _, state in self.others(name) if state != "Z"]

    @staticmethod
    def children(pid):
        """Pids of its children, zombies not among them."""
        statuses = ((other, status_of(other)) for other in pids())
        return {other for other, s in statuses if s and int(s["PPid"]) == pid and s["State"][0] not in "ZX"}

    def hooked(self, pid):
        """Whether forkproof is loaded there if, and only if, it should be. Else all is equal and nothing shown."""
        maps = pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
        return ("libforkproof" in maps) == (self.kind in ("shim", "run"))

    def census(self):
        """Processes, their descriptors and zombies, as text: `nginx 3 (descriptors 9 10 10), zombies 0`."""
        by_name, zombies = collections.defaultdict(list), 0
        for pid, name, state in self.others():
            if state == "Z":
                zombies += 1
            else:
                by_name[name].append(descriptors(pid))
        shown = [f"{name} {len(counts)} (descriptors {' '.join(map(str, sorted(counts)))})"
                 for name, counts in sorted(by_name.items())]
        return ", ".join(shown + [f"zombies {zombies}"])

    def settled(self, name, expected=None, seconds=20):
        """
        The census once it stays the same for half a second: a check of that name. expected: {process name: how many};
        waited for first.
        """
        if expected:
            self.until(f"{name}: {expected}", lambda: all(len(self.pids_of(n)) == c for n, c in expected.items()), seconds)
        deadline, last, since = time.monotonic() + seconds, self.census(), time.monotonic()
        while time.monotonic() - since < 0.5 and time.monotonic() < deadline:
            time.sleep(POLL)
            now = self.census()
            if now != last:
                last, since = now, time.monotonic()
        self.check(name, last)

    # --- saying ---

    def part(self, name, function, *args):
        """Runs it; when it ends early that is a failed check, what it has left is killed, and the scenario goes on."""
        try:
            function(*args)
        except Exception as wrong:  # whatever it is, it is a result
            traceback.print_exc()
            self.check(f"{name} (ended early)", f"FAILED: {type(wrong).__name__}: {str(wrong).partition(chr(10))[0]}")
            for pid, _, _ in self.others():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def parts(self, *functions, of=None):
        """Each of these functions of the scene, or of something else, as a part()."""
        for function in functions:
            self.part(function.__name__, function, of or self)

    @staticmethod
    def check(name, value):
        name = name.replace(": ", ", ")  # a colon ends the name
        print(f"check {name}: {value}".replace("\n", "\\n"), flush=True)

    def expect(self, name, is_so, otherwise=""):
        self.check(name, "ok" if is_so else f"FAILED: {otherwise}")

    @staticmethod
    def figure(name, value, unit):
        """What is measured: told as a ratio to bare, not compared."""
        print(f"figure {name}: {value} {unit}", flush=True)


def default_sigpipe():
    """Python ignores it; subprocess gives it back to its children, pexpect does not."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def status_of(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return {k: v.strip() for k, v in (line.split(":", 1) for line in text.splitlines() if ":" in line)}


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # the last of them: it is about to end
        return 0


if __name__ == "__main__":
    sys.exit("scene.py is a library, see main.py")
