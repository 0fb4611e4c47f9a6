#!/usr/bin/python3 -B
"""What is made from the catalogue and the cases, and what --check notices."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent

ENTRY = """\
+++
title = "A title with \\"marks\\" and a \\\\"
family = "signals"
order = 1
severity = "note"
tags = ["some"]
platforms = ["linux"]
audit = ""

[[sources]]
document = "S0"
section = "Some section"

[forkproof]
run = "prevented"
preload = "none"
how = "By care??!"
+++

## Story

As (a-sister) and `a-sister` tell, and `a-stranger`.

## Timeline

| one | the other |
| --- | --- |
| `fork` | |
| | **ends** here |

It ends.

## Remedy

```c
int a; /* (a-sister) */
```

## Elsewhere

Nowhere.
"""
CASE = """\
preload = "kill=tree"
[outcomes.wrong]
safe = false
when = "killed SIGPIPE"
means = "it went wrong"

[outcomes.right]
safe = true
when = "said"
means = "it went right"

[expect.bad]
bare = "wrong"
run = "right"
preload = "right"

[expect.good]
all = "right"

[[unless]]
program = "bad"
mode = "run"
where = "musl !root"
outcome = "wrong"
because = "musl is different"
"""
WINE_CASE = """\
platform = "wine"
outcomes.wrong = {safe = false, when = "said", means = "it went wrong"}
outcomes.right = {safe = true, when = "said", means = "it went right"}
expect.bad.bare = "wrong"
expect.good.bare = "right"
"""
PROGRAM = """\
#include <stdio.h>

#include "explain/gotcha.h"

