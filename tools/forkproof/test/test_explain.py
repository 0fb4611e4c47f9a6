"""forkproof explain: what it lists, finds and tells, how that looks, and that --run shows what happens."""

import difflib
import fcntl
import glob
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import unittest

import filters
import harness
from harness import FORKPROOF

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "conformance"))

from driver import cases, catalogue, gotcha_page, timeline  # noqa: E402

UNSHARE = 272 if os.uname().machine == "x86_64" else 97
PLAIN = {"LC_ALL": "C.UTF-8", "TERM": "xterm"}
UNTOLD = ("COLUMNS", "LINES", "NO_COLOR", "PAGER", "LESS", "TMPDIR")
ESCAPE = re.compile(r"\033\[[0-9;]*m")


class Explain(harness.Case):
    def setUp(self):
        super().setUp()
        self.temporary = os.path.join(self.directory, "tmp")
        os.mkdir(self.temporary)
        kept = {name: value for name, value in self.environment.items() if name not in UNTOLD}
        self.environment = {**kept, **PLAIN, "TMPDIR": self.temporary}

    def tearDown(self):
        self.assertEqual(os.listdir(self.temporary), [], "what --run has left")
        super().tearDown()

    def start(self, *words, environment=(), **options):
        return subprocess.run([self.forkproof, "explain", *words], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=2 * harness.DEADLINE, env={**self.environment, **dict(environment)}, **options)

    def explain(self, *words, **options):
        done = self.start(*words, **options)
        self.assertEqual((done.returncode, done.stderr), (0, b""), words)
        return done.stdout.decode()

    def refused(self, *words, **options):
        """The one line."""
        done = self.start(*words, **options)
        self.assertEqual((done.returncode, done.stdout), (125, b""), words)
        line = done.stderr.decode()
        self.assertRegex(line, r"\Aforkproof: explain: [^\n]+\n\Z")
        return line

    def run_gotcha(self, *words, **options):
        done = self.start("--run", *words, **options)
        if b"cannot be run here" in done.stderr:
            self.skipTest(done.stderr.decode().strip())
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode()

    def on_terminal(self, *words, rows=24, columns=80, keys=b"", **environment):
        """Everything that a terminal of that size is sent."""
        told, ready = os.pipe()
        pid, fd = pty.fork()
        if pid == 0:
            os.read(told, 1)
            os.execve(self.forkproof, ["forkproof", "explain", *words], {**self.environment, **environment})
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.write(ready, b"x")
        os.write(fd, keys)
        text = harness.read_until(fd, None)
        for end in told, ready, fd:
            os.close(end)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        return text.decode().replace("\r\n", "\n")


