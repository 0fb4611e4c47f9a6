"""What a build directory has of that which a case is run with."""

import re
from pathlib import Path

from .cases import AUDIT, WINE

COMPILERS = {"c++": ("CMAKE_CXX_COMPILER", "C++ compiler"),
             WINE: ("FORKPROOF_WINDOWS_CC", "compiler for Windows (tools/bootstrap windows)")}


class Build:
    """programs: the directory of the build that has the cases' programs, if it is another."""

    def __init__(self, directory, programs=None):
        self.directory = Path(directory).resolve()
        self.programs = Path(programs or directory).resolve()
        self.warden, self.helper, self.hold = (self.directory / "conformance" / name
                                               for name in ("warden", "helper", "hold"))
        self.forkproof = self.directory / "bin" / "forkproof"
        self.library = self.directory / "lib" / "libforkproof.so"
        self.audit_library = self.directory / "lib" / "libforkproof-audit.so"
        self.memory = self.directory / "conformance" / "failed.json"

    @property
    def is_complete(self):
        return self.warden.is_file() and (self.directory / "conformance" / "cases").is_dir()

    def program(self, case, name):
        suffix = ".exe" if case.platform == WINE else ""
        return self.programs / "conformance" / "cases" / case.id / f"{name}{suffix}"

    def has_compiler(self, need):
        """For what `needs` says."""
        try:
            text = (self.programs / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        found = re.search(rf"^{COMPILERS[need][0]}:\w+=(.*)$", text, re.M)
        return bool(found and found.group(1) and not found.group(1).endswith("NOTFOUND"))

    @property
    def twin(self):
        """The library for programs of the other class, or what is there in its place."""
        return self.directory / "lib" / "forkproof" / "i686" / "libforkproof.so"

    def take_twin(self):
        """To be preloaded: the path that glibc's loader makes into one for each class."""
        self.library = self.directory / "lib" / "forkproof" / "$PLATFORM" / "libforkproof.so"

    def outdated(self, case):
        """Programs that are older than their sources."""
        for name, source in case.programs.items():
            program = self.program(case, name)
            if program.is_file() and program.stat().st_mtime < source.stat().st_mtime:
                yield program

    def helpers(self, case):
        """Programs beside bad and good."""
        return [self.program(case, name) for name in case.programs if name not in ("bad", "good")]

    def missing(self, case, program, mode):
        """The first file that is not built of those that are needed, or None."""
        needed = ([self.program(case, program)] if program else []) + self.helpers(case)
        needed += {"run": [self.forkproof], "preload": [self.library],
                   AUDIT: [self.forkproof, self.audit_library]}.get(mode, [])
        return next((path for path in needed if not path.is_file()), None)


def usual(top):
    """The directory that is taken when none is named, or None."""
    for name in ("release", "dev"):
        build = Build(Path(top) / "build" / name)
        if build.is_complete:
            return build
    return None
