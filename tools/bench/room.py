"""How far this machine lets a measurement grow, and what sets the limit."""

import os
import pathlib
import resource

MARGIN = 0.7  # of what is free: others need some, too
CHILD_KIB = 128  # a pausing child, generously
VARIABLE_BYTES = 48 + 8  # of scale.c's environment, with its pointer


def number_in(path):
    try:
        return int(pathlib.Path(path).read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None  # also "max"


def cgroup_directories(controller):
    """This process's cgroup that has the controller (v1) or the unified one, and all above it."""
    mounts = {}
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        words, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            mounts[""] = words.split()[4]
        elif kind.startswith("cgroup ") and controller in kind.split()[-1].split(","):
            mounts[controller] = words.split()[4]
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            if name in mounts:
                place = pathlib.PurePosixPath(path)
                yield from (mounts[name] + str(above) for above in (place, *place.parents))


def free_in_cgroups(controller, pairs):
    for directory in cgroup_directories(controller):
        for most, used in pairs:
            limit, now = number_in(f"{directory}/{most}"), number_in(f"{directory}/{used}")
            if limit is not None and now is not None:
                yield limit - now, f"the {controller} cgroup"


def tasks():
    """(how many more processes or threads, what sets the limit)"""
    with open("/proc/loadavg", encoding="ascii") as file:
        used = int(file.read().split()[3].partition("/")[2])
    limits = [(number_in(f"/proc/sys/kernel/{name}") - used, f"kernel.{name}") for name in ("pid_max", "threads-max")]
    of_user = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if os.geteuid() != 0 and of_user != resource.RLIM_INFINITY:
        limits.append((of_user - used, "RLIMIT_NPROC"))
    limits += free_in_cgroups("pids", [("pids.max", "pids.current")])
    free, why = min(limits)
    return int(free * MARGIN), why


def memory_mib():
    with open("/proc/meminfo", encoding="ascii") as file:
        available = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
    limits = [(available << 10, "free memory")]
    limits += free_in_cgroups("memory", [("memory.max", "memory.current"),
                                         ("memory.limit_in_bytes", "memory.usage_in_bytes")])
    free, why = min(limits)
    return int(free * MARGIN) >> 20, why


def most(mode):
    """(the largest size for this kind of scaling, what sets it)"""
    if mode == "children":
        mebibytes, why = memory_mib()
        return min(tasks(), ((mebibytes << 10) // CHILD_KIB, why))
    if mode == "threads":
        free, why = tasks()
        return free // 3, why  # a thread, its target and its child
    if mode == "resident":
        return memory_mib()
    return (os.sysconf("SC_ARG_MAX") - (128 << 10)) // VARIABLE_BYTES, "ARG_MAX"


def fitting(sizes, limit, why):
    """(the sizes that fit, with the largest possible in place of the first that does not; what was left out)"""
    fit = [size for size in sizes if size <= limit]
    out = [{"size": size, "why": f"{why} allows {max(limit, 0):,}"} for size in sizes if size > limit]
    if out and limit > (fit[-1] if fit else 0):
        fit.append(limit)
    return fit, out
