"""A platform with the C library of another Debian suite: the cases' programs are linked against it, and start with its
loader. What they run besides, and the kernel, are this machine's."""

import os
from dataclasses import replace

from .apt import Apt
from .foreign import fetch_once, tidy
from .place import PROBES, Place, Unavailable, only_one
from .verdict import CONF

ARCHITECTURE = "x86_64"
PACKAGES = ("libc6", "libc6-dev", "linux-libc-dev")
FOLDER = "usr/lib/x86_64-linux-gnu"
LOADER = "lib64/ld-linux-x86-64.so.2"
PROBE = """#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>
int main(void) {{
    printf("on glibc %s, which is not {0}\\n", gnu_get_libc_version());
    return strcmp(gnu_get_libc_version(), "{0}") != 0;
}}
"""


def fetch(root, wanted):
    """The suite's library, once: what is there stays."""
    def fill(work):
        apt, unpacked = Apt(work / "apt", wanted.suite), work / "root"
        for name in (*PACKAGES, *wanted.packages):
            package = apt.fetch(name)
            apt.unpack(package, unpacked)
            package.unlink()
        tidy(unpacked)
        library = unpacked / FOLDER / "libstdc++.so.6"
        if library.exists():  # to be linked with, by the headers that this machine's compiler has
            library.with_suffix("").symlink_to(library.name)
        return unpacked

    return fetch_once(root, fill)


def flags(root):
    """For gcc. Its own folders come before those of a sysroot, and have this machine's library: hence -B. An rpath, and
    not a runpath, is for what the library itself loads as well."""
    return (f"--sysroot={root}", f"-B{root / FOLDER}", f"-Wl,--dynamic-linker={root / LOADER}",
            "-Wl,--disable-new-dtags", f"-Wl,-rpath,{root / FOLDER}")


class LibcPlace(Place):
    @property
    def root(self):
        return self.tree.directory / "platforms" / f"{self.platform.name}.root"

    @property
    def probes(self):
        return {**PROBES, "c": PROBE.format(self.platform.libc.version)}

    def take_library(self):
        """What is compiled from now on is linked against it. Raises Unavailable."""
        here = os.uname().machine
        if here != ARCHITECTURE:
            raise Unavailable(CONF, f"its library is for {ARCHITECTURE}, and this machine is {here}")
        try:
            with only_one(self.root):
                fetch(self.root, self.platform.libc)
        except OSError as wrong:
            raise Unavailable(CONF, str(wrong)) from None
        wanted = self.platform.compile
        self.platform = replace(self.platform, compile=replace(wanted, flags=(*wanted.flags, *flags(self.root))))

    def open(self):
        self.take_library()
        super().open()
