"""A fresh Debian, made once and only read from then on: minbase, and in apt's cache what our packages need."""

import pathlib
import shutil
import subprocess

FETCHED = ("libc6", "libdw1", "libjansson4", "libstdc++6")  # for our packages; the test itself has no network
MACHINE = "amd64"


class Impossible(Exception):
    """Not to be had on this machine, and why."""


def mirror():
    """Where this machine gets its own packages from, so that whatever it is set up to use serves."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    found = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False).stdout.split()
    plain = [uri for uri in found if "security" not in uri]
    if not plain:
        raise Impossible("apt knows no source of Debian here")
    return plain[0]


def has_32bit():
    asked = ["dpkg", "--print-architecture"]
    return subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout.strip() == MACHINE


def customise():
    """The script that mmdebstrap runs at the end: fetches without installing, and unpacks a 32-bit program."""
    fetch = 'chroot "$1" apt-get -qq --yes --no-install-recommends --download-only install '
    script = "set -e\n" + fetch + " ".join(FETCHED) + "\n"
    if has_32bit():
        script += f"""chroot "$1" dpkg --add-architecture i386
            chroot "$1" apt-get -qq update
            {fetch} libc6:i386
            mkdir -p "$1/opt/i386"
            (cd "$1/opt/i386" && chroot "$1" sh -ec 'cd /opt/i386; apt-get -qq download dash:i386')
            for package in "$1"/opt/i386/dash_*.deb; do
                dpkg-deb --extract "$package" "$1/opt/i386"
                rm "$package"
            done
        """
    return script


def make(suite, folder):
    """The path of the root filesystem of a suite."""
    root = pathlib.Path(folder) / suite
    if root.exists():
        return root
    if not shutil.which("mmdebstrap"):
        raise Impossible("mmdebstrap is not installed")
    fresh = root.with_name(suite + ".new")
    log = root.with_name(suite + ".log")
    shutil.rmtree(fresh, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as out:
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
             "mmdebstrap", "--mode=root", "--variant=minbase", "--skip=cleanup/apt,cleanup/tmp",
             "--customize-hook=" + customise(), suite, str(fresh), f"deb {mirror()} {suite} main"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False)
    if done.returncode != 0:
        raise Impossible(f"no Debian {suite} could be made: see {log}")
    fresh.rename(root)
    return root