class Catalogue(Explain):
    """What is told is what is written in conformance/catalogue and conformance/cases."""

    def setUp(self):
        super().setUp()
        self.entries = catalogue.load(ROOT / "conformance/catalogue")
        self.cases = cases.load(ROOT / "conformance/cases")

    def test_every_entry_is_known_and_nothing_else(self):
        told = json.loads(self.explain("--json"))
        self.assertEqual([gotcha["id"] for gotcha in told], [entry.id for entry in self.entries])
        listed = re.findall(r"^  ([a-z0-9-]+)(?:  |$)", self.explain(), re.M)
        self.assertEqual(listed, [entry.id for entry in self.entries])

    def test_it_tells_what_the_entry_says(self):
        for entry in self.entries:
            told = json.loads(self.explain("--json", entry.id))
            for key in ("id", "title", "family", "severity", "audit", "run", "preload", "how"):
                self.assertEqual(told[key], getattr(entry, key), entry.id)
            self.assertEqual(told["tags"], list(entry.tags))
            self.assertEqual([(s["document"], s["section"]) for s in told["sources"]], list(entry.sources))
            for name, text in entry.sections.items():
                self.assertEqual(told[name.lower()], text, (entry.id, name))

    def test_it_tells_what_the_case_says(self):
        for entry in self.entries:
            told, case = json.loads(self.explain("--json", entry.id))["program"], self.cases.get(entry.id)
            if case is None:
                self.assertIsNone(told)
                continue
            self.assertEqual([(o["word"], o["safe"], o["means"]) for o in told["outcomes"]],
                             [(o.word, o.safe, o.means) for o in case.outcomes.values()], entry.id)
            for (program, mode), word in case.expect.items():
                self.assertEqual(told["expected"][program][mode], word, entry.id)
            self.assertEqual((told["run_options"], told["preload_options"]), (list(case.run), case.preload))

    def test_every_page_fits(self):
        for entry in self.entries:
            for columns in 80, 100:
                text = self.explain(entry.id, environment={"COLUMNS": str(columns)})
                self.assertNotRegex(text, r"[ \t]\n")
                text = re.sub(r"(?m)^    .*$", "", text)  # code is as it is
                self.assertNotIn("**", text)
                for line in text.splitlines():
                    self.assertLessEqual(len(line), columns, entry.id)

    def test_what_forkproof_does_is_told_as_in_the_pages(self):
        for entry in self.entries:
            text = self.explain(entry.id, environment={"COLUMNS": "100"})
            shown = text.split("\nUnder forkproof\n", 1)[1].split("\n\n", 1)[0].split()
            wanted = gotcha_page.under(entry, self.cases.get(entry.id))[0]
            self.assertEqual(shown, wanted.replace("**", "").split(), entry.id)

    def test_an_option_is_named_where_the_default_prevents_nothing(self):
        self.assertIn("`forkproof run`: prevented, with `-o sigpipe=epipe`.", self.explain("stdin-epipe"))
        self.assertIn("`forkproof run`: prevented, with `--kill=tree`.", self.explain("watch-restart-leak"))
        self.assertIn("`forkproof run`: prevented. The", self.explain("graceful-shutdown"))

    def test_sources_have_no_codes(self):
        for entry in self.entries:
            top = self.explain(entry.id).split("\nStory\n", 1)[0]
            self.assertNotRegex(top, r"(?m)^(?:S\d|\+) ", entry.id)
        self.assertIn("\nGotchas, bugs, and platform inconsistencies (duct): ", self.explain("stdin-epipe"))

    def test_timelines_are_drawn_as_in_the_pages(self):
        for entry in self.entries:
            for columns in 60, 80, gotcha_page.ROOM + 2:
                text = self.explain(entry.id, environment={"COLUMNS": str(columns)})
                shown = text.split("\nTimeline\n", 1)[1].split("\n\n", 1)[0]
                drawn = timeline.draw(entry.sections["Timeline"], columns - 2)[0]
                wanted = "\n".join(("  " + line).rstrip() for line in drawn.splitlines())
                self.assertEqual(shown, wanted, "\n".join(difflib.ndiff(shown.splitlines(), wanted.splitlines())))

    def test_a_program_that_is_run_comes_to_what_is_expected(self):
        for name in "kill-wait-race", "grandchild-survives-kill", "pipe-full-deadlock", "fork-bomb":
            with self.subTest(name):
                text = self.run_gotcha(name)
                found = re.search(r"^What came of it\n  (UNSAFE|safe): (\S+) +│ (UNSAFE|safe): (\S+)$", text, re.M)
                case = self.cases[name]
                words = [case.expect["bad", mode] for mode in ("bare", "run")]
                self.assertEqual([found[2], found[4]], words)
                self.assertEqual([found[1] == "safe", found[3] == "safe"], [case.outcomes[word].safe for word in words])


