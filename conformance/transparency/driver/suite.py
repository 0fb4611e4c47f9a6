"""What a suite is: one file of suites/, a Python module with

    a docstring     what it is and which part of it runs; the first line is its title
    PACKAGES        Debian packages that bring it (installed in the world, see world.py)
    SOURCES         Debian source packages, unpacked in /src/NAME (default none)
    BUILD           shell script run once as tester before the suite, to build in /src/NAME (default none)
    GATE            whether tools/test runs it (default False)
    USER            "root" or "tester" (default tester)
    KINDS           of KINDS below (default bare, empty, shim)
    OPTIONS         FORKPROOF_OPTIONS of the shimmed runs (default contain=off: suites leave daemons on purpose)
    SECONDS         one command may take in one run (default 300)
    EXPLAINED       {pattern of "command: test": why it differs from bare}, each also in docs/guarantees.md

and either

    commands()          {name: argv}, each run on its own
    outcomes(output)    {test: verdict} of what a command printed; see passes() for what a verdict means
    passes(verdict)     only where the words are others than those known here

or, for a scenario of our own around a program or server,

    scenario(scene)     run inside the world by inside/main.py; see inside/scene.py

EMPTY and SHIM are preloaded into the command and all below it; into no part of a scenario but the
programs that it starts as programs under test. RUN starts those by `forkproof run` instead.
"""

import fnmatch
import importlib
import pathlib
import re

KINDS = BARE, EMPTY, SHIM, RUN = "bare", "empty", "shim", "run"
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "suites"
WHERE = "/opt/forkproof/"
PRELOADS = {EMPTY: WHERE + "conformance/transparency/libempty.so", SHIM: WHERE + "lib/libforkproof.so"}
FAILS = re.compile(r"not ok|fail|error|broken|bad|timed? ?out|missing|crash|unexpected|abort", re.IGNORECASE)


def passes(verdict):
    return not FAILS.match(verdict)


def is_skip(verdict):
    return verdict.lower().startswith("skip")


class Suite:
    def __init__(self, name, module=None):
        module = module or importlib.import_module("suites." + name)
        get = lambda key, default: getattr(module, key, default)
        self.name = name
        self.title = (module.__doc__ or name).strip().splitlines()[0].rstrip(".")
        self.packages = tuple(get("PACKAGES", ()))
        self.sources = tuple(get("SOURCES", ()))
        self.build = get("BUILD", None)
        self.gate = get("GATE", False)
        self.user = get("USER", "tester")
        self.kinds = tuple(get("KINDS", KINDS[:3]))
        self.options = get("OPTIONS", "contain=off")
        self.seconds = get("SECONDS", 300)
        self.explained = get("EXPLAINED", {})
        self.passes = get("passes", passes)
        self.is_scenario = hasattr(module, "scenario")
        self.module = module
        if self.kinds[:1] != (BARE,) or set(self.kinds) - set(KINDS):
            raise ValueError(f"suites/{name}.py: KINDS: must begin with bare, of {', '.join(KINDS)}")

    def commands(self):
        if self.is_scenario:
            return {"scenario": ["/usr/bin/python3", "-B", "/opt/transparency/inside/main.py", self.name]}
        return self.module.commands()

    def outcomes(self, output):
        return scenario_outcomes(output) if self.is_scenario else self.module.outcomes(output)

    def environment(self, kind):
        """The variables by which a run of this kind differs."""
        if self.is_scenario:
            given = {"SCENE_KIND": kind, "SCENE_OPTIONS": self.options}
            return given | ({"SCENE_PRELOAD": PRELOADS[kind]} if kind in PRELOADS else {})
        given = {"LD_PRELOAD": PRELOADS[kind]} if kind in PRELOADS else {}
        return given | ({"FORKPROOF_OPTIONS": self.options} if kind == SHIM else {})

    def argv(self, kind, argv):
        if kind == RUN and not self.is_scenario:
            return [WHERE + "bin/forkproof", "run", "--quiet", "--", *argv]
        return argv

    def explanation(self, test):
        return next((why for pattern, why in self.explained.items() if fnmatch.fnmatch(test, pattern)), None)


def names():
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def scenario_outcomes(output):
    found = {}
    for name, value in re.findall(r"^check (.*?): (.*)$", output, re.MULTILINE):
        found[name] = f"{found[name]}; {value}" if name in found else value
    return found


def figures(output):
    """{name: (value, unit)} of the lines `figure NAME: VALUE UNIT`."""
    found = re.finditer(r"^figure (.*?): ([0-9.]+) (.*)$", output, re.MULTILINE)
    return {m[1]: (float(m[2]), m[3]) for m in found}
