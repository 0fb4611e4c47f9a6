#!/usr/bin/python3 -B
"""The matrix: what is in it, its page, of which texts that mean harm make nothing else, and files that are none."""

import contextlib
import hashlib
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import browser, facts, fixture, matrix, matrix_page, matrix_read, report_json  # noqa: E402
from driver.cases import AUDIT  # noqa: E402
from driver.platforms import Platform  # noqa: E402
from driver.schema import Malformed  # noqa: E402
from driver.subjects import Subject  # noqa: E402
from driver.test_reports import HARM, MIXED, gotcha, malformed, report, result  # noqa: E402
from driver.verdict import BROK, CONF, FAIL, NA, PASS, Result  # noqa: E402

MATRIX = fixture.CONFORMANCE / "matrix"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)></td></table><!-- @DATA@ @SCRIPT@"
HOSTILE = f"{MARKUP} {HARM}"
TOO_DEEP = "[" * 100000


def told(made, **members):
    return json.loads(report_json.render(made)) | members


def of(*reports, names=None):
    names = names or [""] * len(reports)
    return matrix.merged([(name, matrix.of_report(one)) for name, one in zip(names, reports)])


def on_platform(name, *results, title="a platform", **named):
    return told(report(*results, platform=Platform(name, title)), **named)


def of_subject(name, *results, is_tool=False):
    return told(report(*results, platform=Subject(name, f"is {name}", ("x",), is_tool=is_tool)))


def plain(identity="a", **labels):
    return result(gotcha(identity), **labels)


def safe_or_not(identity, **labels):
    """Any safe outcome is expected."""
    found = plain(identity, **labels)
    for cell in found.cells:
        cell.expected = ""
    return found


def subjects():
    """Two libraries and two tools, without order."""
    neither = safe_or_not("b", bad_bare=NA, bad_run=NA)
    of_tools = safe_or_not("a", bad_bare=NA), safe_or_not("b", bad_bare="well")
    return of(of_subject("tini", *of_tools, is_tool=True),
              of_subject("ruby", safe_or_not("a", bad_bare="bad", bad_run="well"), neither),
              of_subject("go", safe_or_not("a", bad_bare="well", bad_run="well"), neither),
              of_subject("setsid", *of_tools, is_tool=True))


