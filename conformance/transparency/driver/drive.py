"""Runs suites: prepares the world for one, runs its commands in all their kinds, keeps what they printed."""

import subprocess
import sys
import time

from .compare import STATUS, Run, compare
from .report import Result
from .suite import figures
from .world import Impossible, World


def say(text):
    print(f"transparency: {text}", file=sys.stderr, flush=True)


class Driver:
    def __init__(self, options):
        self.options = options
        self.world = World(options.world, say)

    def run_once(self, suite, name, argv, kind):
        inside = self.world.command(self.options.build, suite.argv(kind, argv), suite.environment(kind), suite.user)
        try:
            with self.world.held():
                start = time.monotonic()
                done = subprocess.run(inside, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      timeout=suite.seconds, check=False)
            output, status = done.stdout, done.returncode
        except subprocess.TimeoutExpired as late:
            output, status = late.stdout or b"", "timed out"
        seconds = time.monotonic() - start
        output = output.decode(errors="replace")
        measured = figures(output) if self.options.jobs == 1 else {}  # beside others they mean nothing
        if self.options.save:
            place = self.options.save / suite.name
            place.mkdir(parents=True, exist_ok=True)
            with open(place / f"{name}.{kind}".replace("/", "_"), "a", encoding="utf-8") as file:
                file.write(f"{output}\n(exit status {status}, {seconds:.1f} s)\n")
        return Run({**suite.outcomes(output), STATUS: str(status)}, measured, seconds, output)

    def run_suite(self, suite):
        try:
            self.world.prepare(suite.packages, suite.sources, suite.name, suite.build)
        except Impossible as reason:
            return Result(suite, impossible=str(reason))
        if self.options.prepare:
            return Result(suite)
        kinds = [k for k in suite.kinds if not self.options.kinds or k in self.options.kinds]
        commands = []
        for name, argv in suite.commands().items():
            if self.options.only and self.options.only not in name:
                continue
            start = time.monotonic()
            commands.append(compare(suite, name, kinds, lambda kind: self.run_once(suite, name, argv, kind),
                                    self.options.repeats, self.options.rounds))
            say(f"{suite.name} {name}: {len(commands[-1].states) - 1} tests, {time.monotonic() - start:.0f} s")
        return Result(suite, commands)
