#!/usr/bin/python3 -B
"""Subjects: what is read of their files and of the cases, adapters of ten lines that do it right or wrong, what is told
of them, and of those that cannot be had."""

import json
import os
import pathlib
import subprocess
import sys
import unittest
import unittest.mock
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import fixture, protocol, subjects  # noqa: E402
from driver.build import Build  # noqa: E402
from driver.fixture import BUILD, entry  # noqa: E402
from driver.schema import Complaints, Malformed  # noqa: E402
from driver.subject_place import SubjectPlace  # noqa: E402

ADAPTER = """#!/usr/bin/python3 -B
import json, os, signal, sys
requests, answers = open(sys.argv[1]), open(sys.argv[2], "w", buffering=1)
def say(**members): print(json.dumps(members), file=answers)
pid, can = os.getpid(), ["spawn"]
{hello}
say(adapter=1, name="ten-lines", version="1.0", pid=pid, can=can)
for line in requests:
    id, op = json.loads(line)["id"], json.loads(line)["op"]
    {asked}
    say(id=id, ok={{}})
    if op == "end": break
"""
SAFE = 'if op == "spawn": say(id=id, error="it starts nothing"); continue'
CASE = '''"""What is forced."""
OUTCOMES = {
    "started": (False, "said", "it was started"),
    "refused": (True, "said", "it was refused"),
}
NEEDS = ("spawn",)


def play(subject):
    return "refused" if subject.ask("spawn", child="a", program="true", arguments=[]).error else "started"
'''
TOOL_CASE = '''"""What is forced."""
OUTCOMES = {
    "lost": (False, "said", "the status is another"),
    "kept": (True, "said", "the status is the program's"),
}
TOOL_NEEDS = ("status",)


def play_tool(tool):
    tool.start("exit", "3")
    return "kept" if tool.await_end() == 3 else "lost"
'''
TOML = 'title = "A library"\nkind = "{}"\nset = "gate"\ncommand = {}\ncan = {}\n'


def setUpModule():
    fixture.need_a_build()
    if not (BUILD / "conformance" / "helper").is_file():
        raise unittest.SkipTest(f"{BUILD}/conformance/helper is not built")


def toml(can='["spawn"]', more="", kind="library", command='["{source}/adapter"]'):
    return TOML.format(kind, command, can) + more


def expect(case, outcome, more=""):
    return f'[[expect]]\ncase = "{case}"\noutcome = "{outcome}"\nbecause = "it is so"\n{more}\n'


class Suite(fixture.Suite):
    """And subjects/ and protocol/."""

    def __init__(self):
        super().__init__()
        self.subjects, self.protocol = self.top / "subjects", self.top / "protocol"
        self.subjects.mkdir()
        self.protocol.mkdir()
        for name in "helper", "hold":
            (self.build / "conformance" / name).symlink_to((BUILD / "conformance" / name).resolve())

    def command(self, *words):
        return super().command("--protocol", self.protocol, "--subjects-from", self.subjects, *words)

    def case(self, identity, text=CASE):
        (self.catalogue / f"{identity}.md").write_text(entry(), encoding="utf-8")
        (self.protocol / f"{identity}.py").write_text(text, encoding="utf-8")

    def subject(self, name, asked="pass", hello="", text=None):
        folder = self.subjects / name
        folder.mkdir(exist_ok=True)
        (folder / "subject.toml").write_text(text or toml(), encoding="utf-8")
        return self.adapter(folder / "adapter", asked, hello)

    @staticmethod
    def adapter(path, asked="pass", hello=""):
        path.write_text(ADAPTER.format(asked=asked, hello=hello), encoding="utf-8")
        path.chmod(0o755)
        return path


class TestCase(unittest.TestCase):
    def setUp(self):
        self.suite = Suite()
        self.addCleanup(self.suite.remove)

    def cells(self, *words, **more):
        """(exit status, {(gotcha, mode): the cell}, the report) of one subject."""
        status, gotchas, report = self.suite.json(*words, **more)
        return status, {(name, run["mode"]): run for name, one in gotchas.items() for run in one["runs"]}, report


