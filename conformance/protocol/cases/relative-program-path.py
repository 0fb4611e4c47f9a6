"""In the working directory lies a program that has the name of one in PATH. A name is to run what is in PATH; the same
as a path of a file, where the library has a type for that, what is in the working directory. By its
whole path a program can be started."""

OUTCOMES = {
    "name-ran-ours": (False, "said", "a name ran the program in the working directory, not the one in PATH"),
    "ran-theirs": (False, "said", "a path ran the program of that name in PATH, not the one in the working directory"),
    "refused": (True, "said", "the library reported an error, and nothing ran"),
    "as-meant": (True, "said", "each ran the program that is meant by it"),
}
NEEDS = ("spawn",)
NAME = "touch"  # theirs creates a file where the helper reports
VERB = "where"


def play(subject):
    subject.must_report("a", "arguments", "a")
    (subject.world.work / NAME).symlink_to(subject.settings.helper)
    name = what_ran(subject, "a")
    if name == "ours":
        return "name-ran-ours"
    path = what_ran(subject, "b", kind="path") if "path" in subject.can else "ours"
    if path == "theirs":
        return "ran-theirs"
    return "refused" if "nothing" in (name, path) else "as-meant"


def what_ran(subject, child, **members):
    world, created = subject.world, subject.world.work / VERB
    asked = subject.helper(VERB) | {"program": NAME}
    if subject.ask("spawn", child=child, **asked, **members).ok is None:
        return "nothing"
    world.until(lambda: created.exists() or world.find_report(VERB), world.long)
    if world.find_report(VERB):
        return "ours"
    created.unlink()
    return "theirs"
