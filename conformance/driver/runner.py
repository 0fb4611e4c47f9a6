"""Runs what was chosen: each program of each gotcha in each mode, so often, so many at a time."""

import concurrent.futures
import pathlib
import re
import shlex
import shutil
import threading
from dataclasses import dataclass, field

from . import audit, facts, save, wine
from .build import COMPILERS
from .cases import AUDIT, MODES, PROGRAMS, WAYS, WINE
from .platforms import NONE
from .text import near
from .verdict import BROK, CONF, Cell, Result, Run, judge
from .world import Stopped


@dataclass
class Plan:
    """What the caller of the driver asked for."""

    modes: tuple = MODES
    programs: tuple = PROGRAMS
    platform: object = NONE
    repeat: int = 1
    jobs: int = 1
    keep_going: bool = True
    slower: int = 1  # times a case's deadline
    prefix: list = field(default_factory=list)  # before the program
    own: object = None  # a program to take for the bad one
    save: object = None  # a directory
    only: object = None  # keys of cells and ids of gotchas; None: all
    again_words: tuple = ()  # how the caller calls us again
    which_words: tuple = ()  # by which the caller chose the gotchas

    def again_words_for(self, modes, programs):
        words = [*self.again_words, *self.platform.again]
        words += ["--mode", ",".join(modes)] if modes != self.platform.modes or self.own else []
        words += ["--program", str(self.own)] if self.own else \
            ["--twin", *programs] if len(programs) < len(self.platform.programs) else []
        words += ["--repeat", str(self.repeat)] if self.repeat > 1 else []
        words += ["--slower", str(self.slower)] if self.slower > 1 else []
        return words + (["--exec-prefix", shlex.join(self.prefix)] if self.prefix else [])

    def again_all(self):
        return shlex.join([*self.again_words_for(tuple(self.modes), self.programs), *self.which_words])

    def again(self, *cells):
        """The command that repeats them; they are of one gotcha."""
        modes = tuple(mode for mode in WAYS if any(cell.mode == mode for cell in cells))
        programs = {cell.program for cell in cells}
        return shlex.join([*self.again_words_for(modes, programs), cells[0].gotcha.id])


