"""`--help` of the command and of each subcommand: it fits a screen, and says what the manual page says."""

import pathlib
import re
import subprocess
import unittest

from harness import FORKPROOF

MANUALS = pathlib.Path(__file__).resolve().parents[3] / "docs" / "man"
COMMANDS = "run", "ps", "kill", "stop", "cont", "audit", "report", "doctor", "explain"
LINES, COLUMNS = 24, 80  # of a terminal that nobody has made larger

WRONG = (
    [], ["nope"], ["--nope"], ["--version=3"],
    *([command, "--nope"] for command in COMMANDS), *([command, "--help=x"] for command in COMMANDS),
    ["run"], ["run", "--strict=x", "true"], ["run", "--keep"], ["run", "-o"], ["audit"], ["audit", "--format"],
    ["kill"], ["kill", "a", "b"], ["kill", "--signal"], ["stop"], ["stop", "a", "b"], ["cont"], ["cont", "a", "b"],
    ["ps", "a"], ["doctor", "a"], ["report"], ["report", "a", "b"], ["explain", "--run"], ["explain", ""],
)


def ask(*words):
    return subprocess.run([FORKPROOF, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


def told(text):
    """The options that stand at the beginning of a line of --help: {"-q", "--quiet"}."""
    found = set()
    for line in re.findall(r"^ +(-.*)$", text, flags=re.MULTILINE):
        names = re.match(r"-[^\s,]+(?:, -[^\s,]+)*", line)[0]
        found.update(re.match(r"--?[a-z-]+", name)[0] for name in names.split(", "))
    return found


def documented(page, command):
    """The options that are the head of an entry of the page. Of those of several commands it says whose they are:
    at the beginning of the entry, or before the list of several ("Of forkproof audit only:")."""
    found, of_list = set(), None
    for entry in re.split(r"^\.It ", page, flags=re.MULTILINE)[1:]:
        head, _, text = entry.partition("\n")
        of_entry = re.match(r"Of\n\.Nm forkproof (\w+) ", text)
        if head.startswith("Fl ") and (of_entry[1] if of_entry else of_list) in (None, command):
            found.update("-" + name for name in re.findall(r"\bFl (-?[a-z-]+)", head))
        of_next = re.search(r"^Of\n\.Nm forkproof (\w+)\nonly:$", text, flags=re.MULTILINE)
        of_list = of_next[1] if of_next else of_list
    return found


class Help(unittest.TestCase):
    def each(self):
        for words in [], *([command] for command in COMMANDS):
            with self.subTest(words):
                yield words

    def test_fits_a_screen(self):
        for words in self.each():
            for option in "--help", "-h":
                done = ask(*words, option)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.startswith(" ".join(["Usage: forkproof", *words])), done.stdout)
                lines = done.stdout.splitlines()
                self.assertLessEqual(len(lines), LINES)
                self.assertLessEqual(max(map(len, lines)), COLUMNS, max(lines, key=len))

    def test_is_a_command_too(self):
        self.assertEqual(ask("help").stdout, ask("--help").stdout)

    def test_names_every_command(self):
        self.assertEqual(set(re.findall(r"^  ([a-z]+)", ask("--help").stdout, flags=re.MULTILINE)), set(COMMANDS))

    def test_that_cannot_be_written_is_a_failure(self):
        for words in self.each():
            with open("/dev/full", "w") as full:
                done = subprocess.run([FORKPROOF, *words, "--help"], stdout=full, stderr=subprocess.PIPE, text=True,
                                      timeout=60)
            self.assertEqual(done.returncode, 125)
            self.assertRegex(done.stderr, r"\Aforkproof: [^\n]*No space left on device\n\Z")

    def test_wrong_use_is_one_line(self):
        for words in WRONG:
            with self.subTest(words):
                done = ask(*words)
                self.assertEqual((done.returncode, done.stdout), (125, ""))
                self.assertRegex(done.stderr, r"\Aforkproof: [^\n]+\n\Z")


class Manual(unittest.TestCase):
    def page(self, *words):
        return (MANUALS / ("-".join(["forkproof", *words]) + ".1")).read_text()

    def test_each_command_has_a_page(self):
        whole = self.page()
        for command in COMMANDS:
            with self.subTest(command):
                self.assertRegex(self.page(command), rf"(?m)^\.Nm forkproof-{command}\b")
                self.assertRegex(whole, rf"(?m)^\.It Cm {command}$")
                self.assertRegex(whole, rf"(?m)^\.Xr forkproof-{command} 1 \.$")

    def test_has_the_options_that_help_names_and_no_others(self):
        for words in [], *([command] for command in COMMANDS):
            with self.subTest(words):
                self.assertEqual(documented(self.page(*words), "".join(words)), told(ask(*words, "--help").stdout))

    def test_gives_the_values_that_help_gives(self):
        """Lists such as root|empty are the same, whatever the order."""
        for command in "run", "audit", "report":
            text, page = ask(command, "--help").stdout, self.page(command)
            for option, values in re.findall(r"(--[a-z-]+)=([a-z]+(?:\|[a-z]+)+)", text):
                entry = re.search(rf"^\.It Fl {option[1:]} Ns = Ns Cm (.*)$", page, flags=re.MULTILINE)
                with self.subTest(command + option):
                    self.assertEqual(sorted(entry[1].split(" | ")), sorted(values.split("|")))


if __name__ == "__main__":
    unittest.main()