class Reading(TestCase):
    def complaint(self, text, name="x"):
        (self.suite.subjects / name).mkdir()
        path = self.suite.subjects / name / "subject.toml"
        path.write_text(text, encoding="utf-8")
        try:
            subjects.choose([name], self.suite.subjects)
        except Malformed as wrong:
            return str(wrong.complaints[0]).removeprefix(f"{path}: ")
        finally:
            path.unlink()
            path.parent.rmdir()
        return ""

    def test_what_is_wrong(self):
        for said, text in (("", toml()), ("line 1: is not TOML", "x"),
                           ("title: is missing", toml().replace("title", "# title")),
                           ("command: is missing", toml().replace("command", "# command")),
                           ("command: must be a list of words, not []", toml(command="[]")),
                           ("kind: must be one of library, tool, not 'bus'", toml(kind="bus")),
                           ("set: must be one of gate, more", toml().replace("gate", "some")),
                           ("can: must be a list of different words (spawn, path, ", toml(can='["fly"]')),
                           ("can: must be a list of different words (status, forward, ", toml(kind="tool")),
                           ("version: is missing", toml('["status"]', kind="tool")),
                           ("version: is no key that is known", toml(more='version = ["x"]\n')),
                           ("package: is no key that is known (is packages meant?)", toml(more="package = []\n")),
                           ("build: must be a list of lists of words", toml(more='build = ["make"]\n')),
                           ("expect[1].mode: must be one of bare, run",
                            toml(more=expect("x", "y", 'mode = "preload"'))),
                           ("expect[2]: x is there already, for the same mode",
                            toml(more=expect("x", "y") + expect("x", "y", 'mode = "run"')))):
            with self.subTest(said or text):
                self.assertTrue(self.complaint(text).startswith(said), self.complaint(text))
        self.assertIn("its folder's name must be an id", self.complaint(toml(), "gate"))

    def test_only_those_that_are_named_are_read(self):
        for name, text in (("good", toml()), ("other", toml().replace("gate", "more")), ("bad", "x")):
            self.suite.subject(name, text=text)
        self.assertEqual(["other", "good"],
                         [one.name for one in subjects.choose(["other", "good", "other"], self.suite.subjects)])
        with self.assertRaises(Malformed):
            subjects.choose(["gate"], self.suite.subjects)
        (self.suite.subjects / "bad" / "subject.toml").unlink()
        for words, names in ((["all"], ["good", "other"]), (["more", "gate"], ["other", "good"]), (["gate"], ["good"])):
            self.assertEqual(names, [one.name for one in subjects.choose(words, self.suite.subjects)])

    def test_marks_are_filled_in(self):
        words = '["{build}/x", "{source}/y", "-I{subjects}", "{forkproof}", "{other}"]'
        self.suite.subject("x", text=toml(command=words))
        place = SubjectPlace(subjects.choose(["x"], self.suite.subjects)[0], Build(self.suite.build))
        top, build = self.suite.subjects, self.suite.build
        self.assertEqual([f"{build}/subjects/x/x", f"{top}/x/y", f"-I{top}", f"{build}/bin/forkproof", "{other}"],
                         place.command)
        own = subjects.of_adapter("/bin/x '{source}'")
        self.assertEqual(["/bin/x", "{source}"], SubjectPlace(own, Build(self.suite.build)).command)

    def case(self, text, name="x"):
        """(Case or None, the first complaint)."""
        self.suite.case(name, text)
        path = self.suite.protocol / f"{name}.py"
        complain = Complaints(name, path)
        found = protocol.read_case(path, complain)
        return found, str(complain[0]).removeprefix(f"{path}: ") if complain else ""

    def test_a_case(self):
        one, wrong = self.case(CASE + 'HOLD = ["kill"]\nSCENERY = ["pid-limit"]\nPIDS = 9\n'
                               'RUN = ("--kill=tree",)\nDEADLINE = 2\n')
        self.assertEqual("", wrong)
        self.assertEqual((("pid-limit", "hold"), 9, ("--kill=tree",), 2, ["started", "refused"],
                          {"library": ("spawn",)}, False),
                         (one.needs, one.pids, one.run, one.deadline, list(one.outcomes), one.needs_of, one.stall))
        self.assertTrue(self.case(CASE.replace('"said", "it was s', '"stalled", "it was s'))[0].stall)
        self.assertEqual({"tool": ("status",)}, self.case(TOOL_CASE)[0].needs_of)

    def test_what_is_wrong_with_a_case(self):
        for said, text in (("line 1: cannot be imported: SyntaxError: ", "def :"),
                           ("line 2: cannot be imported: ZeroDivisionError: ", '"""A."""\nX = 1 / 0'),
                           ("line 2: cannot be imported: ModuleNotFoundError: ", '"""A."""\nimport no_such_module'),
                           ("line 2: cannot be imported: SystemExit: 3", "import sys\nsys.exit(3)"),
                           ("has no docstring", CASE.replace('"""What is forced."""', "")),
                           ("OUTCOMES: is missing", CASE.replace("OUTCOMES", "OUTCOME")),
                           ("OUTCOMES: must be a dictionary with something in it, not {}", CASE + "OUTCOMES = {}\n"),
                           ("OUTCOMES.a: must be (safe, when, means)", CASE + 'OUTCOMES["a"] = True, "said"\n'),
                           ("OUTCOMES.a.safe: must be true or false, not 'no'",
                            CASE + 'OUTCOMES["a"] = "no", "said", "x"\n'),
                           ("OUTCOMES.a.when: must be one of said, ", CASE + 'OUTCOMES["a"] = True, "sad", "x"\n'),
                           ("NEEDS: is missing", CASE.replace("NEEDS", "NEED")),
                           ("NEEDS: must be a list of different words", CASE.replace('("spawn",)', '("fly",)')),
                           ("play: is missing, and there is NEEDS", CASE.replace("def play", "def game")),
                           ("has neither play nor play_tool",
                            CASE.replace("def play", "def game").replace("NEEDS", "NEED")),
                           ("SCENERY: must be a list of different words", CASE + 'SCENERY = ("hold",)\n'),
                           ("HOLD: must be a list of lines of text, not 'kill'", CASE + 'HOLD = "kill"\n'),
                           ('PIDS: goes with "pid-limit" in SCENERY', CASE + "PIDS = 3\n")):
            with self.subTest(said):
                found, told = self.case(text)
                self.assertIsNone(found)
                self.assertTrue(told.startswith(said), told)

    def test_a_case_that_is_never_read_to_its_end(self):
        with unittest.mock.patch.object(protocol, "IMPORT", 1):
            self.assertEqual((None, "line 2: cannot be imported: TimeoutError: it was not over in 1 s"),
                             self.case('"""A."""\nwhile True: pass\n'))

    def test_a_case_without_an_entry_or_that_is_none_is_broken_and_the_others_go_on(self):
        self.suite.subject("x", SAFE)
        self.suite.case("good")
        self.suite.case("worse", "x")
        self.suite.case("lost")
        (self.suite.catalogue / "lost.md").unlink()
        (self.suite.protocol / "_helpers.py").write_text("x", encoding="utf-8")
        status, gotchas, _ = self.suite.json("--subjects", "x", "--mode", "bare")
        self.assertEqual((1, {"good": "PASS", "worse": "BROK", "lost": "BROK"}),
                         (status, {name: one["verdict"] for name, one in gotchas.items()}))
        self.assertEqual([f"has no entry {self.suite.catalogue}/lost.md"],
                         [one["what"] for one in gotchas["lost"]["complaints"]])
        self.assertEqual([("line 1", "cannot be imported: NameError: name 'x' is not defined")],
                         [(one["place"], one["what"]) for one in gotchas["worse"]["complaints"]])


