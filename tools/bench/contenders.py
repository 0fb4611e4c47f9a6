"""What ends a tree of processes, side by side: forkproof's rungs, other people's tools, yardsticks."""

import os
import pathlib
import shutil
import subprocess
import time
from dataclasses import dataclass

import room
import subjects

RUNGS = ("pidns", "cgroup", "walk")  # those that this build and machine have are measured
YARDSTICK = "cgroup.kill"
WHOLE = "all sizes"
TREES = "trees"


@dataclass(frozen=True)
class Contender:
    name: str
    command: tuple = ()
    how: str = ""
    package: str = ""
    absent: str = ""  # why it is not run
    alarm: bool = False  # ends its root by a clock of its own: it is told that the time is up
    loads: str = WHOLE
    ours: bool = False


@dataclass(frozen=True)
class Load:
    name: str
    shape: str
    count: int

    @property
    def bomb(self):
        return self.shape in ("bomb", "hopper")


LOADS = (
    Load("10", "tree", 10),
    Load("100", "tree", 100),
    Load("1,000", "tree", 1000),
    Load("5,000", "tree", 5000),
    Load("chain of 1,000", "chain", 1000),
    Load("bomb of 2,000", "bomb", 2000),
    Load("setsid bomb of 2,000", "hopper", 2000),
)
SMOKE = (Load("10", "tree", 10), Load("chain of 10", "chain", 10), Load("bomb of 60", "bomb", 60))

PEERS = (
    Contender("tini -s -g", ("tini", "-s", "-g", "--"), "subreaper, as where it is not the first process", "tini"),
    Contender("dumb-init", ("dumb-init",), "sends SIGTERM to its session's first group", "dumb-init"),
    Contender("catatonit", ("catatonit", "--"), "subreaper", "catatonit"),
    Contender("bwrap --unshare-pid --die-with-parent",
              ("bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--die-with-parent"), "a pid namespace", "bubblewrap"),
    Contender("timeout --signal=KILL", ("timeout", "--signal=KILL", "1000"),
              "the whole group, when its time is up (it is sent SIGALRM)", "coreutils", alarm=True),
    Contender("setsid -w", ("setsid", "-w"), "a session of its own; nothing is ended", "util-linux"),
)


def accepts(forkproof, rung):
    done = subprocess.run([forkproof, "run", "--strict", f"--contain={rung}", "--", "true"], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["refused"])[0].partition(": ")[2]


def ours(build):
    forkproof = f"{build}/bin/forkproof"
    for rung in RUNGS:
        command = (forkproof, "run", "--quiet", "--strict", f"--contain={rung}")
        absent = accepts(forkproof, rung)
        yield Contender(f"{rung}", (*command, "--signal=KILL", "--"), "`--signal=KILL`", absent=absent, ours=True)
        yield Contender(f"{rung}, asking first", (*command, "--"), "SIGTERM, then what is left is killed after 5 s",
                        absent=absent, loads=TREES, ours=True)
    yield Contender("group (preload alone)", ("env", f"LD_PRELOAD={build}/lib/libforkproof.so"),
                    "no command, the preloaded library only: SIGTERM first", ours=True)


def yardsticks(build, cgroup):
    absent = "" if cgroup else "no cgroup (v2) can be made here"
    yield Contender(YARDSTICK, (f"{build}/bench/scythe", f"{cgroup}"), "one write to `cgroup.kill` by a program "
                    "that does nothing else", absent=absent)
    yield Contender("unshare --pid --kill-child", ("unshare", "--pid", "--kill-child", "--fork"),
                    "the root is the first process of a pid namespace", "util-linux")


def looked_up(peer):
    there = shutil.which(peer.command[0], path=subjects.base_environment()["PATH"] + ":/usr/sbin:/sbin")
    return peer if there else Contender(peer.name, how=peer.how, package=peer.package, absent="not installed")


def own_cgroup():
    """The path of a cgroup that is not there yet, in our own; None where none can be made."""
    for directory in room.cgroup_directories("no controller"):
        return f"{directory.rstrip('/')}/teardown-{os.getpid()}" if os.access(directory, os.W_OK) else None
    return None


def everybody(build):
    return [*ours(build), *yardsticks(build, own_cgroup()), *map(looked_up, PEERS)]


def remove_cgroup(directory):
    """What was killed in it may need a moment to go."""
    for _ in range(500):
        try:
            os.rmdir(directory)
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.01)
    raise OSError(f"{directory} cannot be removed: somebody is left in it")


class Limit:
    """A cgroup of so many processes and no more; enter() is for the process that is to be held."""

    def __init__(self, count):
        self.directory = None
        for parent in room.cgroup_directories("pids"):
            place = pathlib.Path(parent, f"teardown-pids-{os.getpid()}")
            try:
                place.mkdir()
                (place / "pids.max").write_text(str(count))
                self.directory = place
            except OSError:
                if place.is_dir():
                    place.rmdir()
            break

    def enter(self):
        (self.directory / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self):
        if self.directory:
            remove_cgroup(self.directory)
