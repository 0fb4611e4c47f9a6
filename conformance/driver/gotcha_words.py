"""Words for people, for what the catalogue and the cases say in keys."""

FAMILIES = {
    "identity": "Identity, waiting, killing",
    "containment": "Containment",
    "fork-exec": "Fork, exec and the child's first steps",
    "pipes": "Pipes and descriptors",
    "signals": "Signals",
    "windows": "Windows' own",
}
DOCUMENTS = {
    "S0": "Gotchas, bugs, and platform inconsistencies (duct)",
    "S1": "Python issue 42558: waitpid/waitid race caused by change to Popen.send_signal",
    "S2": "processkit: the shared POSIX process-group job",
    "S3": "a discussion of “The Unix process API is unreliable and unsafe”",
    "S4": "NET7212, Safe System Programming: Multiprocessing pitfalls",
    "+": "beyond these",
}
ADDRESSES = {"duct": "https://github.com/oconnor663/duct.py"}  # that a document itself names
PLATFORMS = {"linux": "Linux", "macos": "macOS", "bsd": "BSD", "windows": "Windows"}
MODES = {"bare": "bare", "run": "`forkproof run`", "preload": "preload alone"}
ANSWERS = {
    "prevented": "prevented",
    "limited": "limited",
    "detected": "not prevented; an audit names it",
    "none": "nothing",
}
NEEDS = {
    "forced-pids": "a pid namespace in which pids can be chosen",
    "pid-limit": "a pid namespace with a limit of processes (Linux 6.14)",
    "root": "root",
    "pty": "a pseudo-terminal",
    "threads": "threads",
    "c++": "a C++ compiler",
    "wine": "Wine",
}
CONDITIONS = {"root": "for root", "plain-user": "for a plain user", "cgroup": "where a cgroup can be made"}
SYSTEMS = {"linux": "Linux", "glibc": "glibc"}


def condition(text):
    """`musl !root`, in words."""
    name = text.lstrip("!")
    system, _, version = name.partition("-")
    otherwise = f"from {SYSTEMS[system]} {version}" if version and system in SYSTEMS else f"with {name}"
    words = CONDITIONS.get(name, otherwise)
    return f"not {words}" if text.startswith("!") else words


def listed(words):
    return ", ".join(words)


def options(entry, case, mode):
    """With which its answer is what it is, since by default it is not. The grace decides how long it takes only, and
    contain= is the preload's."""
    if case is None or getattr(entry, mode) not in ("prevented", "limited"):
        return ""
    keys = [key for key in case.preload.split(":") if key]
    if mode == "preload":
        return ":".join(keys)
    others = [f"-o {key}" for key in keys if not key.startswith("contain=") and f"--{key}" not in case.run]
    return " ".join([word for word in case.run if not word.startswith("--grace=")] + others)


def answer(text, with_options):
    return f"{text}, with `{with_options}`" if with_options else text