class Playing(TestCase):
    def setUp(self):
        super().setUp()
        self.suite.case("x")

    def test_both_modes_and_what_is_told(self):
        self.suite.subject("mine", SAFE)
        status, cells, report = self.cells("--subjects", "mine")
        self.assertEqual((0, {("x", "bare"): "refused", ("x", "run"): "refused"}),
                         (status, {key: cell["means"] and next(iter(cell["outcomes"])) for key, cell in cells.items()}))
        self.assertEqual((3, "subject", "mine", "native", ["bare", "run"], 2), tuple(report[name] for name in (
            "schema", "column", "platform", "kind", "modes", "runs")))
        self.assertEqual("ten-lines 1.0", report["machine"]["subject"])
        self.assertRegex(report["machine"]["forkproof"], r"\d+\.")
        self.assertTrue(report["command"].endswith(" --subjects mine"), report["command"])
        self.assertRegex(cells["x", "run"]["again"], " --subjects mine --mode run x$")

    def test_the_command_repeats_one_cell(self):
        self.suite.subject("mine")
        again = self.cells("--subjects", "mine")[1]["x", "run"]["again"]
        done = subprocess.run(again, shell=True, capture_output=True, text=True, check=False)
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("of 1 gotchas in 1 runs", done.stdout)

    def test_what_breaks_a_cell(self):
        """And only that of who does it."""
        wrong = {
            "crashes": ("os.kill(pid, signal.SIGSEGV)", "", "killed by SIGSEGV before the answer to spawn"),
            "ends": ("sys.exit(3)", "", "exited with 3 before the answer to spawn"),
            "throws": ("", "1 / 0", "before its hello (a line, flushed); on stderr: ZeroDivisionError: "),
            "cannot": ('say(id=id, cannot="start"); continue', "", "cannot spawn, which it says that it can"),
            "boasts": ("", 'can = ["spawn", "kill"]', "do not say the same of: kill"),
            "disorder": ("say(id=id + 1, ok={}); continue", "", "no answer to request 1: "),
            "prints": ('print("hi", flush=True)', "", "writes on standard output: hi"),
            "babbles": ('print("hi", file=answers); continue', "", "answer to spawn is no object of JSON: hi"),
            "unknown": ("say(id=id, yes=1); continue", "", "neither ok, error nor cannot"),
            "stranger": ("", "pid = 4194000", "says that its pid is 4194000, and that is no process of its own"),
            "hastens": ("""os.write(answers.fileno(), b'{"id": %d, "ok": {}}\\n' % id * 2); continue""", "",
                        "answers before it is asked for end: "),
            "floods": ('while True: os.write(answers.fileno(), b"x" * 65536)', "", "a line of answers has no end"),
            "parent": ("", "pid = os.getppid()", "and that is no process of its own"),
            "status": ('if op == "end": say(id=id, ok={}); sys.exit(4)', "",
                       "exited with 4 after end, which must be 0"),
        }
        for name, (asked, hello, _) in wrong.items():
            self.suite.subject(name, asked or "pass", hello)
        self.suite.subject("good", SAFE)
        done = self.suite.run("--subjects", "all", "--mode", "bare", "--format", "json")
        reports = {one["platform"]: one for one in json.loads(done.stdout)["platforms"]}
        self.assertEqual((1, "PASS"), (done.returncode, reports.pop("good")["gotchas"][0]["verdict"]))
        for name, (asked, _, reason) in wrong.items():
            cell = reports[name]["gotchas"][0]["runs"][0]
            with self.subTest(name):
                self.assertEqual("BROK", cell["verdict"])
                self.assertIn(reason, cell["reason"])
                transcript = [step["text"] for step in cell["steps"]]
                if asked:
                    self.assertTrue(any('"op": "spawn"' in line for line in transcript), transcript)

    def test_one_that_hangs(self):
        self.suite.case("x", CASE + "DEADLINE = 2\n")
        self.suite.subject("hangs", "signal.pause()")
        cell = self.cells("--subjects", "hangs", "--mode", "bare")[1]["x", "bare"]
        self.assertEqual("BROK", cell["verdict"])
        self.assertTrue(cell["reason"].startswith("no outcome applies: it was not over in time"), cell["reason"])
        self.assertIn('"op": "spawn"', cell["steps"][-1]["text"])

    def test_formats(self):
        self.suite.case("none", CASE.replace('("spawn",)', '("spawn", "kill")'))
        self.suite.case("tools", TOOL_CASE)
        for name, asked in (("one", SAFE), ("two", "pass")):
            self.suite.subject(name, asked)
        done = {form: self.suite.run("--subjects", "one,two", "--format", form)
                for form in ("text", "json", "junit", "tap", "html")}
        self.assertEqual({1}, {one.returncode for one in done.values()}, done["text"].stderr)
        self.assertRegex(done["text"].stdout, r"\nsubject +gotchas +runs .*\none +1 +2 .*\ntwo +1 +2 ")
        self.assertIn("\n2 subjects: 1 not as they should be, ", done["text"].stdout)
        self.assertIn("\n  FAIL x: bare: expected a safe outcome, got started: ", done["text"].stdout)
        self.assertIn("\n  N/A none: it has no kill\n", done["text"].stdout)
        self.assertIn("\n  N/A tools: it is for tools\n", done["text"].stdout)
        self.assertEqual(12, int(done["tap"].stdout.split("\n")[1].removeprefix("1..")))
        self.assertRegex(done["tap"].stdout, r"\nok \d+ - one none bare # SKIP it has no kill\n")
        self.assertRegex(done["tap"].stdout, r"\nnot ok \d+ - two x run\n")
        cases = {(one.get("classname"), one.get("name")): [inner.tag for inner in one]
                 for one in xml.fromstring(done["junit"].stdout).iter("testcase")}
        self.assertEqual((["skipped"], [], ["failure"]), tuple(cases[key] for key in (
            ("conformance.one.none", "bare"), ("conformance.one.x", "bare"), ("conformance.two.x", "run"))))
        self.assertIn("<h1>Gotchas across libraries</h1>", done["html"].stdout)
        self.assertRegex(done["html"].stdout, r'>none</button>.*<td class="n f">.<td class="n">.<td class="n f">.')
        self.assertIn("<dt>subject</dt><dd>ten-lines 1.0</dd>", done["html"].stdout)

    def test_one_subject_as_text(self):
        self.suite.case("none", CASE.replace('("spawn",)', '("spawn", "kill")'))
        self.suite.subject("mine")
        lines = self.suite.run("--subjects", "mine").stdout.splitlines()
        self.assertEqual(["gotcha bare run verdict".split(), "x ! started ! started FAIL".split()],
                         [line.split() for line in lines[:2]])
        self.assertIn("N/A none: it has no kill", lines)
        self.assertTrue(any(line.startswith("FAIL x: bare: expected a safe outcome, got started") for line in lines))
        self.assertTrue(any("of 1 gotchas in 2 runs" in line for line in lines), lines)

    def test_what_is_expected(self):
        for name, asked, more, verdicts in (
                ("known", "pass", expect("x", "started"), ["PASS", "PASS"]),
                ("in-one-mode", "pass", expect("x", "started", 'mode = "run"'), ["FAIL", "PASS"]),
                ("became-safe", SAFE, expect("x", "started"), ["FAIL", "FAIL"])):
            self.suite.subject(name, asked, text=toml(more=more))
            status, cells, _ = self.cells("--subjects", name)
            self.assertEqual(("FAIL" in verdicts, verdicts),
                             (status == 1, [cells["x", mode]["verdict"] for mode in ("bare", "run")]), name)
        self.assertEqual("expected started (because it is so), got refused: it was refused",
                         cells["x", "bare"]["reason"])

    def test_expectations_of_nothing(self):
        self.suite.subject("mine", SAFE, text=toml(more=expect("y", "started") + expect("x", "strange")))
        said = self.suite.run("--subjects", "mine", "--mode", "bare").stderr
        self.assertIn("expect[1].case: no such case: y\n", said)
        self.assertIn("expect[2].outcome: strange is none of the outcomes of x: started, refused\n", said)

    def test_again_and_again_and_kept(self):
        self.suite.subject("mine")
        saved = self.suite.top / "saved"
        status, cells, report = self.cells("--subjects", "mine", "--mode", "bare", "--repeat", "3", "--save", saved)
        self.assertEqual((1, {"started": 3}, 3), (status, cells["x", "bare"]["outcomes"], report["runs"]))
        folder = saved / "mine" / "x" / "bad-bare-started"
        kept = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
        self.assertLessEqual({"words", "transcript", "about", "stderr", "facts", "argv", "rerun", "verdict"}, set(kept))
        self.assertEqual({"name": "ten-lines", "version": "1.0"},
                         {name: json.loads(kept["about"])[name] for name in ("name", "version")})
        self.assertIn('> {"id": 1, "op": "spawn"', kept["transcript"])
        self.suite.subject("mine", SAFE)
        self.assertEqual(0, self.suite.run("--subjects", "mine", "--rerun-failed").returncode)
        self.assertIn("nothing of that failed last", self.suite.run("--subjects", "mine", "--rerun-failed").stderr)

    def test_it_stops_at_the_first_when_it_shall(self):
        self.suite.subject("mine")
        report = self.cells("--subjects", "mine", "--no-keep-going", "--jobs", "1")[2]
        self.assertEqual((1, 1), (report["runs"], report["left_out"]))