class Model(unittest.TestCase):
    def test_cells(self):
        found = of(told(MIXED))
        column, rows = found.columns[0], found.rows
        self.assertEqual(("native", matrix.PLATFORM, matrix.RAN, ("bare", "run")),
                         (column.id, column.kind, column.state, column.modes))
        self.assertEqual("a b c d".split(), [row.id for row in found.sorted_rows()][:4])
        cell = found.cell(rows["a"], column, "bare")
        self.assertEqual(("bad", False, PASS), (cell.outcome, cell.safe, cell.verdict))
        self.assertEqual("end exited 0", cell.evidence[0])
        self.assertIn(f"step 2: {HARM}", cell.evidence)
        self.assertNotIn("done", cell.evidence)
        self.assertEqual("conformance/run --mode bare --twin bad a", cell.command)
        self.assertEqual(("bad/well", False, FAIL), (lambda c: (c.outcome, c.safe, c.verdict))(
            found.cell(rows["c"], column, "run")))
        self.assertEqual(("", None, BROK), (lambda c: (c.outcome, c.safe, c.verdict))(
            found.cell(rows["c"], column, "bare")))

    def test_a_malformed_gotcha_is_broken_in_every_mode(self):
        found = of(told(report(plain(bad_bare="bad"), malformed("z"))))
        self.assertEqual(BROK, found.cell(found.rows["z"], found.columns[0], "bare").verdict)
        self.assertEqual("z", found.sorted_rows()[-1].id)
        self.assertIn(("malformed", "z.md: line 1: is bad"), found.rows["z"].facts)

    def test_the_twin_where_it_is_not_as_expected(self):
        seen = {"a": ("bad", "well"), "b": ("bad", "bad"), "c": (CONF, CONF), "d": ("bad", CONF)}
        found = of(told(report(*(plain(name, bad_bare=bad, good_bare=good) for name, (bad, good) in seen.items()))))
        twins = {row.id: found.twin(row, found.columns[0]) for row in found.sorted_rows()}
        self.assertEqual({"a": None, "b": FAIL, "c": None, "d": CONF},
                         {name: twin and twin.verdict for name, twin in twins.items()})

    def test_an_audit_without_a_finding_does_not_apply(self):
        one = plain(good_bare="well")
        one.cells[0].mode = AUDIT
        found = of(told(report(one)))
        self.assertEqual(NA, found.cell(found.rows["a"], found.columns[0], AUDIT).verdict)

    def test_columns_that_did_not_run(self):
        lacking = [on_platform("x", lacks={"verdict": verdict, "reason": "no"}) for verdict in (CONF, BROK)]
        compiled = on_platform("x", compiled="nobody has run it")
        self.assertEqual([(matrix.LACKING, "no"), (matrix.BROKEN, "no"), (matrix.COMPILED, "nobody has run it")],
                         [(c.state, c.note) for one in (*lacking, compiled) for c in of(one).columns])

    def test_columns_of_one_name_are_told_apart(self):
        one = on_platform("x", plain(bad_bare="bad"))
        other = on_platform("x", plain(bad_bare="well"), plain("b", bad_bare="bad"))
        found = of(one, other, other, on_platform("y"), names=("1.json", "2.json", "2.json", "2.json"))
        self.assertEqual(["x (1.json)", "x (2.json)", "x (2.json) 2", "y"], [column.id for column in found.columns])
        self.assertEqual([False, True, True], [found.cell(found.rows["a"], column, "bare").safe
                                               for column in found.columns[:3]])
        self.assertIsNone(found.cell(found.rows["b"], found.columns[0], "bare"))

    def test_a_subject(self):
        found = subjects()
        self.assertEqual([(matrix.SUBJECT, True), (matrix.SUBJECT, False)],
                         [(column.kind, column.tool) for column in found.columns[:2]])
        cell = found.cell(found.rows["a"], found.columns[1], "bare")
        self.assertIn(HARM, cell.evidence)  # a line of its transcript
        self.assertEqual(NA, found.cell(found.rows["b"], found.columns[1], "bare").verdict)

    def test_rows_as_in_the_catalogue(self):
        late, early = plain("a", bad_bare="bad"), plain("b", bad_bare="bad")
        late.gotcha.entry.order = 2
        other = Result(gotcha("0", family="pipes"), plain("0", bad_bare="bad").cells)
        self.assertEqual(["b", "a", "0"], [row.id for row in of(told(report(other, late, early))).sorted_rows()])


