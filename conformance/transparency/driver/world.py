"""A Debian of our own: a root filesystem in a folder, entered in fresh namespaces.

What other people's suites and servers need is installed there and nowhere else. A command runs in
namespaces of its own (pid, mount, network with nothing but loopback, ipc, uts) on a copy-on-write view
of that filesystem: it finds it as installed, and all that it leaves ends with it.
"""

import contextlib
import fcntl
import os
import pathlib
import shutil
import subprocess
import time

RELEASE = "bookworm"
BASE = ("dpkg-dev", "iproute2", "libjansson4", "procps", "python3", "python3-pexpect")
ENTER = pathlib.Path(__file__).resolve().parent.parent / "inside/enter"
LISTS_FRESH = 12 * 3600  # seconds


class Impossible(Exception):
    """Not to be had on this machine, and why."""


def need(program, package):
    if not shutil.which(program):
        raise Impossible(f"{program} is not installed (Debian package {package})")


def mirror():
    """Where this machine gets its own packages from, so that whatever it is set up to use serves."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {RELEASE}"]
    found = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False).stdout.split()
    plain = [uri for uri in found if "security" not in uri]
    if not plain:
        raise Impossible(f"apt knows no source of Debian {RELEASE} here")
    return plain[0]


class World:
    def __init__(self, folder, say=lambda text: None):
        self.folder = pathlib.Path(folder).resolve()
        self.root = self.folder / "root"
        self.log = self.folder / "log"
        self.say = say

    @contextlib.contextmanager
    def locked(self, how):
        """Whoever wants to install goes through the turnstile first and stops those who come after it there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w", encoding="ascii") as lock:
            with open(self.folder / "turnstile", "w", encoding="ascii") as turnstile:
                fcntl.flock(turnstile, how)
                fcntl.flock(lock, how)
            yield

    def held(self):
        """While commands run: nothing is installed below them meanwhile."""
        return self.locked(fcntl.LOCK_SH)

    def prepare(self, packages=(), sources=(), name=None, script=None):
        """
        Has these Debian packages in the world, these source packages unpacked in /src, and what `script` builds there
        for the suite of that name.
        """
        if os.geteuid() != 0:
            raise Impossible("a world is made and entered by root only")
        need("unshare", "util-linux")
        with self.held():
            if self.root.exists() and self.has(packages, sources, name, script):
                return
        with self.locked(fcntl.LOCK_EX):
            if not self.root.exists():
                self.make()
            self.install(packages)
            for source in sources:
                self.unpack(source)
            self.build(name, script)

    def has(self, packages, sources, name, script):
        return (set(packages) <= self.installed() and all((self.root / "src" / source).exists() for source in sources)
                and self.is_built(name, script))

    def step(self, what, argv, **more):
        with open(self.log, "ab") as log:
            log.write(f"--- {what}\n".encode())
            log.flush()
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False, **more)
        if done.returncode != 0:
            raise Impossible(f"{what} failed, see {self.log}")

    def make(self):
        need("mmdebstrap", "mmdebstrap")
        self.say("making a Debian in " + str(self.root))
        fresh = self.folder / "root.new"
        shutil.rmtree(fresh, ignore_errors=True)
        line = f"{mirror()} {RELEASE} main"
        script = f"""set -e
            echo 'deb-src {line}' >"$1/etc/apt/sources.list.d/source.list"
            useradd --root "$1" --create-home --shell /bin/bash --uid 1000 tester
            mkdir -p "$1/src" "$1/opt/forkproof" "$1/opt/transparency" """
        self.step("making a Debian", [
            "mmdebstrap", "--mode=root", "--variant=apt", "--include=" + ",".join(BASE),
            "--customize-hook=" + script, RELEASE, str(fresh), "deb " + line])
        policy = fresh / "usr/sbin/policy-rc.d"  # no package may start its service
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        policy.chmod(0o755)
        fresh.rename(self.root)

    def inside(self, *argv):
        """For installing: with this machine's network, and changing the filesystem."""
        environment = ["env", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec",
                'root=$1; shift; mount --make-rprivate /; mount -t proc proc "$root/proc"; '
                'mount --rbind /dev "$root/dev"; chroot "$root" "$@"', "sh", str(self.root), *environment, *argv]

    def apt(self, what, *argv):
        lists = self.root / "var/lib/apt/fetched"
        if not lists.exists() or time.time() - lists.stat().st_mtime > LISTS_FRESH:
            shutil.copyfile("/etc/resolv.conf", self.root / "etc/resolv.conf")
            self.step("apt-get update", self.inside("apt-get", "-qq", "update"))
            lists.touch()
        self.step(what, self.inside(*argv))

    def installed(self):
        database = self.root / "var/lib/dpkg/status"
        names, name = set(), None
        for line in database.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("Package: "):
                name = line[9:]
            elif line == "Status: install ok installed":
                names.add(name)
        return names

    def install(self, packages):
        missing = sorted(set(packages) - self.installed())
        if missing:
            self.say("installing " + " ".join(missing))
            self.apt("installing " + " ".join(missing),
                     "apt-get", "-qq", "-o", "Acquire::Retries=3", "install", "--no-install-recommends", *missing)

    def unpack(self, source):
        place = self.root / "src" / source
        if not place.exists():
            self.say("unpacking the source of " + source)
            self.apt("unpacking the source of " + source, "sh", "-ec",
                     'rm -rf "/src/$1.new"; mkdir "/src/$1.new"; cd "/src/$1.new"; '
                     'apt-get -qq -o APT::Sandbox::User=root source "$1"; '
                     'cd ./*/; chown -R tester: .; mv "$PWD" "/src/$1"; rm -r "/src/$1.new"', "sh", source)

    def is_built(self, name, script):
        stamp = self.root / "src" / f"{name}.built"
        return not script or (stamp.exists() and stamp.read_text(encoding="utf-8") == script)

    def build(self, name, script):
        """Runs a suite's build script as tester: once, and again when it has changed."""
        if not self.is_built(name, script):
            self.say("building for " + name)
            self.step("building for " + name, self.inside("setpriv", "--reuid=tester", "--regid=tester",
                                                          "--init-groups", "sh", "-exc", script))
            (self.root / "src" / f"{name}.built").write_text(script, encoding="utf-8")

    def command(self, build, argv, environment=(), user="root"):
        """argv for one run inside; `build` is seen there as /opt/forkproof, our folder as /opt/transparency."""
        settings = [f"{k}={v}" for k, v in dict(environment).items()]
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts",
                str(ENTER), str(self.root), str(build), user, *settings, *argv]
