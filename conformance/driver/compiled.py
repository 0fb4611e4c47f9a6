"""A platform that is not here and cannot be run here: what is compiled and linked for it, by zig. Not one of its cells
is ever PASS."""

import os
import re

from .build import Build
from .place import HERE, NO_SPACE, Place, Unavailable, called, only_one
from .report import Report
from .text import near
from .verdict import BROK, CONF, Cell, Result, Run

ZIG = HERE.parent / "build" / "packages" / "zig-0.16.0"  # tools/bootstrap zig
PROJECT = HERE / "platforms" / "compiled"
LIBRARIES = {"macos": "libforkproof.dylib"}
LIBRARY = "libforkproof.so"
NOT_RUN = "compiles, not run"
NO_COMMAND = "the command is not ported (docs/porting.md)"
OF_LINUX = ("run", "audit")  # modes that need the command
FAILED = re.compile(r"^FAILED: (?:\[code=\d+\] )?(.*?)\n.*?\n(.*?)(?=^\[\d+/\d+\]|^FAILED: |^ninja: |\Z)", re.M | re.S)
PATIENCE = 1800  # seconds


def zig():
    """The program, or None."""
    program = ZIG / "linux-x64" / "bin" / "zig"
    return program if program.is_file() and (ZIG / "lib").is_dir() else None


def first_error(text):
    """Without the way to the file."""
    lines = [line for line in text.splitlines() if re.search(r"\berror:", line)]
    return re.sub(r"^\S*?/?([^/\s]+/[^/\s]+:\d+):\d+:", r"\1:", lines[0]) if lines else ""


def errors_of(said):
    """{target or object: its first error}, from what ninja said."""
    found = {}
    for targets, text in FAILED.findall(said):
        for target in targets.split():
            found[target] = first_error(text)
    return found


class CompiledPlace(Place):
    """`play` in the place of what is run at other places."""

    targets = ("all",)  # of the build
    errors = None  # once it is built

    @property
    def directory(self):
        return self.tree.directory / "platforms" / self.platform.name

    @property
    def library(self):
        system = self.platform.compiles_for.split("-")[1]
        return self.directory / "lib" / LIBRARIES.get(system, LIBRARY)

    def needs(self):
        return super().needs() or ("" if zig() else "zig is not there (tools/bootstrap zig)")

    def call(self, *argv):
        cache = self.tree.directory / "platforms" / "zig-cache"
        status, said = called(["env", f"ZIG_LIB_DIR={ZIG / 'lib'}", f"ZIG_GLOBAL_CACHE_DIR={cache}",
                               f"ZIG_LOCAL_CACHE_DIR={cache}", *argv], PATIENCE)
        if NO_SPACE in said or "NoSpaceLeft" in said:  # as zig calls it
            raise Unavailable(CONF, NO_SPACE)
        return status, said

    def make_build(self):
        """What does not compile does not keep the rest from it."""
        with only_one(self.directory):
            status, said = self.call("cmake", "-S", PROJECT, "-B", self.directory, "-G", "Ninja",
                                     f"-DCMAKE_TOOLCHAIN_FILE={PROJECT / 'zig.cmake'}", f"-DFORKPROOF_ZIG={zig()}",
                                     f"-DFORKPROOF_TARGET={self.platform.compiles_for}", "-DFORKPROOF_WERROR=ON",
                                     "-DFORKPROOF_WINDOWS_CC=OFF", "-DCMAKE_CXX_COMPILER=NOTFOUND")
            if status:
                raise Unavailable(BROK, f"it cannot be configured: {first_error(said) or said.strip()[-200:]}")
            _, said = self.call("cmake", "--build", self.directory, "--target", *self.targets, "--", "-k", "0")
        self.errors = errors_of(said)
        found = Build(self.directory)
        found.memory = self.tree.directory / "platforms" / f"{self.platform.name}.failed.json"
        return found

    # --- what comes of it ---

    def error_of(self, identity, program):
        """Why it is not there; "" when it is."""
        about = f"/case-{identity}-{program}.dir/", f"cases/{identity}/{program}"
        said = [error for target, error in self.errors.items() if about[0] in target or target.endswith(about[1])]
        path = self.directory / "conformance" / "cases" / identity / program
        if not said:
            return "" if path.is_file() else f"{near(path)} is not built"
        return said[0] or "it does not link"

    def error_of_library(self):
        """Why it is not what it should be; "" when it is. One of an earlier build may lie there."""
        of_ours = [error or f"{target} is not made" for target, error in self.errors.items()
                   if not re.search(r"(^|/)cases/|/case-", target)]
        missing = "" if self.library.is_file() else "it is not built"
        return next(iter(of_ours), missing)

    def run_of(self, gotcha, program, mode):
        gap = self.platform.gap(gotcha.id, program, mode)
        error = self.error_of(gotcha.id, program)
        if mode in OF_LINUX:
            return Run(CONF, NO_COMMAND)
        if mode == "preload" and self.error_of_library():
            return Run(BROK, f"{self.library.name}: {self.error_of_library()}")
        if gap and not error:
            return Run(BROK, f"it compiles, so that this is to go from the platform's file: {gap}")
        if gap:
            return Run(CONF, f"not for this system: {gap}")
        return Run(BROK, error) if error else Run(CONF, NOT_RUN)

    def cells(self, plan, gotcha):
        for program in plan.programs:
            for mode in plan.modes:
                if gotcha.is_run(program, mode):
                    cell = Cell(gotcha, program, mode)
                    cell.add(self.run_of(gotcha, program, mode))
                    yield cell

    def summary(self):
        _, said = self.call(zig(), "version")
        size = self.library.stat().st_size if self.library.is_file() else 0
        return {"compiled_for": self.platform.compiles_for, "by": f"zig {said.strip()}",
                "library": {"name": self.library.name, "bytes": size}, "runs": False}

    def play(self, plan, _, chosen):
        """The report of what compiles."""
        if plan.own:
            raise Unavailable(CONF, "--program: nothing is run for this platform")
        results = [Result(one, [] if one.complaints else list(self.cells(plan, one))) for one in chosen]
        results = [result for result in results if result.cells or result.gotcha.complaints]
        return Report(results, plan, self.summary(), os.fspath(self.directory), 0.0, compiled=NOT_RUN)
