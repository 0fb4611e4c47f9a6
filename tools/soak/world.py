"""The world of a soak: namespaces and limits of its own, a deadline, and nothing left when it is over."""

import contextlib
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import time

PROCESSES = 1200  # at once, in all; reached on purpose
MEMORY = 2 << 30
# Fewer, and a pid may come back while its status is in the stash (docs/races.md, R7) or within a tick of the
# clock (R16): what is given up then is no fault.
PID_MAX = 32768


class NotPossible(Exception):
    """Such a world cannot be had here."""


def unshare():
    """The command that puts what follows it into the namespaces, as their first process."""
    command = ["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
    command += [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    try:
        done = subprocess.run([*command, "true"], stderr=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError as reason:
        raise NotPossible("no unshare command") from reason
    if done.returncode != 0:
        raise NotPossible(done.stderr.strip() or "no pid namespace")
    return command


# --- cgroups: of either version, wherever one can be made ---


def own_cgroups():
    """(controllers, directory) of our cgroup in each hierarchy that is mounted; version 2 names no controllers."""
    paths = {}
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        paths[frozenset(filter(None, controllers.split(",")))] = pathlib.Path(path)
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ")
        kind, _, options = right.split(" ", 2)
        root, point = left.split()[3:5]
        for controllers, path in paths.items():
            if kind == ("cgroup" if controllers else "cgroup2") and controllers <= set(options.split(",")):
                if path.is_relative_to(root):
                    yield controllers, pathlib.Path(point, path.relative_to(root))


def make_cgroup(where, limits):
    """A cgroup with these limits that can be entered, or None. Those of runs that were killed are removed."""
    remove_cgroups(old for old in where.glob("forkproof-soak-*") if not pathlib.Path("/proc", old.name[15:]).exists())
    cgroup = where / f"forkproof-soak-{os.getpid()}"
    try:
        cgroup.mkdir()
        for file, value in limits.items():
            with open(cgroup / file, "r+", encoding="ascii") as setting:  # which is there, or is not to be had
                setting.write(str(value))
        return cgroup
    except OSError:
        with contextlib.suppress(OSError):
            cgroup.rmdir()
        return None


def make_cgroups():
    """
    Those that hold our limits, as far as they can be had. In version 2 a cgroup with processes of its own
    cannot hand controllers down, but ours may have been handed some: then one beside it gets them, too.
    """
    made = []
    for controllers, own in own_cgroups():
        if not controllers:
            limits = {"pids.max": PROCESSES, "memory.max": MEMORY}
            made.append(make_cgroup(own, limits) or (None if own.is_mount() else make_cgroup(own.parent, limits)))
        if "pids" in controllers:
            made.append(make_cgroup(own, {"pids.max": PROCESSES}))
        if "memory" in controllers:
            made.append(make_cgroup(own, {"memory.limit_in_bytes": MEMORY}))
    return [one for one in made if one]


def remove_cgroups(cgroups, seconds=0.0):
    """And what was made in them. Their processes have been killed, which may take so long."""
    deadline = time.monotonic() + seconds
    for cgroup in cgroups:
        while cgroup.exists():
            for directory, _, _ in os.walk(cgroup, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
            if time.monotonic() >= deadline:
                break
            time.sleep(0.02)


def holds_number(cgroups):
    return any((cgroup / "pids.max").exists() for cgroup in cgroups)


def limit(cgroups):
    """In the child: by cgroup, else by what every process has. Root is not held by a number of processes."""
    for cgroup in cgroups:
        (cgroup / "cgroup.procs").write_text("0")
    if not holds_number(cgroups):
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(command, seconds, keep=None):
    """
    Runs the command as the first process of such a world; its exit status. Once it has ended, or has had so
    many seconds, nothing is left. keep: where to put the record that it has written.
    """
    enter = unshare()
    cgroups = make_cgroups()
    with tempfile.TemporaryDirectory(prefix="forkproof-soak-") as work:
        words = ["setpriv", "--pdeathsig", "KILL", *enter, *command, "--inside", work]
        words += [] if holds_number(cgroups) or os.geteuid() != 0 else ["--unlimited"]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, preexec_fn=lambda: limit(cgroups))
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            print(f"FAIL\n  not through after {seconds:.0f} s")
            status = 1
        finally:
            process.kill()  # and with it, by --kill-child, the namespace
            process.wait()
            remove_cgroups(cgroups, seconds=10)
        record = pathlib.Path(work, "record.json")
        if keep and record.exists():
            shutil.copyfile(record, keep)
        return status


# --- inside ---


def write_setting(name, value):
    """False where the kernel has no such setting of the namespace's own."""
    try:
        pathlib.Path("/proc/sys/kernel", name).write_text(str(value))
        return True
    except OSError:
        return False


def limit_pids():
    return write_setting("pid_max", PID_MAX)


def recycle_pids():
    """The next processes get the numbers that were given out last."""
    return write_setting("ns_last_pid", 300)
