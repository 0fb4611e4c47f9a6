"""What all reports tell: the results, their counts, and where they were had."""

from collections import Counter
from dataclasses import dataclass

from .cases import AUDIT, MODES, PROGRAMS
from .catalogue import DOCUMENTS
from .text import visible
from .verdict import BROK, FAIL, NA, PASS, VERDICTS

WRONG, NOTHING = 1, 77  # exit statuses


@dataclass
class Report:
    results: list
    plan: object
    machine: dict
    build: str
    seconds: float
    left_out: int = 0  # runs that were given up
    lacks: tuple = ()  # (verdict, reason) of a platform that cannot be had
    compiled: str = ""  # what is to be told of a platform for which all is compiled and nothing is run
    began: str = ""  # when, in UTC

    @property
    def platform(self):
        return self.plan.platform

    @property
    def label(self):
        return self.platform.label

    @property
    def cells(self):
        return [cell for result in self.results for cell in result.cells]

    @property
    def applicable(self):
        """The results that count."""
        return [result for result in self.results if result.verdict != NA]

    def inapplicable(self):
        """{reason: ids}, of the cells that do not count."""
        found = {}
        for cell in self.cells:
            if cell.verdict == NA:
                found.setdefault(cell.reason, {})[cell.gotcha.id] = True
        return {reason: list(ids) for reason, ids in found.items()}

    def counts(self):
        """{verdict: gotchas}"""
        found = Counter(result.verdict for result in self.results)
        return {verdict: found[verdict] for verdict in VERDICTS}

    def runs(self):
        return sum(cell.counts.total() - cell.counts[NA] for cell in self.cells)

    def documents(self):
        """{document: (gotchas that PASS, gotchas that come from it)}"""
        found = {}
        for document in DOCUMENTS:
            verdicts = [result.verdict for result in self.applicable if document in result.gotcha.documents]
            found[document] = verdicts.count(PASS), len(verdicts)
        return found

    def safe(self, program):
        """{mode: (cells that are safe, cells with an outcome)}"""
        found = {}
        for mode in MODES:
            seen = [cell.safe for cell in self.cells if (cell.program, cell.mode) == (program, mode)]
            found[mode] = seen.count(True), len(seen) - seen.count(None)
        return found

    def audited(self):
        """{program: (those of which the audit says what it should, those that it was asked of)}"""
        seen = {program: [cell.safe for cell in self.cells if (cell.program, cell.mode) == (program, AUDIT)]
                for program in PROGRAMS}
        return {program: (all_of.count(True), len(all_of) - all_of.count(None)) for program, all_of in seen.items()}

    def reasons(self, result):
        """[(verdict, reason, the cells that it is about)]: why it is no PASS. What was never run is told once."""
        found = {(BROK, str(complaint)): [] for complaint in result.gotcha.complaints}
        for cell in result.cells:
            if cell.verdict not in (PASS, NA):
                key = (cell.verdict, cell.reason) if not cell.example.facts else cell
                found.setdefault(key, []).append(cell)
        return [(*(key if isinstance(key, tuple) else (key.verdict, key.reason)), cells)
                for key, cells in found.items()]

    def name_of(self, cell):
        """Which of its gotcha's."""
        return f"{cell.program} {cell.mode}" if len(self.platform.programs) > 1 else cell.mode

    def again(self, *cells):
        """The command that repeats them, to be printed."""
        return visible(self.plan.again(*cells))

    def again_all(self):
        """The command that repeats all of it."""
        return visible(self.plan.again_all())

    def status(self):
        """The exit status."""
        counts = self.counts()
        if counts[FAIL] or counts[BROK] or (self.lacks and self.lacks[0] == BROK):
            return WRONG
        return 0 if counts[PASS] else NOTHING


class Reports(list):
    """One for each platform, or each subject."""

    seconds = 0.0

    def render(self, form, colours=False):
        return form.render(self[0], colours) if len(self) == 1 else form.render_several(self, colours)

    @property
    def has_something(self):
        return any(report.results or report.lacks for report in self)

    def status(self):
        """The exit status."""
        seen = {report.status() for report in self}
        return WRONG if WRONG in seen else 0 if 0 in seen else NOTHING
