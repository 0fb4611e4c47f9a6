"""A platform of another architecture: its root and its emulator are fetched, and the tree is built for it.

A root is what Debian packages of the architecture have in them, unpacked: the compiler's sysroot, and / of what is
run. In user mode that is by platforms/foreign.c; a machine has it in its memory (machine.py)."""

import filecmp
import os
import pathlib
import re
import shutil
import tempfile

from .apt import Apt
from .architecture import KNOWN, X86_64
from .build import Build
from .place import BROK, CONF, HERE, Place, Unavailable, called, last_line, only_one

TO_BUILD = ("libc6-dev", "libjansson-dev", "libdw-dev")
TO_RUN = ("coreutils", "dash", "findutils", "gzip", "libstdc++6", "mount", "python3", "util-linux")
MERGED = ("bin", "sbin", "lib", "lib64")
EMULATORS = ("trixie", "qemu-user")  # linked statically, so that it takes no notice of LD_PRELOAD
TARGETS = ("cases", "warden", "forkproof", "forkproof_shim", "forkproof_audit")
SEEN = ("/proc", "/dev", "/sys")  # of this machine, in the root


# --- what is fetched ---

def fetch_once(path, fill):
    """What is there stays; `fill` makes it in a directory that is gone afterwards, and answers where. One at a time."""
    if not path.exists():
        work = path.with_name(f"{path.name}.fetch")
        shutil.rmtree(work, ignore_errors=True)  # of one that was killed
        work.mkdir(parents=True)
        try:
            os.rename(fill(work), path)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return path


def fetch_kernel(path, suite, package, architecture=X86_64):
    """To that path."""
    def fill(work):
        apt, unpacked = Apt(work / "apt", suite, architecture.debian), work / "kernel"
        file = apt.fetch(apt.package_of_kernel(package))
        apt.unpack(file, unpacked)
        found = next(unpacked.glob("**/vmlinu[xz]*"), None)
        if not found:
            raise Unavailable(CONF, f"{file.name} has no kernel in it")
        return found

    return fetch_once(path, fill)


def fetch_emulators(path):
    """Of all architectures, since one package has them."""
    def fill(work):
        apt, unpacked, wanted = Apt(work / "apt", EMULATORS[0]), work / "unpacked", work / "emulators"
        apt.unpack(apt.fetch(EMULATORS[1]), unpacked)
        wanted.mkdir()
        for architecture in KNOWN.values():
            os.rename(unpacked / "usr" / "bin" / architecture.emulator, wanted / architecture.emulator)
        return wanted

    with only_one(path):
        return fetch_once(path, fill)


def fetch_root(path, architecture, more=()):
    def fill(work):
        apt, root = Apt(work / "apt", architecture.suite, architecture.debian), work / "root"
        for package in apt.fetch_all((*TO_BUILD, *TO_RUN, *more)):
            apt.unpack(package, root)
        tidy(root)
        return root

    return fetch_once(path, fill)


def tidy(root):
    """As it is when packages are installed: with links into /usr. None leads out of the root, for the compiler."""
    for name in MERGED:
        if (root / name).is_dir() and not (root / name).is_symlink():
            shutil.copytree(root / name, root / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(root / name)
        if (root / "usr" / name).is_dir() and not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    for folder, inner, names in os.walk(root):
        for path in (pathlib.Path(folder) / name for name in (*inner, *names)):
            if path.is_symlink() and os.readlink(path).startswith("/"):
                target = os.path.relpath(root / os.readlink(path)[1:], folder)
                path.unlink()
                path.symlink_to(target)


def put(path, copy):
    """As it is here. A program that runs keeps the one that it has."""
    if not copy.is_file() or not filecmp.cmp(path, copy):
        copy.parent.mkdir(parents=True, exist_ok=True)
        new = copy.with_name(f"{copy.name}.new")
        shutil.copy2(path, new)
        os.replace(new, copy)


# --- what is built ---

def libraries(programs):
    """Of those that are dynamic, the loader too."""
    said = called(["ldd", *programs])[1]
    return {pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", said)}


def cmake_environment(architecture, root):
    """Words before cmake: it finds the packages of the root, and no others."""
    return ["env", f"PKG_CONFIG_SYSROOT_DIR={root}",
            f"PKG_CONFIG_LIBDIR={root}/usr/lib/{architecture.triple}/pkgconfig"]


def cmake_arguments(architecture, root):
    return ["-DCMAKE_SYSTEM_NAME=Linux", f"-DCMAKE_SYSTEM_PROCESSOR={architecture.name}",
            f"-DCMAKE_C_COMPILER={architecture.compiler}",
            f"-DCMAKE_CXX_COMPILER={shutil.which(f'{architecture.triple}-g++') or 'NOTFOUND'}",
            "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--allow-shlib-undefined",  # the compiler's libc may be older than the root's
            f"-DCMAKE_SYSROOT={root}", "-DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER"]


class CrossPlace(Place):
    """Its build is of another architecture. What is fetched and built serves all platforms of that one."""

    targets = TARGETS

    @property
    def before_cmake(self):
        return cmake_environment(self.architecture, self.root)

    @property
    def architecture(self):
        return KNOWN[self.platform.architecture]

    @property
    def home(self):
        return self.tree.directory / "platforms" / "foreign" / self.architecture.name

    @property
    def root(self):
        return self.home / "root"

    @property
    def compiler(self):
        return self.architecture.compiler

    def needs(self):
        port = HERE.parent / "shim" / "arch" / self.architecture.name
        return super().needs() or ("" if port.is_dir() else f"there is no port to {self.architecture.name} (shim/arch)")

    def arguments(self):
        return ["-S", str(HERE.parent), *self.common_arguments(), *cmake_arguments(self.architecture, self.root)]

    def make_build(self):
        with only_one(self.home):
            fetch_root(self.root, self.architecture)
            self.compiled(self.home / "build")
        found = Build(self.home / "build")
        found.memory = self.memory
        return found


class ForeignPlace(CrossPlace):
    """Its programs are run on this machine's kernel, each by an emulator. The warden is this machine's."""

    slower = 3
    pids_each = 2  # the emulator has a thread of its own in each
    no_audit = "an audit does not know programs that are emulated: their images are the emulator's"

    def open(self):
        super().open()
        try:
            self.around += self.enter()
        except OSError as wrong:
            raise Unavailable(CONF, str(wrong)) from None
        status, said = called([*self.around, "/bin/true"])
        if status:
            raise Unavailable(CONF, last_line(said))

    def enter(self):
        """Words before the warden."""
        foreign, emulators = self.tree.directory / "conformance" / "foreign", self.home.parent / "emulators"
        if not foreign.is_file():
            raise Unavailable(BROK, f"{foreign} is not built")
        emulator = fetch_emulators(emulators) / self.architecture.emulator
        with only_one(self.home):
            for path in libraries([self.tree.warden]):
                put(path, self.root / str(path)[1:])
        paths = [*SEEN, tempfile.gettempdir(), str(self.tree.directory)]
        return [str(foreign), str(self.root), self.architecture.handler(emulator), *paths, "--"]
