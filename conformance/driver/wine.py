"""Programs of Windows, which Wine runs, each in a prefix of its own (in-wine)."""

import os
import pathlib
import platform
import re
import shutil
import stat

START = pathlib.Path(__file__).resolve().parent / "in-wine"
DEBIAN = "/usr/lib/wine/wine64"  # not in PATH
MACHINE = "x86_64"  # for which the programs are compiled
SERVER_NAME = "wine/wineserver"  # in the directory of a case: what its server's directory is called
SERVER = re.compile(r"wine-[A-Za-z0-9]{6}")
SERVERS = pathlib.Path("/tmp")


def find():
    """Wine's loader, or None."""
    return shutil.which("wine64") or shutil.which(DEBIAN)


def lacks():
    """Why no program can be run, or ""."""
    if platform.machine() != MACHINE:
        return f"the programs are for {MACHINE}, this is {platform.machine()}"
    return "" if find() else "Wine is not installed (tools/bootstrap windows)"


def command(program):
    return [str(START), find(), *program]


def servers_directory(name):
    """What Debian's Wine keeps outside of the prefix, and leaves when its server is killed with a case's world; None:
    there is none. name: what the prefix calls it, of which nobody knows who wrote it."""
    path = SERVERS / name
    if not SERVER.fullmatch(name) or not path.is_dir() or path.is_symlink():
        return None
    return path if stat.S_IMODE(path.stat().st_mode) == 0o700 and path.stat().st_uid == os.geteuid() else None
