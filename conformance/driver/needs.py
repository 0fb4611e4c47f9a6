"""What cases need, and where they are: found out by trying, once."""

import functools
import json
import os
import platform
import re
import shutil

from . import facts, wine
from .text import visible

NOT_POSSIBLE = 77  # of the warden
SOME_PIDS = 400
NONE, NEWEST = (0, 0), (9999, 0)  # versions
WHOLE_MACHINE = 1 << 16  # users at least, or 0 is not the 0 of the machine


def release():
    """(major, minor) of the kernel."""
    found = re.match(r"(\d+)\.(\d+)", platform.release())
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def is_root():
    """The user 0 of the machine, not of a namespace with few users."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            users = sum(int(line.split()[2]) for line in file)
    except OSError:
        users = WHOLE_MACHINE
    return os.geteuid() == 0 and users >= WHOLE_MACHINE


def kind_of_libc(program):
    """By the loader that it asks for."""
    try:
        with open(program, "rb") as file:
            return "musl" if b"/ld-musl-" in file.read(4096) else "glibc"
    except OSError:
        return "glibc"


@functools.cache
def glibc_of(program):
    """(major, minor); what cannot be told counts as the newest, and another library as none."""
    try:
        found = re.match(r"glibc (\d+)\.(\d+)", facts.libc_of(program.read_bytes()))
    except OSError:
        found = None
    return tuple(map(int, found.groups())) if found else NEWEST if kind_of_libc(program) == "glibc" else NONE


class Machine:
    def __init__(self, worlds, build, place=None):
        self.worlds, self.build, self.place = worlds, build, place

    @property
    def user(self):
        return os.geteuid() if self.worlds.user is None else self.worlds.user

    @property
    def is_root(self):
        return self.user == 0 and is_root()

    def probe(self, options, command):
        """(what came of it, "" or why such a world cannot be had)."""
        played = self.worlds.play(options, command)
        return played, visible(played.complaint.strip()) if played.status == NOT_POSSIBLE else ""

    @functools.cached_property
    def no_namespace(self):
        """Why not; "" when a pid namespace can be had."""
        return self.probe([], [shutil.which("true") or "/bin/true"])[1]

    @functools.cached_property
    def no_forced_pids(self):
        if self.no_namespace:
            return self.no_namespace
        script = f"echo {SOME_PIDS} > /proc/sys/kernel/ns_last_pid"
        played, why = self.probe([], ["/bin/sh", "-c", script])
        if why or "end exited 0\n" in played.facts:
            return why
        return "no pid can be chosen: " + visible(played.files.get("stderr", "").strip() or "no reason is told")

    @functools.cached_property
    def no_pid_limit(self):
        return self.no_namespace or self.probe([f"--pids={SOME_PIDS}"], [shutil.which("true") or "/bin/true"])[1]

    @functools.cached_property
    def no_hold(self):
        """Why no system call of a subject can be held."""
        played, why = self.probe(self.world_options(), [str(self.build.hold), "--probe"])
        if why or "end exited 0\n" in played.facts:
            return why
        return visible(played.files.get("stderr", "").strip() or "no reason is told")

    @functools.cached_property
    def no_pty(self):
        try:
            for fd in os.openpty():
                os.close(fd)
        except OSError as wrong:
            return f"no pty: {wrong.strerror}"
        return ""

    @functools.cached_property
    def cgroup(self):
        """Whether one can be made, in the world of a case."""
        doctor = [str(self.build.forkproof), "doctor", "--json"]
        played, why = self.probe(self.world_options(), self.place.wrap(doctor) if self.place else doctor)
        try:
            return not why and json.loads(played.files["stdout"])["rungs"]["cgroup"]["ok"] is True
        except (KeyError, TypeError, ValueError):
            return False

    def world_options(self):
        return ["--no-namespace"] if self.no_namespace else []

    def lacks(self, need):
        """Why the need cannot be met, or ""."""
        if need == "forced-pids":
            return self.no_forced_pids
        if need == "pid-limit":
            return self.no_pid_limit
        if need == "hold":
            return self.no_hold
        if need == "pty":
            return self.no_pty
        if need == "wine":
            return wine.lacks()
        if need == "root" and not self.is_root:
            return "not the user 0 of the machine"
        return ""  # threads: everybody has them; c++: a program that is missing says so

    def holds(self, condition, program):
        """Of `where`, for a program that is built."""
        wanted, name = not condition.startswith("!"), condition.removeprefix("!")
        system, _, least = name.partition("-")
        if least and system in ("glibc", "linux"):
            version = release() if system == "linux" else glibc_of(program)
            answer = version >= tuple(map(int, least.split(".")))
        elif name in ("glibc", "musl"):
            answer = kind_of_libc(program) == name
        elif name == "cgroup":
            answer = self.cgroup
        else:
            answer = self.is_root == (name == "root")
        return answer == wanted

    def summary(self):
        return {"system": platform.system(), "release": platform.release(), "machine": platform.machine(),
                "user": self.user, "pid_namespace": not self.no_namespace}