class Text(Explain):
    def test_a_page_has_its_parts(self):
        text = self.explain("kill-wait-race")
        parts = re.findall(r"^[A-Z].*$", text, re.M)
        self.assertEqual(parts[0], "A kill hits a stranger that has the pid of a reaped child")
        wanted = ["Story", "Timeline", "What comes of it: a program that falls into it (bad), and its twin (good)",
                  "Remedy", "Under forkproof", "Elsewhere"]
        self.assertEqual([part for part in parts if part in wanted], wanted)
        self.assertIn("See it: `forkproof explain --run kill-wait-race`", text)
        self.assertIn("    pthread_mutex_lock(&lock);\n", text)

    def test_search(self):
        text = self.explain("zombie")
        self.assertIn("zombie-apocalypse", text)
        self.assertRegex(text, r"(?m)^Also told of in: .*")
        self.assertEqual(text, self.explain("ZOMBIE"))
        self.assertIn("kill-wait-race", self.explain("kill", "stranger"))
        self.assertNotIn("pipe-full-deadlock", self.explain("kill", "stranger"))
        self.assertIn("pipe-full-deadlock", [found["id"] for found in json.loads(self.explain("--json", "deadlock"))])

    def test_what_is_told_of_nearly_everywhere_is_not_listed_beside_what_is_named(self):
        listed = re.findall(r"(?m)^  ([a-z0-9-]+)  ", self.explain("kill"))
        self.assertGreater(len(json.loads(self.explain("--json", "kill"))), len(listed) + 12)
        self.assertNotIn("told of in", self.explain("kill"))
        self.assertRegex(self.explain("kernel"), r"\ATold of in: (?:[a-z0-9-]+,\s+){20}")

    def test_a_word_of_one_letter_is_ignored(self):
        self.assertEqual(self.explain("a", "zombie", "b"), self.explain("zombie"))
        self.assertEqual(self.refused("a", "b"), "forkproof: explain: a word of one letter is in everything\n")
        self.assertIn("one letter", self.refused("--json", "a"))

    def test_unknown(self):
        self.assertIn("nothing is known of 'killwaitrace'; nearest: kill-wait-race\n", self.refused("killwaitrace"))
        self.assertIn("nearest: grandchild-survives-kill", self.refused("--run", "grandchild-survive-kill"))
        self.assertIn("forkproof explain lists", self.refused("q" * 5000))
        self.assertIn("nothing has each of", self.refused("zombie", "qqqq"))
        self.assertIn("\\x1b[31m", self.refused("\033[31m"))

    def test_bad_input(self):
        self.assertIn("'--nope'", self.refused("--nope"))
        self.assertIn("needs the id", self.refused("--run"))
        self.assertIn("takes one id: 'fork-bomb'", self.refused("--run", "kill-reaps", "fork-bomb"))
        self.assertIn("--json shows no run", self.refused("--run", "--json", "kill-reaps"))
        self.assertIn("empty word", self.refused(""))
        with open("/dev/full", "w") as full:
            done = subprocess.run([FORKPROOF, "explain"], stdout=full, stderr=subprocess.PIPE, env=self.environment)
        self.assertEqual((done.returncode, done.stderr),
                         (125, b"forkproof: explain: cannot write: No space left on device\n"))

    def test_help(self):
        self.assertLessEqual(max(map(len, self.explain("--help").splitlines())), 80)
        done = subprocess.run([FORKPROOF, "--help"], capture_output=True, text=True)
        self.assertIn("\n  explain [ID | WORD...] ", done.stdout)

    def test_width(self):
        text = self.explain()
        self.assertTrue(70 < max(map(len, text.splitlines())) <= 80)
        for columns, least, most in ("50", 45, 50), ("100", 85, 100), ("400", 85, 100), ("none", 70, 80), ("0", 70, 80):
            with self.subTest(columns):
                widest = max(map(len, self.explain(environment={"COLUMNS": columns}).splitlines()))
                self.assertTrue(least < widest <= most, widest)
        for columns in "1", "17", "999999999999999999999999":
            self.explain("kill-wait-race", environment={"COLUMNS": columns})

    def test_without_utf_8_it_is_ascii(self):
        text = self.explain("kill-wait-race", environment={"LC_ALL": "C"})
        self.assertTrue(text.isascii())
        self.assertIn("  * waitpid(100) |", text)
        utf8 = self.explain("kill-wait-race")
        self.assertIn("  ├ waitpid(100) │", utf8)
        self.assertEqual(list(map(len, text.splitlines())), list(map(len, utf8.splitlines())))