class Applicability(TestCase):
    def test_nothing_is_started_where_it_is_known(self):
        self.suite.case("x", CASE.replace('("spawn",)', '("spawn", "kill", "group")'))
        self.suite.subject("mine", text=toml(command='["/no/such/program"]'))
        status, cells, report = self.cells("--subjects", "mine")
        self.assertEqual((77, "N/A", "it has no group, kill", None, 0, 0), (
            status, cells["x", "bare"]["verdict"], cells["x", "bare"]["reason"], cells["x", "bare"]["safe"],
            report["runs"], sum(report["counts"].values())))

    def test_what_does_not_apply_counts_for_nothing(self):
        self.suite.case("x", CASE.replace('("spawn",)', '("spawn", "kill")'))
        self.suite.case("y")
        for name, asked, status in (("good", SAFE, 0), ("bad", "pass", 1)):
            self.suite.subject(name, asked)
            got, cells, report = self.cells("--subjects", name, "--mode", "bare")
            self.assertEqual((status, 1, "N/A"), (got, sum(report["counts"].values()), cells["x", "bare"]["verdict"]))

    def test_what_is_expected_of_it_must_apply(self):
        self.suite.case("x", CASE.replace('("spawn",)', '("spawn", "kill")'))
        self.suite.subject("mine", text=toml(more=expect("x", "started")))
        status, cells, _ = self.cells("--subjects", "mine", "--mode", "bare")
        self.assertEqual((1, "FAIL", "expected started (because it is so), got N/A: it has no kill"),
                         (status, cells["x", "bare"]["verdict"], cells["x", "bare"]["reason"]))

    def test_an_adapter_of_ones_own(self):
        """What it says that it can counts; its words may be relative, and it is called by its name."""
        self.suite.case("x")
        self.suite.case("y", CASE.replace('("spawn",)', '("kill",)'))
        adapter = self.suite.adapter(self.suite.top / "own", SAFE)
        for command in "./own", f"{sys.executable} -B own", str(adapter):
            with self.subTest(command):
                status, cells, report = self.cells("--adapter", command, cwd=self.suite.top)
                self.assertEqual((0, "ten-lines", command, "PASS", "N/A", "it has no kill"), (
                    status, report["platform"], report["title"], cells["x", "run"]["verdict"],
                    cells["y", "run"]["verdict"], cells["y", "run"]["reason"]))
        again = cells["x", "run"]["again"]
        self.assertTrue(again.endswith(f" --adapter {adapter} --mode run x"), again)
        self.suite.adapter(adapter)
        self.assertEqual(1, self.suite.run("--adapter", "./own", cwd=self.suite.top).returncode)
        self.suite.adapter(self.suite.top / "other")
        self.assertIn("nothing of that failed", self.suite.run("--adapter", "./other", "--rerun-failed",
                                                               cwd=self.suite.top).stderr)

    def test_a_tool(self):
        self.suite.case("x")
        self.suite.case("y", TOOL_CASE)
        self.suite.case("z", TOOL_CASE.replace('("status",)', '("forward", "reap")'))
        more = 'version = ["env", "--version"]\n'
        self.suite.subject("env", text=toml('["status", "reap"]', more, "tool", '["env", "A=B"]'))
        status, cells, report = self.cells("--subjects", "env")
        self.assertEqual((0, {"x": "it is for libraries", "y": "", "z": "it has no forward"}),
                         (status, {name: cell["reason"] for (name, _), cell in cells.items()}))
        self.assertRegex(report["machine"]["subject"], r"^env .*\d")
        self.assertEqual((77, "a tool is run bare"), (lambda status, cells, _: (status, cells["y", "run"]["reason"]))(
            *self.cells("--subjects", "env", "--mode", "run")))
        forgets = """["sh", "-c", '"$@"; true', "sh"]"""
        self.suite.subject("forgets", text=toml('["status"]', more, "tool", forgets))
        self.assertEqual("FAIL", self.cells("--subjects", "forgets")[1]["y", "bare"]["verdict"])


