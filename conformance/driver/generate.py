#!/usr/bin/python3 -B
"""What is made from the catalogue and the cases, and whether it is up to date.

    generate.py --pages [DIR]   docs/gotchas: a page for each gotcha, and their index
    generate.py --check         what of it is missing, stale or nobody's; which entry has no case, which case no entry
    generate.py --c OUT.c       the table for the command
"""

import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "conformance"))

from driver import cases, catalogue, gotcha_page, gotcha_table  # noqa: E402

PAGES = ROOT / "docs/gotchas"
OURS = "<!-- Made by conformance/driver/generate.py "


def load(folder):
    """(entries, cases, complaints)."""
    complaints = []
    entries = catalogue.load(folder / "catalogue", complaints)
    return entries, cases.load(folder / "cases", complaints, cases.PLATFORMS), complaints


def write(path, text):
    """An equal file stays as it is, with its time."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def without_each_other(entries, found, complaints):
    """Entries without a case, and cases without an entry; a malformed one is there, if not well."""
    malformed = {complaint.id for complaint in complaints}
    named = {entry.id for entry in entries}
    here = {entry.id for entry in entries if "linux" in entry.platforms}
    for name in sorted(here - found.keys() - malformed):
        yield f"conformance/catalogue/{name}.md: has no case: conformance/cases/{name} is missing"
    for name in sorted(found.keys() - named - malformed):
        yield f"conformance/cases/{name}: has no entry: conformance/catalogue/{name}.md is missing"


def differences(wanted, directory, complaints):
    """What is different in the directory; of malformed entries nothing is known."""
    there = {path.name: path.read_text() for path in directory.glob("*.md")}
    malformed = {f"{complaint.id}.md" for complaint in complaints}
    for name in sorted(wanted.keys() - there.keys()):
        yield f"{directory / name}: missing"
    for name in sorted(wanted.keys() & there.keys() - malformed):
        if wanted[name] != there[name] and not (malformed and name == f"{gotcha_page.INDEX}.md"):
            yield f"{directory / name}: stale: mend with conformance/driver/generate.py --pages"
    for name in sorted(there.keys() - wanted.keys() - malformed):
        yield f"{directory / name}: nobody's: there is no such entry"


def check(entries, found, complaints, directory):
    problems = [*map(str, complaints), *without_each_other(entries, found, complaints),
                *differences(gotcha_page.pages(entries, found, {c.id for c in complaints}), directory, complaints)]
    for problem in problems:
        print(problem.replace(f"{ROOT}/", ""))
    return 1 if problems else 0


def write_pages(entries, found, directory):
    wanted = gotcha_page.pages(entries, found)
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("*.md"):
        if path.name not in wanted and path.read_text().startswith(OURS):
            path.unlink()
    for name, text in wanted.items():
        write(directory / name, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--c", metavar="OUT.c", type=pathlib.Path)
    what.add_argument("--pages", metavar="DIR", type=pathlib.Path, nargs="?", const=PAGES)
    what.add_argument("--check", action="store_true")
    parser.add_argument("--conformance", metavar="DIR", type=pathlib.Path, default=ROOT / "conformance",
                        help="where catalogue and cases are")
    parser.add_argument("--docs", metavar="DIR", type=pathlib.Path, default=PAGES, help="what --check looks at")
    options = parser.parse_args()
    entries, found, complaints = load(options.conformance)
    if options.check:
        return check(entries, found, complaints, options.docs)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if options.c and not complaints:
        options.c.write_text(gotcha_table.text(entries, found))
    elif options.pages:
        write_pages(entries, found, options.pages)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
