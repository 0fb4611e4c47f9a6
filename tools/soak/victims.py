"""Containment put to the test: a tree is held by somebody, and that somebody is killed."""

import dataclasses
import os
import signal
import time

import legs
import processes


@dataclasses.dataclass(frozen=True)
class Victim:
    name: str
    kind: str     # how it is run: see legs.commands
    program: str  # "tree", or "load" in full swing
    killed: str   # "guard", "supervisor", "root"; "": it exits


ALL = [
    Victim("run/guard", "run", "tree", "guard"),
    Victim("run/supervisor", "run", "tree", "supervisor"),
    Victim("run/root", "run", "tree", "root"),
    Victim("run/guard of load", "run", "load", "guard"),
    Victim("run/supervisor of load", "run", "load", "supervisor"),
    Victim("group/exit", "group", "tree", ""),
    Victim("group/exit of load", "group", "load", ""),
    Victim("guard/root", "guard", "tree", "root"),
    Victim("guard/guard then exit", "guard", "tree", "guard"),
    Victim("guard/root of load", "guard", "load", "root"),
]
NAMED = {victim.name: victim for victim in ALL}


def of(kind):
    return [victim for victim in ALL if (victim.kind == "run") == (kind == "run")]


class Round:
    def __init__(self, options, victim, reaper):
        self.options, self.victim, self.reaper = options, victim, reaper
        self.mark = f"victim-{victim.name}-{time.monotonic_ns()}"

    def start(self, stubborn):
        """The root and all that it has made are there."""
        kind = "bare" if self.options.sabotage == "escape" else self.victim.kind
        before, env = legs.commands(self.options, kind)
        path = self.options.build / "soak" / self.victim.program
        words = ["stubborn"] if stubborn and self.victim.program == "tree" else []
        self.child = legs.Child([*before, path, *words], self.options.stderr, SOAK_MARK=self.mark, **env)
        if self.victim.program == "load":
            self.child.ask("", "up")
            self.child.ask("go", "going")
            time.sleep(0.2)
        else:
            self.child.ask("", "ready")
        self.root = self.find_root(kind)

    def find_root(self, kind):
        if kind != "run":
            return self.child.pid
        forkproof = str(self.options.build / "bin/forkproof")
        return next(pid for pid in processes.marked(self.mark) if processes.exe(pid) != forkproof
                    and processes.exe(processes.parent(pid)) == forkproof)

    def guards(self):
        """The shim's own, whose environment is empty."""
        return processes.by_exe(str(self.options.build / "lib/libforkproof.so"))

    def target(self):
        if self.victim.killed == "root" or self.options.sabotage == "escape":
            return self.root
        if self.victim.kind == "run":
            return self.child.pid if self.victim.killed == "guard" else processes.parent(self.root)
        # It comes of a fork that nobody waits for, and is known once it has executed.
        self.reaper.until(lambda: len(self.guards()) == 1, legs.SETTLE)
        guards = self.guards()
        if len(guards) != 1:
            raise legs.Broken(f"{len(guards)} guards")
        return guards[0]

    def strike(self):
        if self.victim.killed:
            os.kill(self.target(), signal.SIGKILL)
        if "exit" in self.victim.name:
            self.child.process.stdin.close()

    def left(self):
        return processes.marked(self.mark) + self.guards()

    def play(self, stubborn):
        """What there was, how long it took to be gone, and what was left."""
        try:
            self.start(stubborn)
            there = len(processes.marked(self.mark))
            begin = time.monotonic()
            self.strike()
            gone = self.reaper.until(lambda: not self.left(),
                                     2 if self.options.sabotage == "escape" else legs.GONE)
            left = self.left()
            return {"name": self.victim.name, "there": there, "gone": gone, "left": len(left),
                    "seconds": round(time.monotonic() - begin, 2), "strays": [processes.title(pid) for pid in left]}
        except legs.Broken as reason:
            return {"name": self.victim.name, "there": 0, "gone": False, "seconds": 0, "why": str(reason)}
        finally:
            self.child.close()
            self.reaper.end(self.mark)
