"""A recipe for a whole machine (a node, a service manager, a container engine) is played in namespaces of its own.

What the test starts ends with it, its servers are reached by nobody else, and what it mounts is mounted for nobody
else.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile

from processes import wait_for

MARK = "FORKPROOF_RECIPE_INSIDE"
LIBRARIES = sysconfig.get_config_var("MULTIARCH") or ""


def enter(*kinds):
    """Goes on with this very command line in new namespaces (unshare's options), and does not return.

    There is a cgroup of its own, too, where one is to be had. Where no namespaces can be made it returns, and
    is_inside() is false.
    """
    command = ["unshare", "--fork", "--kill-child", "--pid", "--mount-proc", *kinds]
    if is_inside() or subprocess.run([*command, "true"], capture_output=True).returncode:
        return
    outer = own_cgroup()
    cgroup = outer and pathlib.Path(tempfile.mkdtemp(prefix="forkproof-recipe-", dir=outer))
    if cgroup:
        cgroup.chmod(0o755)  # members may be of any user
    step_in = f"echo 0 >{cgroup}/cgroup.procs; " if cgroup else ""
    done = subprocess.run(["sh", "-ec", step_in + 'exec "$@"', "sh", *command, sys.executable, "-B", *sys.argv],
                          env={**os.environ, MARK: "1"})
    if cgroup:
        wait_for(lambda: remove_cgroup(cgroup), "an empty cgroup")
    sys.exit(done.returncode)


def own_cgroup():
    """The directory of our own cgroup, version 2; None where nothing can be made in it."""
    mounts = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in mounts if " - cgroup2 " in line]
    paths = [line[3:] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")]
    path = pathlib.Path(points[0] + paths[0]) if points and paths else None
    return path if path and os.access(path, os.W_OK) else None


def remove_cgroup(directory):
    """Whether it is gone, with all below it; what a killed process leaves takes a moment to become empty."""
    run("find", directory, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";")
    return not directory.exists()


def is_inside():
    return MARK in os.environ


def run(*words, **options):
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, **options)


def must(*words):
    """What it wrote to its standard output."""
    done = run(*words)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr}{done.stdout}")
    return done.stdout


def stage(build, root):
    """What the package forkproof would have put below ROOT."""
    binaries, libraries = root / "usr" / "bin", root / "usr" / "lib" / LIBRARIES
    binaries.mkdir(parents=True)
    libraries.mkdir(parents=True)
    shutil.copy(build / "bin" / "forkproof", binaries)
    shutil.copy(build / "lib" / "libforkproof.so", libraries)
    must("chmod", "-R", "a+rX", root)


def install(build, root):
    """Puts forkproof, and whatever else lies below ROOT/usr, into this mount namespace's /usr; ROOT must outlive it."""
    stage(build, root)
    must("mount", "-t", "overlay", "-o", f"lowerdir={root}/usr:/usr", "overlay", "/usr")