class Terminal(Explain):
    def test_colours_on_a_terminal_only(self):
        words = "kill-wait-race", "--no-pager"
        self.assertNotIn("\033", self.explain(*words))
        self.assertIn("\033[", self.on_terminal(*words))
        self.assertNotIn("\033", self.on_terminal(*words, NO_COLOR="1"))
        self.assertIn("\033[", self.on_terminal(*words, NO_COLOR=""))
        self.assertNotIn("\033", self.on_terminal(*words, TERM="dumb"))

    def test_the_width_is_the_terminals(self):
        for columns, least, most in (60, 50, 60), (90, 80, 90), (200, 90, 100):
            text = ESCAPE.sub("", self.on_terminal("--no-pager", columns=columns))
            self.assertTrue(least < max(map(len, text.splitlines())) <= most)
        text = ESCAPE.sub("", self.on_terminal("--no-pager", columns=90, COLUMNS="60"))
        self.assertLessEqual(max(map(len, text.splitlines())), 60)

    def pager(self):
        """A pager that writes down what it gets; and where."""
        path = os.path.join(self.directory, "paged")
        return f"printf '%s\\n' \"$LESS\" > '{path}'; cat >> '{path}'; echo paged", path

    def test_what_is_longer_than_the_screen_goes_through_the_pager(self):
        pager, path = self.pager()
        self.assertEqual(self.on_terminal("kill-wait-race", rows=24, PAGER=pager), "paged\n")
        with open(path) as file:
            options, text = file.readline(), file.read()
        self.assertEqual(options, "FRX\n")
        self.assertIn("\033[", text)
        self.assertEqual(ESCAPE.sub("", text).split(), self.explain("kill-wait-race").replace("`", "").split())
        self.assertEqual(self.on_terminal("kill-wait-race", PAGER=pager, LESS="R"), "paged\n")
        with open(path) as file:
            self.assertEqual(file.readline(), "R\n")

    def test_what_is_not_goes_without(self):
        pager, path = self.pager()
        for options in {"rows": 500, "PAGER": pager}, {"LINES": "500", "PAGER": pager}, {"PAGER": "cat"}, {"PAGER": ""}:
            self.assertIn("See it", self.on_terminal("kill-wait-race", **options))
        self.assertIn("See it", self.on_terminal("kill-wait-race", "--no-pager", PAGER=pager))
        self.assertIn('"id"', self.on_terminal("--json", "kill-wait-race", PAGER=pager))
        self.explain("kill-wait-race", environment={"PAGER": pager})
        self.assertFalse(os.path.exists(path))

    def test_a_pager_that_is_not_there_or_leaves_early(self):
        self.assertIn("See it", self.on_terminal("kill-wait-race", PAGER="/nowhere/pager 2> /dev/null"))
        self.assertEqual(self.on_terminal(PAGER="exit 0"), "")
        self.assertIn("See it", self.on_terminal("kill-wait-race", PATH="/nowhere"))

    def test_less(self):
        shown = self.on_terminal("kill-wait-race", keys=b"Gq")
        self.assertIn("A kill hits a stranger", shown)