class Runner:
    def __init__(self, place, worlds, machine, plan):
        self.place, self.worlds, self.machine, self.plan, self.own = place, worlds, machine, plan, None
        self.build = place.build
        self.lock, self.enough, self.planned = threading.Lock(), threading.Event(), 0

    # --- what is to be run ---

    def path(self, cell):
        return self.own or self.build.program(cell.gotcha.case, cell.program)

    def place_own(self, case):
        """Somebody's own program looks for the case's other programs where it is: then it is taken there."""
        helpers = [path for path in self.build.helpers(case) if path.is_file()]
        if not helpers:
            return self.plan.own
        folder = self.worlds.new_folder("own")
        for path in helpers:
            shutil.copy2(path, folder)
        return pathlib.Path(shutil.copy2(self.plan.own, folder / "bad"))

    def make_cell(self, gotcha, program, mode):
        outcomes = audit.OUTCOMES if mode == AUDIT else None
        if self.plan.own:
            return Cell(gotcha, program, mode, outcomes=outcomes)
        gap = self.plan.platform.gap(gotcha.id, program, mode)
        if mode == AUDIT:
            return Cell(gotcha, program, mode, audit.EXPECTED[program], outcomes=outcomes, gap=gap)

        def holds(condition):
            return self.machine.holds(condition, self.build.program(gotcha.case, program))

        return Cell(gotcha, program, mode, *gotcha.case.expected(program, mode, holds), gap=gap)

    def wanted(self, identity, program, mode):
        only = self.plan.only
        return only is None or identity in only or f"{identity} {program} {mode}" in only

    def make_result(self, gotcha):
        if gotcha.complaints:
            return Result(gotcha, [])
        return Result(gotcha, [self.make_cell(gotcha, program, mode) for program in self.plan.programs
                               for mode in self.plan.modes
                               if gotcha.is_run(program, mode) and self.wanted(gotcha.id, program, mode)])

    def facts(self, chosen):
        """Of what is run."""
        return facts.of(self.place, chosen, self.worlds.environment)

    # --- one run ---

    def obstacle(self, cell):
        """A Run that says why it cannot be run at all, or None."""
        case = cell.gotcha.case
        if case.platform != self.plan.platform.kind:
            return Run(CONF, f"it is run with --platform {case.platform}")
        missing = self.build.missing(case, None if self.plan.own else cell.program, cell.mode)
        if missing:
            for need in COMPILERS.keys() & set(case.needs) if missing.parent.name == case.id else ():
                if not self.build.has_compiler(need):
                    return Run(CONF, f"{need}: there is no {COMPILERS[need][1]}, {near(missing)} is not built")
            return Run(BROK, f"{near(missing)} is not built")
        if cell.mode == "preload" and re.search(r"[\s:=]", str(self.build.library)):
            return Run(BROK, f"LD_PRELOAD cannot name {self.build.library}")
        if cell.mode == AUDIT and self.place.no_audit:
            return Run(CONF, self.place.no_audit)
        return self.lack(case)

    def lack(self, case):
        """A Run that says what the case cannot have on this machine, or None."""
        for need in case.needs:
            why = self.machine.lacks(need)
            if why:
                return Run(CONF, f"{need}: {why}")
        return None

    def command(self, cell):
        return self.place.wrap(self.command_in(cell))

    def command_in(self, cell):
        """Without what the platform puts before it."""
        case = cell.gotcha.case
        program = [*self.plan.prefix, str(self.path(cell)), *case.arguments]
        if case.platform == WINE:
            return wine.command(program)
        if cell.mode == "run":
            options = [*self.plan.platform.run, *case.run, *(["-o", case.preload] if case.preload else [])]
            return [str(self.build.forkproof), "run", *options, "--", *program]
        if cell.mode == AUDIT:
            return [str(self.build.forkproof), "audit", *audit.options(case), "--", *program]
        if cell.mode == "preload":
            options = [f"FORKPROOF_OPTIONS={case.preload}"] if case.preload else []
            return [shutil.which("env") or "/usr/bin/env", f"LD_PRELOAD={self.build.library}", *options, *program]
        return program

    def options(self, cell):
        """An audit ends by itself what has come to a stand. What is known not to come out well may come to one too."""
        case = cell.gotcha.case
        stall = (case.stall or cell.gap) and cell.mode != AUDIT
        return [*self.machine.world_options(), *(["--stall"] if stall else []),
                *([f"--pids={case.pids * self.place.pids_each}"] if case.pids else [])]

    def play_once(self, cell):
        """(what came of it, what was played)"""
        case = cell.gotcha.case
        deadline = case.deadline * self.plan.slower * self.place.slower + (audit.PATIENCE if cell.mode == AUDIT else 0)
        played = self.worlds.play(self.options(cell), self.command(cell), deadline, "root" in case.needs)
        if cell.mode == AUDIT:  # somebody's own program is one that should be right
            return audit.judge(cell.gotcha, "good" if self.plan.own else cell.program, played), played
        return judge(case, cell.mode, played), played

    def play(self, cell):
        """Once; answers whether it came out as it should, None when it was not played any more."""
        if self.enough.is_set():
            return None
        try:
            run = played = self.obstacle(cell)
            if run is None:
                run, played = self.play_once(cell)
        except Stopped:
            return None
        except OSError as wrong:  # no descriptors, no room, too many arguments: the others go on
            run = played = Run(BROK, f"it could not be run: {wrong}")
        is_good = cell.is_well(run.label)
        with self.lock:
            is_new = cell.add(run)
            if not is_good and is_new and self.plan.save:
                save.save(self.plan, cell, run, None if played is run else played)
            if not is_good and not self.plan.keep_going:
                self.enough.set()
        return is_good

    # --- all of it ---

    def run(self, gotchas, progress):
        """The results; of what was not run any more there is nothing in them."""
        if self.plan.own:
            self.own = self.place_own(gotchas[0].case)
        results = [self.make_result(gotcha) for gotcha in gotchas]
        todo = [cell for result in results for cell in result.cells for _ in range(self.plan.repeat)]
        self.planned = len(todo)
        progress.begin(self.planned)
        with concurrent.futures.ThreadPoolExecutor(self.plan.jobs) as pool:
            try:
                futures = {pool.submit(self.play, cell): cell for cell in todo}
                for future in concurrent.futures.as_completed(futures):
                    if future.result() is not None:
                        progress.done(futures[future], future.result())
            except BaseException:
                self.enough.set()
                self.worlds.stop()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
            finally:
                progress.end()
        for result in results:
            result.cells = [cell for cell in result.cells if cell.counts]
        return [result for result in results if result.cells or result.gotcha.complaints]
