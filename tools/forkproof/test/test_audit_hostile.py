"""A member that writes what it likes into the record of its audit, and records that are none: one line, an end in time,
and reports that their readers can read."""

import html.parser
import json
import os
import struct
import sys
import unittest
import xml.etree.ElementTree as ElementTree

import harness
from harness import DEADLINE, HELPERS, LEAVER, RUNGS

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "audit", "test"))
from schema import check  # noqa: E402

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "docs", "audit.schema.json")
SCRIBBLER = os.path.join(HELPERS, "record_scribbler")
FORMATS = ["text", "json", "sarif", "junit", "html", "trace"]
NASTY = b"\x1b[31m</script><script>x</script>&lt;\"'\xff\xfe\xc0\x80\r\n\t\x07\x7f\xe2\x80\xae]]>--><!--%s%n"
PAGE = 4096


class Tags(html.parser.HTMLParser):
    """The elements of a page, and the text of its data."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, attributes))


class Hostile(harness.Case):
    """What is common: reports in all formats, each read by a reader of its own."""

    def command(self, *words):
        return [self.forkproof, "audit", *self.options, *words]

    def ask(self, *words):
        """Another subcommand, without a run."""
        return harness.subprocess.run([self.forkproof, *words], env=self.environment, capture_output=True,
                                      stdin=harness.subprocess.DEVNULL, timeout=DEADLINE * 2)

    def path(self, name):
        return os.path.join(self.directory, name)

    def all_formats(self):
        return [word for name in FORMATS for word in ("--format=" + name, "--output=" + self.path("report." + name))]

    def written(self, name):
        with open(self.path("report." + name), "rb") as file:
            return file.read()

    def assert_plain(self, text):
        """Nothing that a terminal would obey; U+202E turns the direction of writing round."""
        text = text.decode()
        self.assertEqual([c for c in text if c != "\n" and (c < " " or "\x7f" <= c < "\xa0" or c == "\u202e")], [])

    def assert_well_formed(self):
        self.assert_plain(self.written("text"))
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        self.assertEqual(check(json.loads(self.written("json")), schema, schema, strict=True), [])
        for name in ("sarif", "trace"):
            json.loads(self.written(name))
        ElementTree.fromstring(self.written("junit"))
        page = self.written("html").decode()
        self.assertNotIn("<script>x", page)
        self.assertLessEqual({tag for tag, _ in Tags(page).tags}, self.elements())
        for name in FORMATS:
            os.remove(self.path("report." + name))

    def elements(self):
        """Of the page itself."""
        page = os.path.join(os.path.dirname(SCHEMA), "..", "tools", "forkproof", "audit", "format", "page.html")
        with open(page, encoding="utf-8") as file:
            return {tag for tag, _ in Tags(file.read()).tags}

    def assert_lines(self, err):
        """Lines of ours and nothing else: no sanitizer, no crash."""
        self.assert_plain(err)
        for line in err.decode().splitlines():
            self.assertRegex(line, r"\Aforkproof: ")


class Members(Hostile):
    def scribble(self, rung, *words):
        done = self.run_to_end("--contain=" + rung, *self.all_formats(), "--record=" + self.path("record"), "--",
                               SCRIBBLER, *words)
        self.assert_lines(done.stderr)
        return done

    def test_what_is_damaged_is_told(self):
        """Findings may be lost; that is said, and nothing is said that is not there."""
        for rung in RUNGS:
            for what in ("chunks", "events", "huge", "nothing"):
                with self.subTest(rung=rung, what=what):
                    done = self.scribble(rung, what)
                    self.assertIn(done.returncode, (0, 99), done)
                    self.assertRegex(done.stderr, rb"(?m)^forkproof: .*damaged at offset \d+: .+$")
                    self.assertLess(done.stderr.count(b"\n"), 10)
                    self.assertRegex(done.stderr, rb"(?m)^forkproof: audit: .* in \d+ process(es)?$")
                    self.assert_well_formed()

    def test_what_is_no_record_any_more_is_told(self):
        """Then there is no report, and not half of one."""
        for rung in RUNGS:
            for what in ("head", "all", "fill", "zero", "hole"):
                with self.subTest(rung=rung, what=what):
                    done = self.scribble(rung, what)
                    self.assertIn(done.returncode, (0, 99, 125), done)
                    if done.returncode != 125:
                        self.assertIn(b"damaged", done.stderr)
                        self.assert_well_formed()
                        continue
                    self.assertEqual(done.stderr.count(b"\nforkproof: cannot read "), 1, done.stderr)
                    self.assertEqual([n for n in os.listdir(self.directory) if n.startswith("report")], [])

    def test_while_it_is_written(self):
        """Hooks write, and children are born with it, while another one spoils it."""
        for rung in RUNGS:
            with self.subTest(rung):
                done = self.scribble(rung, "forks")
                self.assertIn(done.returncode, (0, 99, 125), done)

    def test_it_cannot_be_cut_or_sealed(self):
        for rung in RUNGS:
            with self.subTest(rung):
                done = self.scribble(rung, "seal")
                self.assertEqual(done.returncode, 99, done)  # for what it leaves behind
                self.assertNotIn(b"damaged", done.stderr)
                self.assert_well_formed()

    def test_lies_are_told_in_order(self):
        for text in (NASTY, NASTY * 40, b"", b"\x80", b"\xed\xa0\x80\xf4\x90\x80\x80", b"\xe2\x80\xa8" * 600):
            with self.subTest(text[:20]):
                done = self.scribble(RUNGS[-1], "forge", text)
                self.assertEqual(done.returncode, 99, done)
                rules = {finding["rule"] for finding in json.loads(self.written("json"))["findings"]}
                self.assertEqual("pipe-full-deadlock" in rules, bool(text))  # without a sentence it is none
                self.assert_well_formed()

    def test_true_words_that_look_like_lies(self):
        """The longest argument that there is, and many."""
        whole = (NASTY.replace(b"\0", b"") * 2000)[:131071]
        done = self.run_to_end(*self.all_formats(), "--", LEAVER, "--help", whole, *[NASTY] * 500)
        self.assert_lines(b"".join(done.stderr.splitlines(keepends=True)[-1:]))
        self.assert_well_formed()

    def test_the_report_of_the_record_is_the_same(self):
        """What is kept is told in the same way, by whoever has it."""
        for words in (("seal",), ("events",), ("forge", NASTY)):
            with self.subTest(words):
                done = self.scribble(RUNGS[-1], *words)
                findings = json.loads(self.written("json"))["findings"]
                self.assert_well_formed()
                again = self.ask("report", *self.all_formats(), self.path("record"))
                self.assertEqual(again.returncode, done.returncode, again)
                self.assertEqual([f["fingerprint"] for f in json.loads(self.written("json"))["findings"]],
                                 [f["fingerprint"] for f in findings])
                self.assert_well_formed()


class Records(Hostile):
    """`forkproof report` of what lies where a record should."""

    def setUp(self):
        super().setUp()
        self.record = self.path("record")
        self.run_to_end("--quiet", "--record=" + self.record, "--", SCRIBBLER, "seal")
        with open(self.record, "rb") as file:
            self.good = file.read()

    def report(self, path=None):
        done = self.ask("report", "--format=json", path or self.record)
        self.assert_lines(done.stderr)
        if done.returncode == 125:
            self.assertEqual(done.stdout, b"")
        else:
            json.loads(done.stdout)
        return done

    def refuse(self, text, path=None):
        done = self.report(path)
        self.assertEqual(done.returncode, 125, done)
        self.assertRegex(done.stderr, rb"\Aforkproof: cannot read [^\n]*" + text.encode() + rb"[^\n]*\n\Z")

    def put(self, content):
        os.remove(self.record)
        with open(self.record, "wb") as file:
            file.write(content)

    def test_the_whole(self):
        self.assertEqual(self.report().returncode, 99)

    def test_cut_off_anywhere(self):
        for size in range(0, len(self.good), PAGE):
            with self.subTest(size):
                self.put(self.good[:size])
                done = self.report()
                self.assertIn(done.returncode, (0, 99) if size else (125,))
                if size:
                    self.assertRegex(done.stderr, rb"(?m)^forkproof: .*damaged at offset %d: the file ends here" % size)

    def test_cut_off_in_the_head(self):
        for size in (0, 1, 7, 8, 71, 72, PAGE - 1):
            with self.subTest(size):
                self.put(self.good[:size])
                self.refuse("offset")

    def test_foreign_files(self):
        for content, text in ((b"#!/bin/sh\n" * 1000, "not a record"), (b"\x7fELF" + bytes(8000), "not a record"),
                              (bytes(100000), "not a record"), (b"{}", "within the head|not a record"),
                              (self.good[7::-1] + self.good[8:], "other byte order"),
                              (self.good[:8] + struct.pack("=I", 1) + self.good[12:], "version 1; this forkproof"),
                              (self.good[:8] + struct.pack("=I", 2 ** 32 - 1) + self.good[12:], "version 4294967295"),
                              (self.good[:12] + struct.pack("=I", 0) + self.good[16:], "chunks of 0 bytes"),
                              (self.good[:16] + struct.pack("=Q", 2 ** 64 - 1) + self.good[24:], "a size of")):
            with self.subTest(text):
                self.put(content)
                self.refuse("(%s)" % text)

    def test_a_record_that_says_it_is_huge(self):
        """A hole of 4 GiB is no work, and one of more is no record."""
        self.put(self.good)
        os.truncate(self.record, 4 << 30)
        self.assertEqual(self.report().returncode, 99)
        os.truncate(self.record, (4 << 30) + 1)
        self.refuse("larger than any record")

    def test_what_is_no_file(self):
        os.mkdir(self.path("directory"))
        os.mkfifo(self.path("fifo"))
        os.symlink("loop", self.path("loop"))
        for name, text in (("directory", "not a regular file"), ("fifo", "not a regular file"),
                           ("loop", "Too many levels"), ("missing", "No such file"),
                           ("record/below", "Not a directory"), ("/dev/zero", "not a regular file"),
                           ("/dev/null", "not a regular file"), ("x" * 300, "File name too long")):
            with self.subTest(name):
                self.refuse(text, os.path.join(self.directory, name))

    def test_one_that_may_not_be_read(self):
        os.chmod(self.record, 0)
        if os.geteuid() != 0:
            self.refuse("Permission denied")
            return
        _, options = self.as_user(LEAVER)
        done = harness.subprocess.run([self.forkproof, "report", self.record], capture_output=True, timeout=DEADLINE,
                                      **options)
        self.assertEqual((done.returncode, done.stdout), (125, b""))
        self.assertRegex(done.stderr, rb"\Aforkproof: cannot read [^\n]*: Permission denied\n\Z")

    def test_a_fifo_that_is_written_to(self):
        """It is not waited for, and nothing is read from it."""
        os.mkfifo(self.path("fifo"))
        writer = os.open(self.path("fifo"), os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, writer)
        os.write(writer, self.good[:PAGE])
        self.refuse("not a regular file", self.path("fifo"))
        self.assertEqual(len(os.read(writer, 2 * PAGE)), PAGE)


if __name__ == "__main__":
    unittest.main()
