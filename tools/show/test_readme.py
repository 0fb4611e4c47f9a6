"""README.md shows what happens: its commands are run, and what it says they print is what they print.

    test_readme.py --build DIRECTORY

Numbers that differ from run to run (pids, times) are not compared; a line `…` stands for any lines. The other pages are held to
less: what they link to is there.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import programs

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BUILD = "build/release"  # where README says that it is
DEADLINE = 60  # seconds
MARK = "-- the next command --"
NAMESPACE = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--pid", "--fork", "--mount-proc"]


class Place:
    build = None


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands_in(block):
    """Of a console block: (command, the lines that it prints)."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def pattern_of_line(line):
    if line == "…":
        return r"(?:.*\n)*"
    escaped = re.sub(r"\d+", lambda _: r"\d+", re.escape(line))
    return re.sub(r"(?<=rung\\ )\w+", lambda _: r"\w+", escaped) + r"\n"


def pattern_of(printed):
    """A regular expression for what is printed: numbers may be others, the rung too, and `…` is any lines."""
    return "".join(pattern_of_line(line) for line in printed.splitlines())


def tracked_pages():
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split()]
    return [path for path in ROOT.rglob("*.md") if "build" not in path.relative_to(ROOT).parts]


def anchors_of(text):
    """As code hosting sites make them of headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-") for heading in headings}


def broken_links(page):
    text = page.read_text()
    outside_code = re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", outside_code):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists():
            yield f"{page.relative_to(ROOT)}: {target}: no such file"
        elif anchor and file.suffix == ".md" and anchor not in anchors_of(file.read_text()):
            yield f"{page.relative_to(ROOT)}: {target}: no such heading"


def output_of(script):
    """What bash prints for it, in a pid namespace: what the bug leaves ends with that, and pgrep sees nothing else.

    To a file: what is left holds a pipe open.
    """
    build = os.path.relpath(Place.build, ROOT)
    environment = {**os.environ, "PATH": f"{Place.build}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryFile() as output:
        subprocess.run([*NAMESPACE, "bash", "-c", script.replace(BUILD, build)], cwd=ROOT, stdin=subprocess.DEVNULL,
                       stdout=output, stderr=output, timeout=DEADLINE, env=environment)
        output.seek(0)
        return output.read().decode().replace(build, BUILD)


class Readme(unittest.TestCase):
    def test_what_it_shows_is_printed(self):
        shown = [pair for block in blocks("console") for pair in commands_in(block)]
        self.assertGreater(len(shown), 2)
        outputs = output_of("".join(f"{command}\necho {MARK}\n" for command, _ in shown)).split(f"{MARK}\n")
        for (command, printed), output in zip(shown, outputs):
            with self.subTest(command):
                self.assertRegex(output, rf"\A{pattern_of(printed)}\Z")

    def test_the_bug_is_the_file(self):
        self.assertIn((ROOT / "docs" / "bug.py").read_text(), blocks("python"))

    def test_the_table_has_the_rows_of_the_show(self):
        table = re.search(r"<!-- show -->(.*)<!-- /show -->", README, re.DOTALL).group(1)
        rows = [line[:36].rstrip() for line in table.splitlines() if re.search(r" (cgroup|walk|pidns)\s*$", line)]
        self.assertEqual(rows, [entry.title for entry in programs.DEBIAN + programs.OURS if not entry.optional])

    def test_options_are_there(self):
        used = re.findall(r"^forkproof (\w+) (.*?)(?: -- .*)?(?:#.*)?$", "".join(blocks("sh")), re.MULTILINE)
        self.assertGreater(len(used), 5)
        for command, words in used:
            known = output_of(f"forkproof {command} --help; forkproof run --help")
            for option in re.findall(r"--[a-z-]+", words):
                self.assertRegex(known, rf"{option}\b", command)

    def test_its_figures_stand_in_the_page_it_names(self):
        for mark, page in (("matrix", "matrix"), ("bench", "targets")):
            said = re.search(rf"<!-- {mark} -->(.*)<!-- /{mark} -->", README, re.DOTALL).group(1)
            text = (ROOT / "docs" / f"{page}.md").read_text()
            figures = re.findall(r"\d+(?:\.\d+)?", said)
            self.assertTrue(figures, mark)
            missing = [figure for figure in figures if not re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d.]*\d)", text)]
            self.assertEqual(missing, [], f"not in docs/{page}.md")

    def test_the_number_of_pitfalls(self):
        count = len(list((ROOT / "conformance" / "catalogue").glob("*.md")))
        self.assertIn(f"\n**Learn, and judge your own library.** {count} pitfalls", README)

    def test_links_lead_somewhere(self):
        self.assertEqual([broken for page in tracked_pages() for broken in broken_links(page)], [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    known, rest = parser.parse_known_args()
    Place.build = known.build.resolve()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