class Run(Explain):
    def test_a_stranger_is_hit_bare_and_not_when_hardened(self):
        text = self.run_gotcha("kill-wait-race")
        self.assertRegex(text, r"(?m)^  bare +│ under forkproof run$")
        self.assertRegex(text, r"(?m)^  \d+  killed by SIGKILL +│ \d+  unharmed$")
        self.assertRegex(text, r"(?m)^  UNSAFE: stranger-killed +│ safe: refused$")
        self.assertIn("\nforkproof run prevented it. ", text)

    def test_the_options_that_prevent_it_are_named(self):
        text = self.run_gotcha("stdin-epipe")
        self.assertIn("\nforkproof run -o sigpipe=epipe prevented it. With the option", text)
        self.assertIn("\nforkproof run prevented it. No process group is trusted: ", self.run_gotcha("setsid-escape"))

    def test_windows_own_is_run_elsewhere(self):
        self.assertEqual(self.refused("--run", "win-env-case"), "forkproof: explain: win-env-case is Windows' own: "
                         "conformance/run --platform wine win-env-case\n")

    def test_a_survivor_is_left_bare_and_not_when_hardened(self):
        for words in ("--run", "grandchild-survives-kill"), ("grandchild-survives-kill", "--run"):
            text = self.explain(*words)
            self.assertRegex(text, r"(?m)^Who was left\n  \d+  bad, asleep +│ nobody$")
            self.assertRegex(text, r"(?m)^ +│ left behind by bad: 1")
            self.assertRegex(text, r"(?m)^  UNSAFE: left-behind +│ safe: nothing-left$")

    def test_a_program_that_stands_still(self):
        text = self.run_gotcha("pipe-full-deadlock", environment={"COLUMNS": "100"})
        self.assertRegex(text, r"(?m)^  not at all: nothing in it moves any more +│ not at all")
        self.assertRegex(text, r"(?m)^  \d+  bad: waits in write\(\d+\), pipe:\[\d+\] +│ \d+  bad: waits")
        self.assertIn("forkproof run does not prevent it. ", text)

    def test_every_line_fits(self):
        for columns in 50, 80, 100:
            text = self.run_gotcha("kill-wait-race", environment={"COLUMNS": str(columns)})
            self.assertLessEqual(max(map(len, text.splitlines())), columns)

    def test_colours(self):
        self.run_gotcha("kill-wait-race")
        text = self.on_terminal("--run", "kill-wait-race", "--no-pager")
        self.assertRegex(text, r"\033\[1;31mUNSAFE: stranger-killed")
        self.assertRegex(text, r"\033\[1;32msafe: refused")

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_no_other_user_can_write_what_it_reads(self):
        """Also of a case that becomes another user; looked at for as long as it runs."""
        process = subprocess.Popen([self.forkproof, "explain", "--run", "eperm-is-alive"], env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.started.append(process)
        open_to_all = set()
        while process.poll() is None:
            for path in glob.glob(self.temporary + "/*/*/*"):
                try:
                    if os.lstat(path).st_mode & 0o022:
                        open_to_all.add(os.path.basename(path))
                except FileNotFoundError:
                    pass
        self.assertEqual((process.returncode, open_to_all), (0, set()))

    def test_a_preload_or_options_of_the_caller_change_nothing(self):
        def outcome(**environment):
            return self.run_gotcha("kill-wait-race", environment=environment).split("What came of it")[1]

        library, plain = os.environ["FORKPROOF_LIBRARY"], outcome()
        self.assertEqual(outcome(LD_PRELOAD=library), plain)
        self.assertEqual(outcome(LD_PRELOAD=library, FORKPROOF_OPTIONS="env=restore"), plain)
        self.assertEqual(outcome(FORKPROOF_OPTIONS="contain=off"), plain)
        self.assertEqual(outcome(TMPDIR="/nowhere/" + "x" * 100), plain)
        done = self.run_to_end(self.forkproof, "explain", "--run", "kill-wait-race")
        self.assertEqual(done.stdout.decode().split("What came of it")[1], plain)

    def without_namespaces(self):
        return {"preexec_fn": lambda: filters.refuse(UNSHARE, 1)}

    def test_without_namespaces_what_needs_none_is_run(self):
        text = self.explain("--run", "grandchild-survives-kill", **self.without_namespaces())
        self.assertIn("No pid namespace can be had here", text)
        self.assertRegex(text, r"(?m)^  UNSAFE: left-behind +│ safe: nothing-left$")

    def test_without_namespaces_what_needs_one_is_not(self):
        line = self.refused("--run", "kill-wait-race", **self.without_namespaces())
        self.assertIn("kill-wait-race cannot be run here: ", line)
        self.assertIn("no pid namespace can be had", line)

    def test_a_command_without_its_programs(self):
        self.forkproof = self.reachable(FORKPROOF)[0]
        self.assertIn("not built or not installed", self.refused("--run", "kill-wait-race"))
        self.explain("kill-wait-race")

    def test_no_cgroup_is_left_of_a_run_that_was_killed(self):
        directory = harness.cgroup_directory()
        if not directory:
            self.skipTest("no cgroup can be made")
        own = os.path.join(directory, os.path.basename(self.directory))
        os.mkdir(own)
        self.addCleanup(lambda: harness.wait_for(lambda: self.is_removed(own), "an empty cgroup"))

        def enter():
            pathlib.Path(own, "cgroup.procs").write_text(str(os.getpid()))

        self.run_gotcha("pipe-full-deadlock", preexec_fn=enter)
        self.assertEqual([entry.name for entry in os.scandir(own) if entry.is_dir()], [])

    @staticmethod
    def is_removed(cgroup):
        try:
            os.rmdir(cgroup)
        except OSError:
            return False
        return True

    def test_it_can_be_interrupted(self):
        for number in signal.SIGINT, signal.SIGTERM:
            words = [FORKPROOF, "explain", "--run", "pipe-full-deadlock"]
            process = subprocess.Popen(words, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            harness.wait_for(lambda: self.has_begun(), "a program that runs")
            process.send_signal(number)
            out, err = process.communicate(timeout=harness.DEADLINE)
            self.assertEqual((process.returncode, out, err), (-number, b"", b""))
            self.assertEqual(os.listdir(self.temporary), [])

    def has_begun(self):
        """Its first step is told."""
        for path in pathlib.Path(self.temporary).glob("*/*/words"):
            try:
                return path.read_text().startswith("step ")
            except OSError:
                pass
        return False


if __name__ == "__main__":
    unittest.main()