int main(void) {
    for (size_t i = 0; i < fp_gotcha_count; i++) {
        const struct fp_gotcha *gotcha = &fp_gotchas[i];
        printf("%s|%s|%s|%s\\n", gotcha->id, gotcha->title, gotcha->how, gotcha->example->outcomes[0].when);
    }
}
"""


class Generate(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="forkproof-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.docs = self.folder / "docs"
        for name in "an-entry", "a-sister":
            self.add_entry(name)
            self.add_case(name)

    def add_entry(self, name, text=ENTRY):
        (self.folder / "catalogue").mkdir(exist_ok=True)
        (self.folder / "catalogue" / f"{name}.md").write_text(text)

    def add_case(self, name):
        folder = self.folder / "cases" / name
        folder.mkdir(parents=True)
        (folder / "case.toml").write_text(CASE)
        (folder / "bad.c").write_text("int main(void) { return 1; }\n")
        (folder / "good.c").write_text("int main(void) { return 0; }\n")

    def generate(self, *words):
        return subprocess.run([HERE / "generate.py", "--conformance", self.folder, "--docs", self.docs, *words],
                              capture_output=True, text=True, check=False)

    def make_pages(self):
        done = self.generate("--pages", self.docs)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def complaints(self):
        done = self.generate("--check")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 1 if done.stdout else 0)
        return done.stdout.replace(f"{self.folder}/", "").splitlines()

    def page(self):
        return (self.docs / "an-entry.md").read_text()

    # --- what is checked ---

    def test_what_was_just_made_is_up_to_date(self):
        self.make_pages()
        self.assertEqual(self.complaints(), [])

    def test_what_is_missing_stale_or_nobodys(self):
        self.make_pages()
        (self.docs / "README.md").unlink()
        (self.docs / "nobody.md").write_text("")
        case = self.folder / "cases/an-entry/bad.c"
        case.write_text("int main(void) { return 2; }\n")
        self.assertEqual(self.complaints(), [
            "docs/README.md: missing",
            "docs/an-entry.md: stale: mend with conformance/driver/generate.py --pages",
            "docs/nobody.md: nobody's: there is no such entry"])

    def test_pages_of_entries_that_are_gone_go(self):
        self.make_pages()
        (self.docs / "by-hand.md").write_text("mine\n")
        (self.folder / "catalogue/a-sister.md").unlink()
        shutil.rmtree(self.folder / "cases/a-sister")
        self.make_pages()
        self.assertEqual(sorted(path.name for path in self.docs.iterdir()), ["README.md", "an-entry.md", "by-hand.md"])

    def test_entries_and_cases_belong_together(self):
        self.add_entry("lonely")
        self.add_entry("elsewhere", ENTRY.replace('"linux"', '"windows"'))
        self.add_case("nameless")
        self.make_pages()
        self.assertEqual(self.complaints(), [
            "conformance/catalogue/lonely.md: has no case: conformance/cases/lonely is missing",
            "conformance/cases/nameless: has no entry: conformance/catalogue/nameless.md is missing"])

    def test_a_malformed_entry_is_complained_of_once(self):
        self.make_pages()
        self.add_entry("a-sister", ENTRY.replace("order = 1\n", ""))
        self.assertEqual(self.complaints(), ["catalogue/a-sister.md: order: is missing"])
        done = self.generate("--c", self.folder / "table.c")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("order: is missing", done.stderr)
        self.assertFalse((self.folder / "table.c").exists())

    # --- what is made ---

    def test_a_page(self):
        self.make_pages()
        page = self.page()
        headings = [line[3:] for line in page.splitlines() if line.startswith("## ")]
        self.assertEqual(headings, ["Story", "Timeline", "What comes of it", "Remedy", "The program", "Under forkproof",
                                    "Elsewhere"])
        for text in ('# A title with "marks" and a \\\n',
                     "```text\none    the other\n├ fork │\n│      ╳ ends here\n```\n\nIt ends.\n",
                     "| `wrong` | **unsafe** | bad |  |  | it went wrong |\n",
                     "| `right` | safe | good | bad, good | bad, good | it went right |\n",
                     "- bad, `forkproof run`, with musl, not for root: `wrong`, because musl is different\n",
                     "The library has `FORKPROOF_OPTIONS=kill=tree` here.",
                     "```c\nint main(void) { return 1; }\n```\n",
                     "-int main(void) { return 1; }\n+int main(void) { return 0; }\n",
                     "See it: `forkproof explain --run an-entry`\n"):
            self.assertIn(text, page)

    def test_other_gotchas_are_linked_but_not_in_code(self):
        self.make_pages()
        self.assertIn("As ([a-sister](a-sister.md)) and [`a-sister`](a-sister.md) tell, and `a-stranger`.", self.page())
        self.assertIn("int a; /* (a-sister) */", self.page())

    def test_the_index(self):
        self.add_entry("first", ENTRY.replace('"signals"', '"identity"'))
        self.add_case("first")
        self.make_pages()
        index = (self.docs / "README.md").read_text()
        self.assertLess(index.index("[first](first.md)"), index.index("[a-sister](a-sister.md)"))
        self.assertIn(" | note | prevented, with `-o kill=tree` | none |", index)
        self.assertRegex(index, r"\| S0 \| Gotchas, bugs, .* \(\[duct\]\(https:\S+\)\) \| 3 \|\n")
        self.assertIn("really falls into it (`forkproof explain --run ID`), and", index)

    def test_the_options_that_an_answer_takes(self):
        case = self.folder / "cases/an-entry/case.toml"
        self.add_entry("an-entry", ENTRY.replace('preload = "none"', 'preload = "limited"'))
        for of_run, of_preload, run, preload in (
                ((), "", "", ""), (("--grace=100ms",), "", "", ""), ((), "contain=guard", "", "contain=guard"),
                (("--kill=tree",), "kill=tree", "--kill=tree", "kill=tree"),
                (("--confine",), "a=b:c=d", "--confine -o a=b -o c=d", "a=b:c=d")):
            with self.subTest((of_run, of_preload)):
                case.write_text(f"run = {list(of_run)}\n" + CASE.replace('"kill=tree"', f'"{of_preload}"'))
                self.make_pages()
                run, preload = (f", with `{options}`" if options else "" for options in (run, preload))
                self.assertIn(f"`forkproof run`: **prevented**{run}. The library preloaded alone: "
                              f"**limited**{preload}.\n", self.page())
                self.assertIn(f" | note | prevented{run} | limited{preload} |\n", (self.docs / "README.md").read_text())

    def test_an_answer_that_takes_nothing(self):
        self.make_pages()
        self.assertIn("**prevented**, with `-o kill=tree`. The library preloaded alone: **nothing**.\n", self.page())

    def test_windows_own_are_run_elsewhere(self):
        self.add_entry("elsewhere", ENTRY.replace('"linux"', '"windows"'))
        self.add_case("elsewhere")
        case = self.folder / "cases/elsewhere"
        (case / "case.toml").write_text(WINE_CASE)
        for name in "bad", "good":
            (case / f"{name}.c").rename(case / f"{name}.windows.c")
        self.make_pages()
        self.assertIn("(`forkproof explain --run ID`; the 1 of Windows' own run in Wine: `conformance/run --platform "
                      "wine ID`)", (self.docs / "README.md").read_text())

    def test_the_table_is_good_c(self):
        table, program = self.folder / "table.c", self.folder / "program.c"
        self.assertEqual(self.generate("--c", table).returncode, 0)
        program.write_text(PROGRAM)
        flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", HERE.parents[1] / "tools/forkproof"]
        subprocess.run(["cc", *flags, table, program, "-o", self.folder / "program"], check=True)
        shown = subprocess.run([self.folder / "program"], capture_output=True, text=True, check=True).stdout
        title = 'A title with "marks" and a \\'
        self.assertEqual(shown, "".join(f"{name}|{title}|By care??!|killed 13\n" for name in ("a-sister", "an-entry")))


if __name__ == "__main__":
    unittest.main()
