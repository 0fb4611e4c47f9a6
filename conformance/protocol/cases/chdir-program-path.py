"""A program is given by a relative path, and the child gets another directory. Both directories have a program of that
path: which one runs? By its whole path a program can be started in another directory."""

import shutil

OUTCOMES = {
    "ran-theirs": (False, "said", "the program in the child's directory ran"),
    "refused": (True, "said", "the library reported an error, and nothing ran"),
    "ran-ours": (True, "said", "the one in the parent's directory ran"),
}
NEEDS = ("spawn", "cwd")
RUN = ("-o", "exec=parent-dir")
PATH = "tools/check"


def play(subject):
    work = subject.world.work
    subject.must_report("/usr", "where", cwd="/usr")
    for program in (work / PATH, work / "project" / PATH):
        program.parent.mkdir(parents=True)
        shutil.copy(subject.settings.helper, program)
    asked = subject.helper("where") | {"program": PATH}
    if subject.ask("spawn", child="a", cwd=str(work / "project"), **asked).ok is None:
        return "refused"
    _, (ran, _) = subject.world.report("where")
    return "ran-ours" if ran == str(work / PATH) else "ran-theirs"
