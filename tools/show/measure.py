"""Runs one program, bare or under forkproof, and counts what is there afterwards."""

import fnmatch
import json
import os
import pwd
import select
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field

import tree

NOT_POSSIBLE = 77
ZOMBIE_BOUND = 64 + 16  # the shim's default, and what may die between two forks
START_DEADLINE = 60.0
PACKAGES = os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../../build/packages")
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


class Failed(Exception):
    """The command did not do what it does when all is well: nothing can be said about it."""


class NotPossible(Exception):
    """This machine does not let the program do what it is here to show."""


@dataclass(frozen=True)
class Count:
    left: int = 0  # processes alive after the command had ended
    names: tuple = ()
    zombies: int = 0
    strangers: int = 0  # processes hit by a signal that was not meant for them
    rung: str = "-"
    kept: tuple = ()  # the names of those that --keep named, and that live


@dataclass
class Row:
    title: str
    measure: str
    bare: Count = None
    hardened: Count = None
    note: str = ""  # instead of figures: not installed, not possible here
    error: str = ""
    missing: bool = False
    keeps: bool = False


@dataclass(frozen=True)
class Setting:
    """One run's private directory and what the entry's words in braces stand for."""

    tmp: str
    words: dict
    env: dict = field(default_factory=dict)

    def fill(self, text):
        return text.format_map(self.words)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def path():
    """With the packages that were only unpacked."""
    unpacked = os.listdir(PACKAGES) if os.path.isdir(PACKAGES) else []
    return ":".join([PATH, *(f"{PACKAGES}/{name}/usr/{place}" for name in sorted(unpacked) for place in ("bin", "sbin")
                             if os.path.isdir(f"{PACKAGES}/{name}/usr/{place}"))])


def find(name):
    return shutil.which(name, path=path())


def installed(program):
    name = program.needs or program.argv[0]
    return name.startswith("{show}") or bool(find(name) or find(program.links.get(name, "")))


def prepare(program, tmp, show, marker):
    words = {"tmp": tmp, "show": show, "packages": PACKAGES, "port": free_port(), "user": pwd.getpwuid(os.geteuid()).pw_name}
    setting = Setting(tmp, words)
    os.mkdir(f"{tmp}/bin")
    for name, target in program.links.items():
        if not find(name):
            os.symlink(find(target), f"{tmp}/bin/{name}")
    for name, text in program.files.items():
        if name.endswith("/"):
            os.mkdir(f"{tmp}/{name}", 0o700)
        else:
            with open(f"{tmp}/{name}", "w", encoding="utf-8") as file:
                file.write(setting.fill(text))
    # Nothing of the user's own session: no agent, no server and no bus of theirs is talked to.
    name, _, value = marker.partition("=")
    setting.env.update({"PATH": f"{tmp}/bin:{path()}", "HOME": tmp, "TMPDIR": tmp, "SHELL": "/bin/sh"})
    setting.env.update({"LANG": "C.UTF-8", "TERM": "linux", name: value})
    setting.env.update({key: setting.fill(text) for key, text in program.env.items()})
    return setting


def output_of(log):
    log.seek(0)
    lines = log.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"


def wait_ready(process):
    """The program says "ready" on its standard output."""
    readable, _, _ = select.select([process.stdout], [], [], START_DEADLINE)
    if not readable or process.stdout.readline() != b"ready\n":
        raise Failed("did not become ready")


def count_zombies():
    """Dead and not waited for, by a parent other than us."""

    def look():
        return frozenset(p.identity for p in tree.descendants() if p.zombie and p.parent != os.getpid())

    return len(tree.settled(look))


def finish(process, log):
    try:
        status = process.wait(START_DEADLINE)
    except subprocess.TimeoutExpired as late:
        raise Failed("did not end") from late
    return status, output_of(log)


def stranger_hit(line):
    if "stranger=killed" in line:
        return 1
    if "stranger=alive" in line:
        return 0
    raise Failed(line)


