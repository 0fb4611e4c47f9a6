"""Runs protocol cases with a subject: ../protocol/play plays each in a world of its own."""

import dataclasses
import json
import re

from . import facts
from .protocol import HOLD, PLAYER
from .runner import Runner
from .schema import ID
from .subjects import LIBRARY, TOOL
from .text import near, visible
from .verdict import BROK, NA, Cell, Run

PYTHON = "/usr/bin/python3"
NOT_RUN = "a tool is run bare"
BRIEF = 100  # characters


class SubjectRunner(Runner):
    about = None  # what the adapter says of itself: {"name", "version"}

    @property
    def subject(self):
        return self.place.subject

    def make_cell(self, gotcha, program, mode):
        return Cell(gotcha, program, mode, *self.subject.expected(gotcha.id, mode))

    # --- one run ---

    def missing(self, cell):
        """The first file that is not built, or None."""
        needed = [self.build.helper, *([self.build.hold] if HOLD in cell.gotcha.case.needs else []),
                  *([self.build.forkproof] if cell.mode == "run" else [])]
        return next((path for path in needed if not path.is_file()), None)

    def obstacle(self, cell):
        case = cell.gotcha.case
        why = case.inapplicable(self.subject.is_tool, self.subject.can)
        if why or cell.mode not in self.subject.modes:
            return Run(NA, why or NOT_RUN)
        missing = self.missing(cell)
        return Run(BROK, f"{near(missing)} is not built") if missing else self.lack(case)

    def settings(self, cell):
        """What the player is told."""
        around = [str(self.build.forkproof), "run", *cell.gotcha.case.run, "--"] if cell.mode == "run" else []
        return {"kind": TOOL if self.subject.is_tool else LIBRARY, "command": self.place.command, "around": around,
                "can": self.subject.can, "helper": str(self.build.helper), "hold": str(self.build.hold),
                "slower": self.plan.slower}

    def command_in(self, cell):
        return [PYTHON, "-B", str(PLAYER), str(cell.gotcha.case.path), json.dumps(self.settings(cell))]

    def play_once(self, cell):
        run, played = super().play_once(cell)
        self.about = self.about or read_about(played.files.get("about", ""))
        return run, played

    def run(self, gotchas, progress):
        """Somebody's own adapter has told its name meanwhile."""
        results = super().run(gotchas, progress)
        if self.subject.adapter and self.about and ID.fullmatch(self.about["name"]):
            self.plan.platform = dataclasses.replace(self.subject, name=self.about["name"])
        return results

    # --- what is told of it ---

    def told_version(self):
        """Name and version."""
        if not self.subject.is_tool:
            return " ".join(filter(None, (self.about or {}).values()))
        said = facts.said_by(*self.place.filled(self.subject.version)).strip()
        line = visible(said.partition("\n")[0][:BRIEF])
        return line if re.search("[A-Za-z]{2}", line) else f"{self.subject.name} {line}".strip()

    def facts(self, chosen):
        return {"subject": self.told_version(), **facts.of_forkproof(self.place, self.worlds.environment)}


def read_about(text):
    """What a stranger says, or None."""
    try:
        found = json.loads(text)
        return {name: visible(found[name][:BRIEF]) for name in ("name", "version")}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
