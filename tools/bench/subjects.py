"""What is measured side by side: bare, an empty preload, the shim, and the peers that are installed."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass, field

# Where tools/bootstrap unpacks a package that must not be installed.
UNPACKED = pathlib.Path(__file__).resolve().parents[2] / "build/packages"
TRIPLET = sysconfig.get_config_var("MULTIARCH") or "none"


@dataclass
class Subject:
    name: str
    preload: str = ""
    env: dict = field(default_factory=dict)
    absent: str = ""  # why it is not measured
    version: str = ""

    def environment(self):
        """What it adds to the environment of a measured process."""
        return {"LD_PRELOAD": self.preload, **self.env} if self.preload else {}


@dataclass(frozen=True)
class Peer:
    name: str
    package: str
    path: str  # of the object, below / or below the unpacked package
    command: tuple = ()  # runs for as long as the object is used
    variables: tuple = ()  # which that command hands to the programs it runs


PEERS = (
    Peer("eatmydata", "libeatmydata1", f"usr/lib/{TRIPLET}/libeatmydata.so"),
    Peer("fakeroot", "libfakeroot", f"usr/lib/{TRIPLET}/libfakeroot/libfakeroot-sysv.so",
         ("fakeroot-sysv",), ("FAKEROOTKEY",)),
    Peer("snoopy", "snoopy", f"lib/{TRIPLET}/libsnoopy.so"),
    Peer("faketime", "libfaketime", f"usr/lib/{TRIPLET}/faketime/libfaketime.so.1",
         ("faketime", "-f", "-1d"), ("FAKETIME", "FAKETIME_SHARED")),
)


def ours(build):
    shim, empty = f"{build}/lib/libforkproof.so", f"{build}/bench/libempty.so"
    return [Subject("bare"), Subject("empty", empty), Subject("shim", shim)]


def installed_version(package):
    query = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", package], capture_output=True, text=True,
                           check=False)
    return query.stdout if query.returncode == 0 else ""


def unpacked_version(package):
    return next((path.name.split("_")[1] for path in UNPACKED.glob(f"{package}_*.deb")), "")


def found(peer):
    """(path, version), or None."""
    for root, version in (("/", installed_version), (UNPACKED / peer.package, unpacked_version)):
        path = pathlib.Path(root, peer.path)
        if path.exists():
            return str(path), version(peer.package)
    return None


@contextlib.contextmanager
def running(peer):
    """The variables of its command, which ends when its input does, whatever becomes of us; None without it."""
    if not peer.command:
        yield {}
        return
    env = base_environment()
    if not shutil.which(peer.command[0], path=env["PATH"]):
        yield None
        return
    script = "env -0; echo; exec cat"
    # A session of its own: Ctrl-C would end it before it has removed what it shares.
    with subprocess.Popen([*peer.command, "sh", "-c", script], env=env, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        pairs = (pair.partition("=") for pair in process.stdout.readline().split("\0"))
        yield {key: value for key, _, value in pairs if key in peer.variables}


@contextlib.contextmanager
def peers():
    with contextlib.ExitStack() as stack:
        yield [subject_of(peer, stack.enter_context(running(peer))) for peer in PEERS]


def subject_of(peer, env):
    here = found(peer)
    if not here or env is None:
        return Subject(peer.name, absent="not installed")
    if set(env) != set(peer.variables):
        return Subject(peer.name, absent="does not run")
    return Subject(peer.name, here[0], env, version=here[1])


def base_environment():
    """Small and the same everywhere: an exec costs more with a larger one."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": os.environ.get("HOME", "/")}