def run(program, command, setting):
    """Starts the command; waits until it has ended; (zombies while it lived, strangers hit)."""
    live = program.measure == "zombies"
    with tempfile.TemporaryFile(dir=setting.tmp) as log:
        process = subprocess.Popen(
            command,
            env=setting.env,
            cwd=setting.tmp,
            stdin=subprocess.PIPE if live else subprocess.DEVNULL,
            stdout=subprocess.PIPE if live else log,
            stderr=log,
            start_new_session=True,
        )
        zombies = 0
        if live:
            wait_ready(process)
            zombies = count_zombies()
            process.stdin.close()
            process.stdout.close()
        status, line = finish(process, log)
        if status == NOT_POSSIBLE and not program.package:
            raise NotPossible(line.partition(": ")[2])
        if program.measure == "stranger":
            return 0, stranger_hit(line)
        if status != program.status:
            raise Failed(f"exit status {status}: {line}")
        return zombies, 0


def rung_of(report):
    try:
        with open(report, encoding="utf-8") as file:
            return str(json.load(file)["rung"]["obtained"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise Failed(f"no rung in the report: {problem!r}") from problem


def measure(program, show, forkproof=None):
    """One run from start to the count; afterwards nothing of it is left on this machine."""
    marker = f"FORKPROOF_SHOW={os.urandom(8).hex()}"
    # A short path: the names of sockets may not be long.
    tmp = tempfile.mkdtemp(prefix="fp-show.", dir="/tmp")
    try:
        setting = prepare(program, tmp, show, marker)
        command = [setting.fill(word) for word in program.argv]
        rung = "-"
        if forkproof:
            report = f"{tmp}/report.json"
            keep = ["--keep", program.keep] if program.keep else []
            command = [forkproof, "run", "--report", report, *keep, "--"] + command
            setting.env["FORKPROOF_RUNTIME_DIR"] = f"{tmp}/forkproof"
        zombies, strangers = run(program, command, setting)
        left = tree.left_behind(marker, guard=forkproof)
        kept = []
        if forkproof:
            rung = rung_of(report)
            kept = [p for p in left if program.keep and fnmatch.fnmatch(p.name, program.keep)]
            left = [p for p in left if p not in kept]
        return Count(len(left), tuple(p.name for p in left), zombies, strangers, rung, tuple(p.name for p in kept))
    finally:
        gone = tree.end_descendants()
        shutil.rmtree(tmp, ignore_errors=True)
        if not gone:
            raise Failed("what it left could not be ended")


def has_keep(forkproof):
    return "--keep" in subprocess.run([forkproof, "run", "--help"], capture_output=True, text=True, check=False).stdout


def row_of(program, show, forkproof):
    row = Row(program.title, program.measure, keeps=bool(program.keep))
    if not installed(program):
        row.note, row.missing = f"not installed ({program.package})", True
        return row
    if program.keep and not has_keep(forkproof):
        row.note = "not possible here: this forkproof has no --keep"
        return row
    try:
        row.bare = measure(program, show)
        row.hardened = measure(program, show, forkproof)
        row.error = judge(row)
    except NotPossible as reason:
        row.note = f"not possible here: {reason}"
    except (Failed, OSError) as problem:
        row.error = str(problem)
    return row


def judge(row):
    """What is wrong with a measured row; empty when it is clean."""
    bare, hardened = row.bare, row.hardened
    if hardened.left:
        return f"left: {', '.join(hardened.names)}"
    if row.keeps and not hardened.kept:
        return "what was to be kept is gone"
    if hardened.strangers:
        return "a stranger was hit"
    if hardened.zombies > ZOMBIE_BOUND:
        return "too many zombies"
    shown = {"left": bare.left, "zombies": bare.zombies > ZOMBIE_BOUND, "stranger": bare.strangers}
    return "" if shown[row.measure] else "shows nothing: the bare run was clean"
