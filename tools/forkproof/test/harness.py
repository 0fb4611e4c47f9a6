"""What the suites that drive the built command share. Standard library only; nothing sleeps to
synchronise: readiness is a line on a pipe, the end of all members is the end of a pipe."""

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

FORKPROOF = os.environ["FORKPROOF"]
HELPERS = os.environ["FORKPROOF_TEST_HELPERS"]
SIGNAL_LOG = os.path.join(HELPERS, "signal_log")
LEAVER = os.path.join(HELPERS, "leaver")
DEADLINE = 20  # seconds; only ever reached by a failure


def cgroup_directory():
    """Our own cgroup2 directory, if a child cgroup can be made there."""
    with open("/proc/self/mountinfo") as mounts:
        points = [line.split()[4] for line in mounts if " - cgroup2 " in line]
    with open("/proc/self/cgroup") as groups:
        paths = [line[3:].strip() for line in groups if line.startswith("0::")]
    if not points or not paths:
        return None
    path = points[0] + paths[0]
    return path if os.access(path, os.W_OK) and os.geteuid() == 0 else None


def has_pidns():
    """Found out without our own command, which would be believed otherwise."""
    words = ["unshare", "-p", "-f", "-m", "--mount-proc", "true"]
    return any(subprocess.run(words[:1] + user + words[1:], capture_output=True).returncode == 0
               for user in ([], ["-U"]))


RUNGS = (["pidns"] if has_pidns() else []) + (["cgroup"] if cgroup_directory() else []) + ["walk"]
KEEPING = [rung for rung in RUNGS if rung != "pidns"]  # with its init ends whatever is left


def preload_path():
    """What LD_PRELOAD gets: one path for programs of every class, where the build has it."""
    library = os.path.realpath(os.environ["FORKPROOF_LIBRARY"])
    everyone = os.path.join(os.path.dirname(library), "forkproof", "$PLATFORM", "libforkproof.so")
    return everyone if os.path.exists(everyone) else library


def read_until(fd, wanted, deadline=DEADLINE):
    """Reads from fd until `wanted` has come (bytes), and no byte more; or to the end (None)."""
    end = time.monotonic() + deadline
    got = b""
    while wanted is None or wanted not in got:
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            raise AssertionError("waited in vain for %r, got %r" % (wanted, got))
        try:
            piece = os.read(fd, 65536 if wanted is None else 1)
        except OSError:  # a pty whose other side is closed
            piece = b""
        if not piece:
            if wanted is None:
                return got
            raise AssertionError("ended without %r, got %r" % (wanted, got))
        got += piece
    return got


def wait_for(condition, what):
    """For states that nothing announces: looked at often, with a deadline. what: a text, or what gives it."""
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("never happened: " + (what() if callable(what) else what))
        time.sleep(0.002)


def open_proc(pid, name):
    """A process has what name it likes: also one that is no text."""
    return open("/proc/%s/%s" % (pid, name), errors="replace")