class Having(TestCase):
    def setUp(self):
        super().setUp()
        self.suite.case("x")

    def lacks(self, more, command='["{source}/adapter"]'):
        """(exit status, (verdict, reason))."""
        self.suite.subject("mine", SAFE, text=toml(more=more, command=command))
        status, _, report = self.cells("--subjects", "mine", "--mode", "bare")
        return status, tuple(report.get("lacks", {}).values())

    def test_what_is_missing(self):
        packages = 'packages = ["some-package"]\n'
        for reason, more in (("no-such-tool is not found (packages: some-package)",
                              'tools = ["no-such-tool"]\n' + packages),
                             ("/no/such/file is not there (packages: some-package)",
                              'files = ["/dev/null", "/no/such/file"]\n' + packages),
                             (f"{self.suite.subjects}/mine/x is not there", 'files = ["{source}/x"]\n')):
            self.assertEqual((77, ("CONF", reason)), self.lacks(more))
        self.suite.subject("other", SAFE)
        done = self.suite.run("--subjects", "mine,other", "--mode", "bare")
        self.assertEqual(0, done.returncode)
        self.assertIn("CONF mine: ", done.stdout)

    def test_what_does_not_build(self):
        script = "echo one; echo x.c:1: error: no such thing; echo two; exit 1"
        self.assertEqual((1, ("BROK", "sh does not build it: x.c:1: error: no such thing")),
                         self.lacks(f'build = [["true"], ["sh", "-c", "{script}"]]\n'))

    def test_built_once_and_again_when_something_changed(self):
        count, shared = self.suite.top / "count", self.suite.subjects / "shared.h"
        shared.write_text("one", encoding="utf-8")
        build = 'build = [["cp", "-r", "{{source}}/adapter", "."], ["sh", "-c", "echo -n x >>{}", "-I{{subjects}}"]]\n'
        built = build.format(count)
        self.assertEqual((0, ()), self.lacks(built, '["{build}/adapter"]'))
        self.assertEqual((0, ()), self.lacks(built + expect("x", "refused"), '["{build}/adapter"]'))
        self.assertEqual("x", count.read_text())
        for number, change in enumerate((lambda: shared.write_text("two", encoding="utf-8"),
                                         lambda: (self.suite.subjects / "mine" / "more.c").touch()), 2):
            change()
            self.assertEqual((0, ()), self.lacks(built, '["{build}/adapter"]'))
            self.assertEqual("x" * number, count.read_text())
        self.assertEqual((1, ("BROK", "sh does not build it: it said nothing")),
                         self.lacks(built.replace("echo", "false; exit 1; echo"), '["{build}/adapter"]'))
        self.assertEqual((0, ()), self.lacks(built, '["{build}/adapter"]'))
        self.assertEqual("x" * 4, count.read_text())

    def test_what_the_tree_lacks(self):
        self.suite.subject("mine", SAFE)
        for name, mode in ("conformance/helper", "bare"), ("bin/forkproof", "run"):
            (self.suite.build / name).unlink()
            status, cells, _ = self.cells("--subjects", "mine", "--mode", mode)
            self.assertEqual((1, "BROK"), (status, cells["x", mode]["verdict"]))
            self.assertIn(f"{name} is not built", cells["x", mode]["reason"])
            (self.suite.build / name).symlink_to((BUILD / name).resolve())

    def test_calls_that_cannot_be_held(self):
        self.suite.case("x", CASE + 'HOLD = ("wait",)\n')
        self.suite.subject("mine", SAFE)
        self.assertEqual(0, self.suite.run("--subjects", "mine", "--mode", "bare").returncode)
        hold = self.suite.build / "conformance" / "hold"
        hold.unlink()
        hold.write_text("#!/bin/sh\necho hold: no such call >&2\nexit 77\n", encoding="ascii")
        hold.chmod(0o755)
        status, cells, _ = self.cells("--subjects", "mine", "--mode", "bare")
        self.assertEqual((77, "CONF", "hold: hold: no such call"),
                         (status, cells["x", "bare"]["verdict"], cells["x", "bare"]["reason"]))


