"""Cgroups of runs of forkproof that were ended at a stroke, with their world: empty, and nobody's."""

import contextlib
import os
import pathlib
import re
import time

FAREWELL = 10  # seconds for what is in one to be gone
ID = re.compile(r"[0-9]+-[0-9a-f]+\.[0-9]+")  # of a run: its directory's name, and after "forkproof-" its cgroup's


def own_directory():
    """Where the cgroup of this process is, or None."""
    with contextlib.suppress(OSError), open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts, \
            open("/proc/self/cgroup", encoding="utf-8", errors="replace") as groups:
        points = [line.split()[4] for line in mounts if " - cgroup2 " in line]
        paths = [line[3:].strip() for line in groups if line.startswith("0::")]
        if points and paths:
            return pathlib.Path(points[0] + paths[0])
    return None


def left(directory, runs):
    """directory: where they are made; runs: where forkproof kept its runs, a folder each that it could not remove."""
    try:
        names = [name for name in os.listdir(runs) if ID.fullmatch(name)] if directory else []
    except OSError:
        return []
    return [directory / f"forkproof-{name}" for name in names]


def remove_soon(cgroup):
    remove(cgroup, time.monotonic() + FAREWELL)


def remove(cgroup, until):
    """Refused while it holds a process, or one of which the kernel is not through with the release."""
    while cgroup.is_dir() and time.monotonic() < until:
        for inner, _, _ in os.walk(cgroup, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(inner)
        if cgroup.is_dir():
            time.sleep(0.002)
