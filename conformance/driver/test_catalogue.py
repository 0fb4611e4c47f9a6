#!/usr/bin/python3 -B
"""Entries of the catalogue: what is read, and what is complained of with the place."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import catalogue, fixture  # noqa: E402
from driver.schema import Malformed  # noqa: E402

GOOD = fixture.entry()


class Reading(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def write(self, name, text=GOOD):
        (self.directory / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    def complaints(self, text, name="x.md"):
        """Without the directory, of a file that must not be taken."""
        self.write(name, text)
        found = []
        self.assertEqual([], [e.id for e in catalogue.load(self.directory, found) if e.id + ".md" == name])
        return [str(c).replace(f"{self.directory}/", "") for c in found]

    def complains(self, expected, *changes):
        text = GOOD
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new, 1)
        self.assertIn(f"x.md: {expected}", self.complaints(text))

    def test_all_of_an_entry(self):
        self.write("some-thing.md", GOOD.replace('how = "In some way."', 'how = """\nIn some\n  way."""'))
        (one,) = catalogue.load(self.directory)
        self.assertEqual(("some-thing", "Something goes wrong", "identity", 1, "error"),
                         (one.id, one.title, one.family, one.order, one.severity))
        self.assertEqual((("pid", "kill"), ("linux",), "", (("S0", "Somewhere"),)),
                         (one.tags, one.platforms, one.audit, one.sources))
        self.assertEqual(("limited", "limited", "In some way."), (one.run, one.preload, one.how))
        self.assertEqual(["Story", "Timeline", "Remedy", "Elsewhere"], list(one.sections))
        self.assertEqual("```c\nwait(NULL);\n```", one.sections["Remedy"])

    def test_sorted_by_family_and_order(self):
        for name, family, order in (("a", "signals", 1), ("b", "identity", 20), ("c", "identity", 3),
                                    ("d", "fork-exec", 1)):
            self.write(f"{name}.md", fixture.entry(family, order))
        self.assertEqual(["c", "b", "d", "a"], [e.id for e in catalogue.load(self.directory)])

    def test_malformed_one_takes_out_itself_only(self):
        self.write("good.md")
        self.complaints("nothing of the kind")
        with self.assertRaisesRegex(Malformed, r"/x\.md: line 1: must be \+\+\+"):
            catalogue.load(self.directory)
        (self.directory / "x.md").unlink()
        self.assertEqual(1, len(catalogue.load(self.directory)))

    def test_what_is_no_entry_is_not_looked_at(self):
        for name in ("notes.txt", ".x.md", "x.md~"):
            self.write(name, "no entry")
        self.assertEqual([], catalogue.load(self.directory))

    def test_source_beyond_the_documents_needs_no_section(self):
        self.write("x.md", GOOD.replace('"S0"\nsection = "Somewhere"', '"+"'))
        self.assertEqual((("+", ""),), catalogue.load(self.directory)[0].sources)

    def test_front_matter(self):
        self.complains("line 1: must be +++", ("+++", "---"))
        self.complains("line 1: a +++ that no second one closes", ("\n+++\n\n", "\n"))
        self.complains("line 4: is not TOML: Invalid value", ("order = 1", "order = one"))
        self.complains("title: is missing", ('title = "Something goes wrong"\n', ""))
        self.complains("title: must be one line of text, not ''", ("Something goes wrong", ""))
        self.complains("titel: is no key that is known (is title meant?)", ("title", 'title = "x"\ntitel'))
        self.complains("order: must be a whole number from 0 to 9999, not True", ("order = 1", "order = true"))
        self.complains("severity: must be one of error, warning, note, not 'fatal'", ('"error"', '"fatal"'))
        self.complains("family: must be one of identity, containment, fork-exec, pipes, signals, windows, not 'x'",
                       ('"identity"', '"x"'))
        self.complains("platforms: must be a list of different words (linux, macos, bsd, windows), not empty, "
                       "not ['beos']", ('["linux"]', '["beos"]'))
        self.complains("tags: must be a list of lines of text, not empty, not []", ('["pid", "kill"]', "[]"))
        self.complains("audit: is missing", ('audit = ""\n', ""))
        self.complains("sources[1].document: must be one of S0, S1, S2, S3, S4, +, not 'S9'", ('"S0"', '"S9"'))
        self.complains("sources[1].section: is missing", ('section = "Somewhere"\n', ""))
        self.complains("forkproof.run: must be one of prevented, limited, detected, none, not 'maybe'",
                       ('run = "limited"', 'run = "maybe"'))
        self.complains("forkproof.how: must be a text that says how, or why not, not ' '", ('"In some way."', '" "'))
        self.complains("forkproof: is missing",
                       ('[forkproof]\nrun = "limited"\npreload = "limited"\nhow = "In some way."\n', ""))

    def test_a_table_where_a_list_must_be(self):
        self.complains("sources: must be a list of tables ([[sources]]), "
                       "not {'document': 'S0', 'section': 'Somewhere'}", ("[[sources]]", "[sources]"))

    def test_sections(self):
        self.complains("## Remedy is missing", ("## Remedy", "## Cure"))
        self.complains("line 31: ## Cure is none of the sections: Story, Timeline, Remedy, Elsewhere",
                       ("## Remedy", "## Cure"))
        self.complains("## Story is there twice", ("## Remedy", "## Story"))
        self.complains("its sections must be in this order: Story, Timeline, Remedy, Elsewhere", ("## Story", "## 1"),
                       ("## Remedy", "## Story"), ("## 1", "## Remedy"))
        self.complains("line 37: ## Elsewhere is empty", ("Nowhere.", ""))
        self.complains("line 19: text before the first section, ## Story", ("\n## Story", "Once.\n\n## Story"))
        self.complains("line 24: ## Timeline has no table",
                       ("| parent | child |\n| --- | --- |\n| fork | |\n| | **exits** |", "-"))

    def test_prose(self):
        self.complains("line 22: has 121 characters: 120 at most", ("A story", "A story " * 9 + "a" * 21))
        self.complains("line 22: has a tab or a control character", ("A story", "A\tstory"))
        self.complains("line 22: has a tab or a control character", ("A story", "A \x1b[31mstory"))
        self.complains("line 22: a ` that is not closed", ("`code`", "`code"))
        self.complains("line 22: a ** that is not closed", ("**weight**", "**weight"))
        self.complains("line 22: an image: text only", ("`code`", "![x](y)"))
        self.complains("line 22: an HTML tag, <signal.h>: only `code`, **strong** and links", ("`code`", "<signal.h>"))
        self.complains("line 22: a heading of that kind has no place here", ("A story", "### A story"))
        self.complains("line 22: a quotation of that kind has no place here", ("A story", "> A story"))
        self.complains("line 22: has blanks at its end", ("**weight**.", "**weight**. "))
        self.complains("line 33: a code block that is not closed", ("(NULL);\n```", "(NULL);"))

    def test_code_is_not_prose(self):
        self.write("x.md",
                   GOOD.replace("wait(NULL);", "#include <stdio.h>\n### `\n> **").replace("`code`", "`a <b> **\nc`"))
        self.assertEqual(1, len(catalogue.load(self.directory)))

    def test_tables(self):
        self.complains("line 28: has 3 cells, the table's head has 2", ("| fork | |", "| fork | | |"))
        self.complains("line 28: a table's line must end with |", ("| fork | |", "| fork |  x"))
        self.complains("line 26: a table needs a head, a line of | --- | and a row", ("| --- | --- |\n", ""))

    def test_files_that_cannot_be_read(self):
        self.assertEqual(["x.md: line 2: is not UTF-8"], self.complaints(b"+++\n\xff"))
        self.assertEqual(["x.md: line 1: must be +++"], self.complaints(""))
        self.assertIn("X y.md: its name must be an id: lower case with hyphens",
                      "\n".join(self.complaints(GOOD, "X y.md")))
        (self.directory / "x.md").unlink()
        (self.directory / "x.md").symlink_to("nowhere")
        found = []
        catalogue.load(self.directory, found)
        self.assertIn("x.md: cannot be read: No such file or directory", "\n".join(map(str, found)))

    def test_nesting_without_end(self):
        self.assertIn("is not TOML", "\n".join(self.complaints("+++\nx = " + "[" * 5000 + "\n+++\n")))


if __name__ == "__main__":
    fixture.main()
