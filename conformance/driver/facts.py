"""With what the programs of a place were made and what they meet there: as it is seen, not as it is said."""

import pathlib
import re
import subprocess

from . import wine
from .cases import WINE
from .text import visible
from .world import SANITIZERS

LOADER = re.compile(rb"/[\w./+-]*/ld(?:64|-[\w-]+)?\.so\.\d|/[\w./+-]*/ld-musl-[\w-]+\.so\.1")
CLANG = re.compile(rb"(?:[A-Z]\w+ )?clang version [\x21-\x7e]+")
GCC = re.compile(rb"GCC: (\([\x20-\x7e]{1,100}\) [\x21-\x7e]+)")
GLIBC = re.compile(rb"GNU C Library \(([\x20-\x7e]{1,100})\) \w+ release version (\d+\.\d+)")
ORDERS = {b"\1": "little", b"\2": "big"}
MACHINES = {3: "i386", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64"}  # <elf.h>
OF_SYSTEM = {f"{top}/{name}" for top in ("", "/usr", "/usr/local") for name in ("bin", "sbin")}
START = 4096  # of a program, in which its loader is named
MOMENT = 10  # seconds


def said_by(*argv):
    """On both streams, however it ends."""
    try:
        done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False, timeout=MOMENT)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def compiler_of(program):
    """What it says of itself. The C library's own pieces, in front, are by gcc, whichever."""
    clang, gcc = CLANG.search(program), GCC.findall(program)
    return clang[0].decode("ascii") if clang else f"gcc {gcc[-1].decode('ascii')}" if gcc else ""


def architecture_of(program):
    order = ORDERS.get(program[5:6], "")
    number = int.from_bytes(program[18:20], order) if program.startswith(b"\x7fELF") and order else 0
    return MACHINES.get(number, "")


def loaders(name, root):
    """Where the loader is: in the root, at its place, or of another architecture and below /usr."""
    below = pathlib.Path("/usr").glob(f"*-linux-*/lib/{pathlib.Path(name).name}")
    return [path for path in (pathlib.Path(root, name[1:]), pathlib.Path(name), *below) if path.is_file()]


def libc_of(program, root="/"):
    """root: what is / to it."""
    named = LOADER.search(program[:START])
    for loader in loaders(named[0].decode("ascii"), root) if named else []:
        if "/ld-musl-" in str(loader):
            version = re.search(r"Version (\d[\w.]*)", said_by(loader))
            return f"musl {version[1]}" if version else "musl"
        library = loader.resolve().parent / "libc.so.6"
        version = GLIBC.search(library.read_bytes()) if library.is_file() else None
        if version:
            return f"glibc {version[2].decode('ascii')} ({version[1].decode('ascii')})"
    return ""


def version_of(place):
    """The forkproof's that is run there."""
    said = said_by(*place.around, *place.wrap([str(place.build.forkproof), "--version"]))
    found = re.match(r"forkproof (\d\S*)", said)
    return found[1] if found else ""


def of_programs(place, chosen):
    """One of them, which is built, for all."""
    paths = (place.build.program(one.case, "bad") for one in chosen if one.case)
    program = next((path.read_bytes() for path in paths if path.is_file()), b"")
    return {"compiler": compiler_of(program), "libc": libc_of(program, getattr(place, "root", "/")),
            "programs": architecture_of(program)}


def of_environment(environment):
    """What matters for a case and tells nothing of whose machine it is."""
    kept = {name: value for name, value in environment.items() if name == "LC_ALL" or name.startswith(SANITIZERS)}
    is_usual = set(environment.get("PATH", "").split(":")) <= OF_SYSTEM
    return {**kept, "PATH": "usual" if is_usual else "with further directories"}


def of_forkproof(place, environment):
    return {"forkproof": version_of(place), "environment": of_environment(environment)}


def of(place, chosen, environment):
    """For the member `machine` of a report; "" is what cannot be seen. environment: of the programs."""
    of_wine = {"wine": visible(said_by(wine.find(), "--version").strip())} if place.platform.kind == WINE else {}
    return {**of_programs(place, chosen), **of_wine, **of_forkproof(place, environment)}