def state(pid):
    """The state letter, None when gone."""
    try:
        with open_proc(pid, "stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def children(pid):
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open_proc(entry, "stat") as f:
                if int(f.read().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(int(entry))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def inside(pid):
    """The pid that it has for itself in a pid namespace below ours, None when it lives in ours or is gone."""
    try:
        with open_proc(pid, "status") as f:
            found = re.search(r"^NSpid:\s\d+\s.*?(\d+)$", f.read(), re.M)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(found[1]) if found else None


def below(*pids):
    """All who descend from them."""
    found = [child for pid in pids for child in children(pid)]
    return found + below(*found) if found else []


def comm(pid):
    """The name, None when gone."""
    try:
        with open_proc(pid, "comm") as f:
            return f.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None


class Case(unittest.TestCase):
    """A private runtime directory, a marker in the environment, and a look for traces at the end."""

    origins = False  # whether `told` keeps those lines
    forkproof = FORKPROOF
    options = []  # of every run

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="forkproof-test-")
        self.runtime = os.path.join(self.directory, "runtime")
        self.marker = "FORKPROOF_TEST_MARKER=" + uuid.uuid4().hex
        self.environment = dict(os.environ, FORKPROOF_RUNTIME_DIR=self.runtime)
        key, value = self.marker.split("=")
        self.environment[key] = value
        self.cgroups_before = self.cgroups()
        self.started = []

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
        try:
            self.assert_no_trace()
        finally:
            for pid in self.survivors():  # a failure: they carry our marker
                send(pid, "KILL")
            shutil.rmtree(self.directory)

    @staticmethod
    def cgroups():
        """Those whose guard is gone: others belong to runs that go on beside this test. A guard of
        another pid namespace is not to be found by its number."""
        directory = cgroup_directory()
        names = os.listdir(directory) if directory else []
        here = re.compile(r"forkproof-(\d+)-\w+\.%d$" % os.stat("/proc/self/ns/pid").st_ino)
        found = [here.match(name) for name in names]
        return {match[0] for match in found if match and state(int(match[1])) is None}

    def cgroups_told(self):
        def read(name, file):
            with open(os.path.join(cgroup_directory(), name, file)) as f:
                return f.read().split()
        new = self.cgroups() - self.cgroups_before
        return "no cgroup: " + ", ".join("%s %r" % (name, read(name, "cgroup.events") + read(name, "cgroup.procs"))
                                         for name in sorted(new))

    def survivors(self):
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                with open("/proc/%s/environ" % entry, "rb") as f:
                    if self.marker.encode() in f.read().split(b"\0"):
                        found.append(int(entry))
            except OSError:
                pass
        return found

    def runs(self):
        return os.listdir(self.runtime) if os.path.isdir(self.runtime) else []

    def assert_no_trace(self):
        wait_for(lambda: not self.survivors(), lambda: "no survivor: %r" % self.survivors())
        wait_for(lambda: not self.runs(), lambda: "no run directory: %r" % self.runs())
        wait_for(lambda: self.cgroups() <= self.cgroups_before, self.cgroups_told)

    def command(self, *words):
        return [self.forkproof, "run", *self.options, *words]

    def reachable(self, *files):
        """Copies that another user can reach: the build may lie in a private directory."""
        place = os.path.join(self.directory, "reachable")
        os.chmod(self.directory, 0o711)
        os.mkdir(place, 0o755)
        return [shutil.copy(file, place) for file in files]

    def as_user(self, *files, user=65534):
        """The command is that user's from here on: copies of the files, and then options of Popen."""
        self.forkproof, *copies, library = self.reachable(FORKPROOF, *files, os.environ["FORKPROOF_LIBRARY"])
        runtime = os.path.join(self.directory, "plain")
        os.mkdir(runtime, 0o700)
        os.chown(runtime, user, user)
        environment = dict(self.environment, FORKPROOF_RUNTIME_DIR=runtime, FORKPROOF_LIBRARY=library)
        return *copies, {"cwd": "/", "user": user, "group": user, "extra_groups": [], "env": environment}

    def run_to_end(self, *words, **options):
        options.setdefault("env", self.environment)
        options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=DEADLINE * 2, **options)
        done.stderr = self.told(done.stderr)
        return done

    def told(self, err):
        """Without the lines that say where each process came from, which only some tests are about."""
        return err if self.origins else re.sub(rb"^forkproof:   .*\n", b"", err, flags=re.MULTILINE)

    def start(self, *words, **options):
        """In a process group of its own, with pipes."""
        options.setdefault("env", self.environment)
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("process_group", 0)
        process = subprocess.Popen(self.command(*words), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, bufsize=0, **options)
        self.started.append(process)
        return process

    def start_held(self, *words, **options):
        """Started with a pipe's write end in every member, and in nobody else."""
        read, write = os.pipe()
        process = self.start(*words, pass_fds=[write], **options)
        os.close(write)
        self.addCleanup(os.close, read)
        return process, read

    def start_reader(self, *words, program="%s ignore 3 >&2; echo ready $$; cat" % LEAVER):
        """A program that ends when the returned pipe is closed; what it leaves behind is deaf."""
        read, write = os.pipe()
        process, held = self.start_held("--grace=100ms", *words, "sh", "-c", program, stdin=read)
        os.close(read)
        self.ready(process)
        return process, held, write

    def assert_all_gone(self, read):
        self.assertEqual(read_until(read, None), b"")

    def ready(self, process):
        """Waits for "ready PID" and returns the pid."""
        text = read_until(process.stdout.fileno(), b"\n")
        self.assertTrue(text.startswith(b"ready "), text)
        return self.outside(int(text.split()[1]), process.args)

    def outside(self, pid, words):
        """The pid that a member of the run of those words told, as we see it: it may live in a pid
        namespace. None when it is gone, or in one of several that know the number."""
        if "--contain=pidns" not in words:
            return pid
        found = [p for p in self.survivors() if inside(p) == pid]
        return found[0] if len(found) == 1 else None

    def keeper_of(self, process):
        return self.only_child(process.pid, "fp-keeper")

    def supervisor_of(self, process):
        return self.only_child(self.keeper_of(process), "fp-supervisor")

    def members_of(self, process):
        """The root first. Orphans are the supervisor's children, or those of the namespace's init."""
        init = [pid for pid in children(process.pid) if comm(pid) == "fp-init"]
        return below(self.supervisor_of(process), *init)

    def only_child(self, parent, name):
        found = [pid for pid in children(parent) if comm(pid) == name]
        self.assertEqual(len(found), 1)
        return found[0]

    def finish(self, process):
        """Status and the rest of both streams."""
        out, err = process.communicate(timeout=DEADLINE)
        return process.returncode, out, self.told(err)


def send(pid, name):
    os.kill(pid, getattr(signal, "SIG" + name))