class Asking(TestCase):
    def test_usage(self):
        self.suite.case("x")
        self.suite.subject("mine")
        for words, said in ((["--subjects", "mime"], "no such subject: mime (is mine meant?) (--list-subjects tells "),
                            (["--subjects", "../mine"], "no such subject: ../mine"),
                            (["--subjects", "more"], "no subject is like that"),
                            (["--subjects", ","], "no such thing: ','"),
                            (["--subjects", "mine", "y"], "no such gotcha: y"),
                            (["--subjects", "mine", "--mode", "preload"],
                             "--subjects does not go with --mode preload (there are: bare, run)"),
                            (["--subjects", "mine", "--mode", "bare,audit"], "does not go with --mode audit"),
                            (["--subjects", "mine", "--platform", "native"], "does not go with --platform"),
                            (["--subjects", "mine", "--program", "/bin/true", "x"], "does not go with --program"),
                            (["--subjects", "mine", "--twin", "bad"], "does not go with --twin"),
                            (["--subjects", "mine", "--exec-prefix", "env"], "does not go with --exec-prefix"),
                            (["--subjects", "mine", "--adapter", "x"], "--adapter does not go with --subjects"),
                            (["--adapter", "x", "--twin", "good"], "--adapter does not go with --twin"),
                            (["--adapter", ""], "--adapter: no command"),
                            (["--adapter", "./nothing x"], "/nothing is not found"),
                            (["--adapter", "nothing-of-the-kind"], "--adapter: nothing-of-the-kind is not found"),
                            (["--adapter", "'"], "--adapter: No closing quotation"),
                            (["--subjects", "mine", "--subjects-from", "/nowhere"],
                             "--subjects-from: /nowhere is no directory")):
            done = self.suite.run(*words)
            self.assertEqual((2, 1), (done.returncode, done.stderr.count("\n")), (words, done.stderr))
            self.assertIn(said, done.stderr, words)

    def test_list(self):
        self.suite.subject("mine")
        self.suite.subject("other", text=toml('["status"]', 'version = ["x"]\n', "tool").replace("gate", "more"))
        done = self.suite.run("--list-subjects")
        self.assertEqual((0, [["mine", "library", "gate", "A", "library"], ["other", "tool", "more", "A", "library"]]),
                         (done.returncode, [line.split() for line in done.stdout.splitlines()]))

    def test_programs_need_no_subjects(self):
        self.suite.add("p")
        os.rmdir(self.suite.subjects)
        self.assertEqual(0, self.suite.run("p", "--mode", "bare").returncode)


if __name__ == "__main__":
    fixture.main()
