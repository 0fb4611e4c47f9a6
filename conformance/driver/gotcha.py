"""A gotcha: its entry in the catalogue and its case, which must fit each other."""

from dataclasses import dataclass, field

from . import cases, catalogue
from .schema import Complaint

SYSTEM = "linux"  # what can happen there must have a case


@dataclass
class Gotcha:
    id: str
    entry: catalogue.Entry = None
    case: cases.Case = None
    complaints: list = field(default_factory=list)  # when there is one, it cannot be run

    @property
    def documents(self):
        """Without repetition, in the order of the catalogue's words."""
        named = {document for document, _ in self.entry.sources} if self.entry else set()
        return [document for document in catalogue.DOCUMENTS if document in named]

    @property
    def platform(self):
        """Where it is run."""
        return self.case.platform if self.case else cases.NATIVE

    def is_run(self, program, mode):
        """Whether there is something to be seen."""
        if mode != cases.AUDIT:
            return mode in self.case.modes
        return self.platform == cases.NATIVE and (program == "good" or bool(self.entry.audit))

    @property
    def place(self):
        return (0, *catalogue.place(self.entry)) if self.entry else (1, 0, 0, self.id)


def disagreements(entry, case):
    if case.platform == cases.WINE and "windows" not in entry.platforms:
        yield Complaint(case.id, str(case.directory / "case.toml"), "platform",
                        f"is wine, and {entry.path.name} has no \"windows\" in its platforms")
    for mode in case.modes[1:]:  # with forkproof
        word = case.expect["bad", mode]
        if getattr(entry, mode) == "prevented" and not case.outcomes[word].safe:
            yield Complaint(case.id, str(case.directory / "case.toml"), f"expect.bad.{mode}",
                            f"{word} is not safe, and {entry.path.name} says {mode} = \"prevented\"")


def missing_halves(gotcha, entry_file, case_file, catalogue_directory, cases_directory):
    """entry_file, case_file: whether there is one, be it well formed or not."""
    if not entry_file:
        yield Complaint(gotcha.id, f"{cases_directory}/{gotcha.id}", "",
                        f"has no entry {catalogue_directory}/{gotcha.id}.md")
    if not case_file and (gotcha.entry is None or SYSTEM in gotcha.entry.platforms):
        yield Complaint(gotcha.id, f"{catalogue_directory}/{gotcha.id}.md", "",
                        f"has no case {cases_directory}/{gotcha.id}")


def gather(catalogue_directory, cases_directory):
    """All gotchas that can happen here or have a case for another platform, as the catalogue sorts them; at the end
    those without a good entry."""
    of_entries, of_cases = [], []
    entries = {entry.id: entry for entry in catalogue.load(catalogue_directory, of_entries)}
    found = cases.load(cases_directory, of_cases, cases.PLATFORMS)
    entry_files = entries.keys() | {c.id for c in of_entries}
    case_files = found.keys() | {c.id for c in of_cases}
    gotchas = []
    for identity in entry_files | case_files:
        gotcha = Gotcha(identity, entries.get(identity), found.get(identity))
        has_no_case = identity not in case_files or gotcha.case and gotcha.platform == cases.NATIVE
        if gotcha.entry and SYSTEM not in gotcha.entry.platforms and has_no_case:
            continue
        gotcha.complaints += [c for c in of_entries + of_cases if c.id == identity]
        gotcha.complaints += missing_halves(gotcha, identity in entry_files, identity in case_files,
                                            catalogue_directory, cases_directory)
        if gotcha.entry and gotcha.case:
            gotcha.complaints += disagreements(gotcha.entry, gotcha.case)
        gotchas.append(gotcha)
    return sorted(gotchas, key=lambda gotcha: gotcha.place)
