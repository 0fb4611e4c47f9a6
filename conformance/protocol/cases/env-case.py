"""A variable can be given to a child. To what another child has anyway four are added: two whose names differ only in
case, one that so differs from PATH, and one that is there already. The child tells what it finds."""

OUTCOMES = {
    "two-values": (False, "said", "a variable stands in the environment twice: each reader takes the one it likes"),
    "lost": (False, "said", "a variable does not have the value that was given"),
    "refused": (True, "said", "the library reported an error"),
    "one-value": (True, "said", "each variable has the one value that was given"),
}
NEEDS = ("spawn", "env")
THERE = "CASE_DIRECTORY"  # the warden has set it
GIVEN = ("fp_one=lower", "FP_ONE=upper", "path=own", f"{THERE}=elsewhere")


def play(subject):
    subject.must_report("fp_new=1", "environment", "fp_new", env=["fp_new=1"])
    asked = subject.helper("environment", "fp_one", "path", THERE)
    if subject.ask("spawn", child="a", env=list(GIVEN), **asked).ok is None:
        return "refused"
    _, found = subject.world.report("environment")
    names = [variable.partition("=")[0] for variable in found]
    if len(set(names)) < len(names):
        return "two-values"
    return "one-value" if {*GIVEN} <= {*found} and "PATH" in names else "lost"
