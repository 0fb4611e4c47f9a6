"""What a shell offers for forkproof's command line: `test_completion.py SHELL`, with FORKPROOF set to the command.

What must be offered is taken from --help and the manual pages, which tools/forkproof/test/test_help.py compares.
Ends with 77 when the shell is not installed.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import shells

MANUALS = pathlib.Path(__file__).resolve().parents[3] / "docs" / "man"
COMMANDS = "run", "ps", "kill", "stop", "cont", "audit", "report", "doctor", "explain"


def forkproof(*words):
    return subprocess.run([os.environ["FORKPROOF"], *words], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


def options_of(*words):
    """Option -> whether it takes a value."""
    text = forkproof(*words, "--help").stdout
    found = re.findall(r"^ +(?:-\w, )?(--[a-z-]+)(=?)", text, flags=re.MULTILINE)
    return {option: bool(value) for option, value in found} | (options_of("run") if words == ("audit",) else {})


def values_of(command):
    """Option -> its values, of those that take one of several words."""
    text = (MANUALS / f"forkproof-{command}.1").read_text()
    entries = re.findall(r"^\.It Fl (-[a-z-]+) Ns = Ns Cm (\S+(?: \| \S+)+)$", text, flags=re.MULTILINE)
    return {"-" + option: set(values.split(" | ")) for option, values in entries}


def pairs():
    """Key -> its values, of the library's options; none of a number's."""
    text = (MANUALS / "forkproof-options.7").read_text()
    entries = re.findall(r"^\.It Cm (\w+) Ns = Ns (Cm|Ar) (.+)$", text, flags=re.MULTILINE)
    return {key: set(values.split(" | ")) if kind == "Cm" else set() for key, kind, values in entries}


class Completion:
    """One of the classes below makes it a test of a shell."""

    arguments = {"alpha", "beta"}  # of fpsubject

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="forkproof-completion-"))
        self.addCleanup(shutil.rmtree, self.place)
        programs = self.place / "bin"
        programs.mkdir()
        (programs / "forkproof").symlink_to(os.environ["FORKPROOF"])
        self.write_program(programs / "fpsubject", "exit 0")
        self.environment = dict(os.environ, PATH=f"{programs}:/usr/bin:/bin",
                                FORKPROOF_RUNTIME_DIR=f"{self.place}/runs")
        self.shell = self.shell_class(self.place, self.environment)
        self.addCleanup(self.shell.close)

    def write_program(self, path, text):
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def offers(self, line):
        return set(self.shell.offers(f"forkproof {line}"))

    def values(self, line):
        """Behind the last "=" or ":": some shells offer the whole word, some what is missing."""
        return {re.split("[=:]", offer)[-1] for offer in self.offers(line)}

    def test_commands(self):
        self.assertEqual(self.offers(""), set(COMMANDS))
        self.assertEqual(self.offers("sto"), {"stop"})

    def test_options_are_those_of_help(self):
        for words in (), *((command,) for command in COMMANDS):
            with self.subTest(words):
                offers = {offer.rstrip("=") for offer in self.offers(" ".join((*words, "--")))}
                self.assertEqual(offers, set(options_of(*words)))

    def test_values(self):
        for command, page in ("run", "run"), ("audit", "run"), ("audit", "audit"), ("report", "report"):
            self.assertTrue(values_of(page))
            for option, values in values_of(page).items():
                for separator in "=", " ":
                    with self.subTest(command + option + separator):
                        self.assertEqual(self.values(f"{command} {option}{separator}"), values)

    def test_options_of_the_library(self):
        self.assertEqual({offer.split("=")[0] for offer in self.offers("run -o ")}, set(pairs()))
        found = {offer.removeprefix("--option=").split("=")[0] for offer in self.offers("run --option=s")}
        self.assertEqual(found, {"stale", "sigpipe"})
        for key, values in pairs().items():
            with self.subTest(key):
                self.assertEqual(self.values(f"run -o {key}=") - {""}, values)

    def test_signals(self):
        for line in "kill -s ", "kill --signal=", "run --signal=", "audit --signal ":
            signals = self.values(line)
            self.assertLessEqual({"TERM", "HUP", "USR1", "KILL"}, signals)
        for signal in signals:
            self.assertNotIn("bad value", forkproof("kill", "-s", signal, "nosuch").stderr)

    def test_files(self):
        (self.place / "somewhat.bin").touch()
        for line in ("report ", "report --output=", "report --baseline ", "audit --record=", "audit --suppressions ",
                     "run --report=", "run --report "):
            with self.subTest(line):
                self.assertEqual(self.values(line + "somew"), {"somewhat.bin"})

    def start(self, *words):
        """A run that lasts until the test is over."""
        run = subprocess.Popen([os.environ["FORKPROOF"], "run", *words, "--", "sh", "-c", "echo ready; cat"],
                               env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(run.communicate)
        self.assertEqual(run.stdout.readline(), b"ready\n")

    def test_runs(self):
        self.start("--name=web.one")
        self.start()
        listed = subprocess.run([os.environ["FORKPROOF"], "ps", "--json"], env=self.environment, capture_output=True)
        names = {row["name"] or row["id"] for row in json.loads(listed.stdout)}
        self.assertEqual(len(names), 2)
        for command in "kill", "stop", "cont", "kill -s TERM":
            with self.subTest(command):
                self.assertEqual(self.offers(f"{command} "), names)
        self.assertEqual(self.offers("stop web"), {"web.one"})

    def test_gotchas(self):
        ids = {gotcha["id"] for gotcha in json.loads(forkproof("explain", "--json").stdout)}
        self.assertEqual(self.offers("explain "), ids)
        self.assertEqual(self.offers("explain --run kill-wait-r"), {"kill-wait-race"})

    def test_a_command_that_fails_is_silent(self):
        (self.place / "bin" / "forkproof").unlink()
        self.write_program(self.place / "bin" / "forkproof", "echo broken >&2; exit 125")
        self.assertEqual(self.offers("kill "), set())
        self.assertEqual(self.offers("explain "), set())
        self.assertNotIn("broken", self.shell.shown())

    def test_program(self):
        for words in ("run ", "run -- ", "run -q --keep x --grace=5s ", "run -o stale=deny --option kill=tree -- ",
                      "audit ", "audit --format json --stall=1s,end -- "):
            with self.subTest(words):
                self.assertEqual(self.offers(words + "fpsub"), {"fpsubject"})
                self.assertEqual(self.offers(words + "fpsubject "), self.arguments)
                self.assertEqual(self.offers(words + "fpsubject --st"), set())

    def test_a_value_in_the_next_word_is_not_the_program(self):
        for option, takes_value in options_of("audit").items():
            if option != "--help":
                with self.subTest(option):
                    words = f"audit {option} x fpsubject " if takes_value else f"audit {option} fpsubject "
                    self.assertEqual(self.offers(words), self.arguments)


@unittest.skipUnless(shells.Bash.library.exists(), "not installed: bash-completion")
class InBash(Completion, unittest.TestCase):
    shell_class = shells.Bash

    def test_what_is_finished_gets_a_blank(self):
        for line, completed in (("run --stri", "run --strict "), ("run --max", "run --max-procs="),
                                ("run --contain=pid", "run --contain=pidns "), ("run -o zom", "run -o zombies="),
                                ("run -o stale=d", "run -o stale=deny "),
                                ("run -o stale=deny:kill=t", "run -o stale=deny:kill=tree "),
                                ("report --output=hom", "report --output=home/")):
            with self.subTest(line):
                self.assertEqual(self.shell.completed(f"forkproof {line}"), f"forkproof {completed}")


class InBareBash(InBash):
    """Without the package bash-completion: readline by itself offers files."""

    __unittest_skip__ = False  # as the class above may be
    shell_class = shells.BareBash
    arguments = {"bashrc", "bin", "home"}


class InZsh(Completion, unittest.TestCase):
    shell_class = shells.Zsh


class InFish(Completion, unittest.TestCase):
    shell_class = shells.Fish


CASES = {"bash": ["InBash", "InBareBash"], "zsh": ["InZsh"], "fish": ["InFish"]}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in CASES:
        sys.exit("usage: test_completion.py bash|zsh|fish [TEST]...")
    shell = sys.argv.pop(1)
    if not shutil.which(shell):
        print(f"not installed: {shell}")
        sys.exit(77)
    unittest.main(defaultTest=CASES[shell])


if __name__ == "__main__":
    main()
