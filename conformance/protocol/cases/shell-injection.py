"""A plain argument arrives. Then children get arguments with a shell's syntax, one each, and report them; and a program
is started whose name is such, and which has no arguments. What is taken for a command creates a file."""

OUTCOMES = {
    "injected": (False, "said", "part of an argument, or of a name, was taken for a command or a redirection"),
    "mangled": (False, "said", "an argument did not arrive as it was given"),
    "refused": (True, "said", "the library reported an error"),
    "verbatim": (True, "said", "each argument was an argument, and the name was a name"),
}
NEEDS = ("spawn",)
WORDS = (";touch injected", "|touch injected", "&touch injected", "$(touch injected)", "`touch injected`",
         "\ntouch injected", "';touch injected;'", '";touch injected;"', ">injected", "<nothing", "a  b", "", "*", "~",
         "$HOME", "'", '"', "\\", "#", "-n", "{a,b}", "a\nb", "a\tb")
NAME = "./it;touch injected"


def play(subject):
    subject.must_report("a", "arguments", "a")
    came = ["verbatim"]
    for number, word in enumerate(WORDS):
        came.append(arrives(subject, f"a{number}", word))
        if not OUTCOMES[came[-1]][0]:
            return came[-1]
    came.append(is_started(subject))
    return min(came, key=[*OUTCOMES].index)


def arrives(subject, child, word):
    world = subject.world
    if subject.ask("spawn", child=child, **subject.helper("arguments", word)).ok is None:
        return "refused"
    report = world.report("arguments", world.patience)
    if report and report[1] == [word]:
        return "verbatim"
    return "injected" if world.until((world.work / "injected").exists) else "mangled"


def is_started(subject):
    work = subject.world.work
    ran, injected, program = work / "ran", work / "injected", work / NAME
    program.write_text("#!/bin/sh\n: >ran\n", encoding="ascii")
    program.chmod(0o755)
    if subject.ask("spawn", child="name", program=NAME, arguments=[]).ok is None:
        return "refused"
    subject.world.until(lambda: ran.exists() or injected.exists(), subject.world.patience)
    return "injected" if injected.exists() else "verbatim" if ran.exists() else "mangled"