class Seen(html.parser.HTMLParser):
    """What a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.names, self.texts, self.scripts, self.style, self.policy = [], set(), [], [], "", ""
        self.within = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"]
        self.within = tag if tag in ("script", "style") else None

    def handle_endtag(self, tag):
        self.within = None

    def handle_data(self, data):
        if self.within == "script":
            self.scripts.append(data)
        elif self.within == "style":
            self.style += data
        else:
            self.texts.append(data)


ALLOWED = set("""html head meta title style body header h1 h2 h3 p i b details summary ul li sup noscript form input div
    label button output main table thead tr th tbody td small span section article dl dt dd code aside script br"""
              .split())
ATTRIBUTES = set("""lang charset http-equiv content name id class open type placeholder aria-label aria-labelledby for
    hidden tabindex rowspan colspan scope data-column data-row data-family data-group""".split())


def hostile_report():
    one, other = plain(bad_bare="bad", good_bare="well"), plain("b", bad_bare="well", good_bare="bad")
    found = on_platform("x", one, other, title=HOSTILE)
    for gotcha_told in found["gotchas"]:
        gotcha_told |= {"title": HOSTILE, "tags": [HOSTILE], "family": HOSTILE}
        for run in gotcha_told["runs"]:
            run |= {"reason": HOSTILE, "means": HOSTILE, "again": HOSTILE, "outcomes": {HOSTILE: 1},
                    "facts": [HOSTILE], "steps": [{"pid": 1, "text": HOSTILE}]}
    found |= {"platform": HOSTILE, "command": HOSTILE, "build": HOSTILE,
              "machine": {"libc": HOSTILE, "environment": {HOSTILE: HOSTILE}}}
    return [found, found | {"platform": f"{HOSTILE}2", "gotchas": [],
                            "lacks": {"verdict": BROK, "reason": HOSTILE}},
            found | {"platform": f"{HOSTILE}3", "gotchas": [], "compiled": HOSTILE}]


class Page(unittest.TestCase):
    def test_texts_that_mean_harm(self):
        text = matrix_page.render(of(*hostile_report()))
        seen = Seen(text)
        self.assertEqual(set(), set(seen.tags) - ALLOWED)
        self.assertEqual(set(), seen.names - ATTRIBUTES)
        self.assertEqual(set(), {c for c in text if not c.isprintable()} - {"\n"})
        self.assertEqual((2, 1, 1), tuple(seen.tags.count(tag) for tag in ("script", "style", "table")))
        self.assertIn(MARKUP, "".join(seen.texts))
        self.assertIn("\\x1b]0;x\\x07", "".join(seen.texts))
        self.assertIn(MARKUP, json.dumps(json.loads(seen.scripts[0])))

    def test_nothing_from_outside_and_no_other_script(self):
        seen = Seen(matrix_page.render(of(told(MIXED))))
        self.assertEqual(set(), seen.names & {"src", "href", "style", "action", "srcset"})
        for kind, held in ("script", seen.scripts[1]), ("style", seen.style):
            digest = matrix_page.base64.b64encode(hashlib.sha256(held.encode()).digest()).decode()
            self.assertIn(f"{kind}-src 'sha256-{digest}'", seen.policy)
            self.assertNotRegex(held, r"(?i)https?://|url\(|@import|innerHTML|eval\(|document\.write")
        self.assertIn("default-src 'none'", seen.policy)

    def test_the_table(self):
        text = matrix_page.render(of(told(MIXED), on_platform("z", lacks={"verdict": CONF, "reason": "not there"})))
        lines = dict(re.findall(r'<tr data-row="\d+"><th .*?>(.)</button>.*?</th>(.*)</tr>', text))
        cells = {name: re.findall(r'<td class="(\w)[ f]*">([^<]*)(?:<sup>(.)</sup>)?', line)
                 for name, line in lines.items()}
        unsafe, empty, lacking = ("u", "✗", ""), ("e", "", ""), ("l", "?", "")
        self.assertEqual([unsafe, unsafe, empty, lacking], cells["a"])
        self.assertEqual([("s", "✓", "F"), empty, ("u", "✗", "F"), lacking], cells["b"])
        self.assertEqual([("q", "?", "B"), ("u", "✗", "F"), ("q", "?", ""), lacking], cells["c"])
        self.assertEqual([("q", "?", ""), empty, empty, lacking], cells["d"])
        self.assertIn("5 gotchas, 2 columns, ", text)
        self.assertIn("<small>not to be had</small>", text)
        self.assertRegex(text, r"<b>FAIL</b> b, native, bare: expected bad, got well")
        self.assertIn("<code>conformance/run --mode bare --twin bad b</code>", text)

    def test_compiles_not_run_stands_in_head_and_cells(self):
        text = matrix_page.render(of(told(report(plain(bad_bare="bad"))), on_platform("z", compiled="by hand")))
        self.assertIn('<th scope="colgroup" colspan="1" class="compiled f" data-column="1">', text)
        self.assertIn("<small>compiles, not run</small>", text)
        self.assertIn('<td class="c f">C', text)

    def test_what_does_not_apply(self):
        windows = on_platform("w", plain("win", bad_bare="bad"), kind="wine")
        windows["gotchas"][0]["kind"] = "wine"
        text = matrix_page.render(of(on_platform("x", plain(bad_bare="bad")), windows))
        self.assertRegex(text, r">a</button>.*<td class=\"u f\">✗<td class=\"n f\">–</tr>")
        self.assertRegex(text, r">win</button>.*<td class=\"n f\">–<td class=\"u f\">✗</tr>")

    def test_a_known_gap(self):
        one = plain(bad_bare="well")
        one.cells[0].gap = "it is so"
        self.assertIn('<td class="s f">✓<sup>g</sup>', matrix_page.render(of(told(report(one)))))

    def test_libraries_before_tools_and_by_name(self):
        text = matrix_page.render(subjects())
        self.assertEqual(["go", "ruby", "setsid", "tini"],
                         re.findall(r'<th [^>]*data-column="\d"><span><button type="button">(\w+)<', text))
        self.assertEqual([("4", "f", "libraries"), ("2", "f g", "tools")],
                         re.findall(r'colspan="(\d)" class="([ fg]+)" data-group="(\w+)"', text))
        self.assertRegex(text, r'>a</button>.*?<td class="s f">✓<td class="s">✓<td class="u f">✗<sup>F</sup>'
                               r'<td class="s">✓<td class="n f g">–<td class="n f">–</tr>')
        self.assertIn("<h1>Gotchas across libraries and tools</h1>", text)
        self.assertNotIn("<i>preload</i>", text)

    def test_platforms_keep_their_order_and_subjects_follow(self):
        found = of(of_subject("a", plain(bad_bare="bad")), on_platform("z", plain(bad_bare="bad")),
                   on_platform("y", plain(bad_bare="bad")))
        text = matrix_page.render(found)
        self.assertEqual(["z", "y", "a"], re.findall(r'<article data-column="\d"><h3>(\w)', text))
        self.assertIn("<h1>Gotchas across platforms and libraries</h1>", text)
        self.assertIn("<i>preload</i>", text)

    def test_many_slots_are_narrow(self):
        for modes, mark in (matrix_page.MOST_WIDE, ""), (matrix_page.MOST_WIDE + 1, "dense"):
            found = of(*(on_platform(f"x{number}", plain(bad_bare="bad")) for number in range(modes)))
            self.assertIn(f'<table id="matrix" class="{mark}">', matrix_page.render(found))

    def test_nothing_at_all(self):
        self.assertIn("0 gotchas", matrix_page.render(matrix.Matrix()))


class Files(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="matrix-"))
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", self.top], check=True))

    def write(self, value, name="x.json"):
        path = self.top / name
        if isinstance(value, bytes):
            path.write_bytes(value)
        else:
            path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return path

    def matrix(self, *words, **more):
        return subprocess.run([MATRIX, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              **more)

    def test_side_by_side(self):
        one, other = self.write(report_json.render(MIXED), "1.json"), self.write(report_json.render(MIXED), "2.json")
        page = self.top / "matrix.html"
        done = self.matrix(one, other, "--output", page)
        self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))
        self.assertRegex(page.read_text("utf-8"), r"native \(1\.json\)</button>.*native \(2\.json\)</button>")

    def test_a_report_of_what_cannot_be_had_is_read(self):
        lacking = on_platform("x", lacks={"verdict": CONF, "reason": "not there"})
        ((_, found),) = matrix_read.load(self.write(json.dumps(lacking)))
        self.assertEqual((matrix.LACKING, "not there"), (found.columns[0].state, found.columns[0].note))

    def test_a_matrix_is_read_again(self):
        found = of(told(MIXED), on_platform("z", compiled="by hand"))
        for row in found.rows.values():  # a surrogate comes back as it was, but no file can have it
            self.assertEqual(row, matrix_read.load(self.write(matrix.as_json(found)))[0][1].rows[row.id])
        again = self.matrix(self.write(matrix.as_json(found)), "--format", "json")
        self.assertEqual((0, ""), (again.returncode, again.stderr))
        self.assertEqual(2, len(json.loads(again.stdout)["columns"]))
        found = json.loads(matrix.as_json(subjects()))
        del found["columns"][1]["tool"]  # whoever has no tools need not say so
        self.assertIn("<h1>Gotchas across libraries and tools</h1>", self.matrix(self.write(found)).stdout)

    def complaint(self, value):
        done = self.matrix(self.write(value))
        self.assertEqual((2, 1, ""), (done.returncode, done.stderr.count("\n"), done.stdout), done.stderr)
        self.assertTrue(done.stderr.startswith(f"matrix: {self.top}/x.json: "), done.stderr)
        self.assertTrue(done.stderr.rstrip("\n").isprintable(), done.stderr)
        return done.stderr.removeprefix(f"matrix: {self.top}/x.json: ").rstrip("\n")

    def test_what_is_no_report(self):
        for said, value in (("line 1: is not JSON: Expecting value", ""), ("line 2: is not JSON: ", '{"a":\n}'),
                            ("is no report and no matrix: its top is no object", "[]"),
                            ("is not JSON: nested too deeply", TOO_DEEP), ("line 2: is not UTF-8", b"{\n\xff}"),
                            ("is not JSON: a number has too many digits", '{"schema": 1' + "0" * 5000 + "}"),
                            ("schema: is missing", "{}"), ("schema: must be a number, not '2'", {"schema": "2"}),
                            ("schema: is version 1, and 3 is the one that is read", {"schema": 1}),
                            ("matrix: is version 7, and 1 is the one that is read", {"matrix": 7}),
                            ("platforms: must be a list of objects", {"schema": 3, "platforms": [1]}),
                            ("platforms[0].schema: is missing", {"schema": 3, "platforms": [{}]}),
                            ("columns: is missing", {"matrix": 1})):
            with self.subTest(said):
                self.assertTrue(self.complaint(value).startswith(said), self.complaint(value))

    def test_what_is_wrong_in_a_report(self):
        for said, path, value in (
                ("platform: must be a text that is not empty, not 5", ["platform"], 5),
                ("seconds: must be a number from 0 to ", ["seconds"], float("nan")),
                ("modes: must be a list of different words", ["modes"], ["bare", "bare"]),
                ("tool: must be true or false", ["tool"], "yes"),
                ("machine.environment: must be an object of texts", ["machine", "environment"], {"A": 1}),
                ("gotchas[0].order: must be a whole number", ["gotchas", 0, "order"], "1"),
                ("gotchas[0].tags: must be a list of texts", ["gotchas", 0, "tags"], [1]),
                ("gotchas[0].runs[1].mode: must be one of bare, run, ", ["gotchas", 0, "runs", 1, "mode"], "\x1b[31m"),
                ("gotchas[0].runs[0].safe: must be true, false or null", ["gotchas", 0, "runs", 0, "safe"], 1),
                ("gotchas[0].runs[0].steps[0].pid: must be", ["gotchas", 0, "runs", 0, "steps", 0, "pid"], -1)):
            with self.subTest(said):
                found = inner = told(MIXED)
                for key in path[:-1]:
                    inner = inner[key]
                inner[path[-1]] = value
                self.assertTrue(self.complaint(found).startswith(said), self.complaint(found))

    def test_every_member_that_is_missing_is_named(self):
        """Whatever is gone: a complaint that names it, or a page that does without."""
        whole = told(MIXED)
        places = [(), ("machine",), ("gotchas", 0), ("gotchas", 0, "runs", 0), ("gotchas", 0, "sources", 0),
                  ("gotchas", 4, "complaints", 0), ("gotchas", 0, "runs", 0, "steps", 0)]
        complained = set()
        for place in places:
            keys = list(self.at(whole, place))
            for key in keys:
                found = json.loads(json.dumps(whole))
                del self.at(found, place)[key]
                try:
                    matrix_page.render(matrix.merged(matrix_read.load(self.write(found))))
                except Malformed as wrong:
                    self.assertRegex(str(wrong.complaints[0]), rf"\b{key}: is missing$")
                    complained.add(key)
        self.assertLessEqual({"schema", "platform", "machine", "runs", "again", "reason", "text", "id"}, complained)

    @staticmethod
    def at(value, place):
        for key in place:
            value = value[key]
        return value

    def test_what_is_wrong_in_a_matrix(self):
        for said, part, member, value in (
                ("columns[0].state: must be one of ran, compiled, ", "columns", "state", "well"),
                ("columns[0].facts: must be a list of pairs of texts", "columns", "facts", [["a"]]),
                ("rows[0].on: must be a text", "rows", "on", None),
                ("cells[0].row: there is no such row: <b>", "cells", "row", "<b>"),
                ("cells[0].column: there is no such column with the mode preload", "cells", "mode", "preload"),
                ("cells[0].verdict: must be one of PASS, ", "cells", "verdict", "GOOD")):
            with self.subTest(said):
                found = json.loads(matrix.as_json(of(told(MIXED))))
                found[part][0][member] = value
                self.assertTrue(self.complaint(found).startswith(said), self.complaint(found))

    def test_what_is_there_twice(self):
        for part in "columns", "rows", "cells":
            found = json.loads(matrix.as_json(of(told(MIXED))))
            found[part].append(found[part][0])
            self.assertEqual(f"{part}: one is there twice", self.complaint(found))

    def test_usage(self):
        good = self.write(report_json.render(MIXED))
        for status, words in ((2, []), (2, [good, "--format", "xml"]), (2, [good, "--output", self.top]),
                              (2, [good, "--output", self.top / "no" / "x"]), (2, [self.top / "none.json"]),
                              (2, [self.top]), (125, [good, "--output", "/dev/full"]), (0, ["--help"])):
            done = self.matrix(*words)
            self.assertEqual(status, done.returncode, (words, done.stderr))
            self.assertEqual(int(status > 0), done.stderr.count("\n"), done.stderr)


class Run(fixture.TestCase):
    def setUp(self):
        fixture.need_a_build()
        super().setUp()
        for name, more in ("here", ""), ("far", '[compile]\nwhat = "programs"\nc = "no-such-cc"'):
            (self.suite.platforms / f"{name}.md").write_text(
                f'+++\ntitle = "is {name}"\nsets = ["gate"]\n{more}\n+++\n'
                "## How to get it\n## How it is built\n## How it is run\n## What it cannot do\n", encoding="utf-8")

    def test_a_page_of_several_platforms(self):
        self.suite.add("x")
        page = self.suite.top / "matrix.html"
        done = self.suite.run("--platform", "here", "--platform", "far", "--mode", "bare",
                              "--format", "html", "--output", page)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stdout, r"\nhere +1 ")  # the table, for the eye
        text = page.read_text("utf-8")
        self.assertRegex(text, r">x</button>.*<td class=\"u f\">✗<td class=\"l f\">\?</tr>")
        self.assertIn("no-such-cc makes no program", text)
        self.assertRegex(text, r"<dt>begun</dt><dd>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ</dd>")
        self.assertRegex(text, r"<dt>forkproof</dt><dd>\d+\.")
        self.assertRegex(text, r"<dt>kernel</dt><dd>Linux \d")

    def test_one_platform(self):
        self.suite.add("x")
        done = self.suite.run("--mode", "bare", "--format", "html")
        self.assertEqual(0, done.returncode)
        self.assertIn("<h1>Gotchas across platforms</h1>", done.stdout)
        self.assertNotIn(os.environ["PATH"], done.stdout)

    def test_the_commands_repeat_what_was_asked_for(self):
        self.suite.add("x")
        self.suite.add("y")
        how = ["--mode", "bare", "--twin", "bad", "--repeat", "2", "--slower", "3"]
        done = self.suite.run("--platform", "here", *how, "--format", "json", "x")
        told_of = json.loads(done.stdout)
        common = f"--platform here {' '.join(how)} x"
        self.assertTrue(told_of["command"].endswith(common), told_of["command"])
        self.assertTrue(told_of["gotchas"][0]["runs"][0]["again"].endswith(common))


class Facts(unittest.TestCase):
    def test_of_programs(self):
        for said, program in (("gcc (Debian 12.2.0-14) 12.2.0", b"\0GCC: (crt) 11\0GCC: (Debian 12.2.0-14) 12.2.0\0"),
                              ("Debian clang version 14.0.6", b"\0GCC: (crt) 12\0Debian clang version 14.0.6\0"),
                              ("gcc (GNU) 12-win32", b"GCC: (GNU) 12-win32\0"), ("", b"no compiler")):
            self.assertEqual(said, facts.compiler_of(program))
        own = pathlib.Path(sys.executable).resolve().read_bytes()
        self.assertIn(facts.architecture_of(own), (os.uname().machine, ""))
        for said, program in (("s390x", b"\x7fELF\2\2" + bytes(12) + b"\0\x16"), ("", b"\x7fELF"), ("", b"MZ"),
                              ("i386", b"\x7fELF\1\1" + bytes(12) + b"\3\0")):
            self.assertEqual(said, facts.architecture_of(program))
        self.assertEqual("", facts.libc_of(b"\x7fELF no loader"))
        self.assertRegex(facts.libc_of(own), r"glibc \d|musl|^$")

    def test_of_an_environment_only_what_matters(self):
        given = {"HOME": "/home/me", "LC_ALL": "C", "ASAN_OPTIONS": "a=b", "PATH": "/usr/local/bin:/usr/bin:/bin"}
        kept = {"LC_ALL": "C", "ASAN_OPTIONS": "a=b", "PATH": "usual"}
        self.assertEqual(kept, facts.of_environment(given))
        self.assertEqual(kept | {"PATH": "with further directories"},
                         facts.of_environment(given | {"PATH": "/home/me/bin:/usr/bin:/bin"}))

    def test_what_does_not_answer(self):
        self.assertEqual("", facts.said_by("/no/such/program"))


@unittest.skipUnless(browser.find(), "no Chromium")
class InBrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            top = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="matrix-")))
            cls.page = stack.enter_context(browser.opened())
            cls.urls = {}
            for name, found in (("mixed", of(told(MIXED), on_platform("z", plain(bad_bare="well", good_bare="well")))),
                                ("hostile", of(*hostile_report())), ("subjects", subjects())):
                (top / f"{name}.html").write_text(matrix_page.render(found), encoding="utf-8")
                cls.urls[name] = (top / f"{name}.html").as_uri()
            cls.addClassCleanup(stack.pop_all().close)

    def setUp(self):
        self.page.complaints.clear()
        self.page.screen(1280, 800)

    def tearDown(self):
        self.assertEqual([], self.page.complaints)

    def visible_rows(self):
        return self.page.ask("[...document.querySelectorAll('tr[data-row]')].filter(r => r.checkVisibility())"
                             ".map(r => r.querySelector('button').textContent[0]).join(' ')")

    def panel(self):
        return self.page.ask("document.getElementById('panel').checkVisibility() ?"
                             " document.getElementById('panel').innerText : ''")

    def test_a_cell_opens_its_evidence(self):
        self.page.load(self.urls["mixed"])
        self.assertEqual("", self.panel())
        self.page.ask("document.querySelector('tr[data-row] td').click()")
        panel = self.panel()
        for part in ("a on native", "means", "end exited 0", "conformance/run --mode bare --twin bad a",
                     "good twin, run"):
            self.assertIn(part, panel)
        self.page.press("Escape")
        self.assertEqual(("", "TD"), (self.panel(), self.page.ask("document.activeElement.tagName")))

    def test_by_keyboard(self):
        self.page.load(self.urls["mixed"])
        self.page.ask("document.querySelector(\"td[tabindex='0']\").focus()")
        for key in "ArrowRight", "ArrowDown", "ArrowLeft", "Enter":
            self.page.press(key)
        self.assertIn("b on native", self.panel())
        self.assertEqual("b, native bare: safe, FAIL",
                         self.page.ask("document.querySelector(\"td[tabindex='0']\").getAttribute('aria-label')"))

    def test_filters(self):
        for rows, address in (("a b c d e", ""), ("a", "#q=title+S3"), ("a b c e", "#wrong=1"),
                              ("b c e", "#wrong=1&column=native"), ("a", "#differ=1"),
                              ("c d", "#family=pipes"), ("", "#differ=1&column=z"), ("", "#q=nothing+like+it")):
            self.page.load(self.urls["mixed"] + address)
            self.assertEqual(rows, self.visible_rows(), address)
        self.page.ask("document.getElementById('reset').click()")
        self.assertEqual("a b c d e", self.visible_rows())
        self.assertEqual("", self.page.ask("location.hash"))
        self.page.ask("document.querySelector('#columns input').click()")
        self.assertEqual("#column=z", self.page.ask("location.hash"))
        self.assertEqual(1, self.page.ask("[...document.querySelectorAll('thead th[data-column]')]"
                                          ".filter(c => c.checkVisibility()).length"))

    def shown_columns(self):
        return self.page.ask("[...document.querySelectorAll('.names [data-column], .groups [data-group]')]"
                             ".filter(c => c.checkVisibility()).map(c => c.innerText + c.colSpan).join(' ')")

    def test_libraries_and_tools(self):
        self.page.load(self.urls["subjects"])
        self.assertEqual("libraries4 tools2 go2 ruby2 setsid1 tini1", self.shown_columns())
        self.page.load(self.urls["subjects"] + "#column=ruby&column=tini")
        self.assertEqual("libraries2 tools1 ruby2 tini1", self.shown_columns())
        self.assertEqual(["tini", "tini", "tini", "tini"], self.page.ask(
            "[...document.querySelectorAll('th.g[data-column], .modes .g, td.g')].map(c => c.dataset.column === '3' ||"
            " slots[c.cellIndex - (c.localName === 'td')].column === 3 ? 'tini' : 'another')"))
        self.assertEqual("ruby tini", self.page.ask("[...document.querySelectorAll('article')]"
                         ".filter(a => a.checkVisibility()).map(a => a.querySelector('h3').innerText).join(' ')"))
        self.page.ask("[...document.querySelectorAll('#columns .entry')].find(e => e.textContent.includes('setsid'))"
                      ".querySelector('button').click()")
        self.assertEqual(("tools1 setsid1", "#column=setsid"),
                         (self.shown_columns(), self.page.ask("location.hash")))

    def test_only_not_safe(self):
        for rows, address in ("a", "#unsafe=1"), ("a", "#unsafe=1&column=ruby"), ("", "#unsafe=1&column=tini"):
            self.page.load(self.urls["subjects"] + address)
            self.assertEqual(rows, self.visible_rows(), address)

    def test_why_it_does_not_apply(self):
        self.page.load(self.urls["subjects"] + "#cell=b&cell=go&cell=run")
        self.assertIn("run: not applicable\n", self.panel())
        self.assertIn("means ", self.panel())

    def test_what_does_not_fit_is_narrow(self):
        for width, narrow in (1280, False), (390, True):
            self.page.screen(width, 800)
            self.page.load(self.urls["subjects"])
            self.assertEqual(narrow, self.page.ask("document.getElementById('matrix').classList.contains('dense')"))
            self.assertEqual(narrow, self.page.ask("document.querySelector('td').offsetWidth < 40"))
        self.page.screen(390, 800)
        self.page.load(self.urls["subjects"] + "#column=go")
        self.assertFalse(self.page.ask("document.getElementById('matrix').classList.contains('dense')"))

    def test_an_address_with_a_cell(self):
        self.page.load(self.urls["mixed"] + "#cell=b&cell=native&cell=twin")
        self.assertIn("good twin, run", self.panel())
        self.assertIn("expected well, got bad", self.panel())
        self.page.load(self.urls["mixed"] + "#cell=no&cell=such")
        self.assertEqual("", self.panel())

    def test_texts_that_mean_harm(self):
        self.page.load(self.urls["hostile"])
        for number in range(self.page.ask("document.querySelectorAll('td, th button').length")):
            self.page.ask(f"document.querySelectorAll('td, th button')[{number}].click()")
        self.assertIn(MARKUP, self.panel())
        self.assertEqual(0, self.page.ask("document.querySelectorAll('img').length"))

    def test_head_and_first_column_stay(self):
        self.page.screen(240, 300)
        self.page.load(self.urls["mixed"])
        self.page.ask("f = document.querySelector('.frame'), f.scrollTop = 60, f.scrollLeft = 20, 0")
        self.assertEqual([60, 20, 0, 0], self.page.ask("""(() => {
            const at = selector => document.querySelector(selector).getBoundingClientRect(), frame = at('.frame');
            return [f.scrollTop, f.scrollLeft, at('thead').top - frame.top, at('tr[data-row] th').left - frame.left];
            })()"""))

    def test_on_a_phone_nothing_is_wider_than_it(self):
        for dark in False, True:
            self.page.screen(390, 844, dark)
            self.page.load(self.urls["hostile"] + "#cell=a")
            self.page.ask("document.querySelector('td').click()")
            self.assertEqual(390, self.page.ask("document.documentElement.scrollWidth"))


if __name__ == "__main__":
    fixture.main()
