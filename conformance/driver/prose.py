"""The Markdown of an entry: its sections, and whether it keeps to what a terminal can show as well."""

import re

WIDEST = 120
HEADING = re.compile(r"#{1,6}(\s|$)")
RULE = re.compile(r"\s*([-=*_])(\s*\1){2,}\s*$")
FENCE = re.compile(r"\s*```")
DELIMITER = re.compile(r"\|(\s*:?-+:?\s*\|)+$")
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.S)
TAG = re.compile(r"</?[A-Za-z][^<>:]*>")


def cells(row):
    """Of a table's line."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip())[1:-1]]


def without_code(text):
    """As long as before, so that places stay what they are."""
    return CODE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def check_paragraph(lines, first, complain):
    text = without_code("\n".join(lines))

    def at(place, what):
        complain(f"line {first + text.count(chr(10), 0, place)}", what)

    if "`" in text:
        at(text.index("`"), "a ` that is not closed")
    if text.count("**") % 2:
        at(text.rindex("**"), "a ** that is not closed")
    if "![" in text:
        at(text.index("!["), "an image: text only")
    for found in TAG.finditer(text):
        at(found.start(), f"an HTML tag, {found.group()}: only `code`, **strong** and links")


def check_table(lines, first, complain):
    width = len(cells(lines[0]))
    if len(lines) < 3 or not DELIMITER.match(lines[1].rstrip()):
        complain(f"line {first}", "a table needs a head, a line of | --- | and a row")
        return
    for number, line in enumerate(lines, first):
        if not line.rstrip().endswith("|"):
            complain(f"line {number}", "a table's line must end with |")
        elif len(cells(line)) != width:
            complain(f"line {number}", f"has {len(cells(line))} cells, the table's head has {width}")


def check_line(line, number, complain):
    if len(line) > WIDEST:
        complain(f"line {number}", f"has {len(line)} characters: {WIDEST} at most")
    if not line.isprintable():
        complain(f"line {number}", "has a tab or a control character")
    elif line != line.rstrip():
        complain(f"line {number}", "has blanks at its end")


def kind(line):
    if not line.strip():
        return "blank"
    if HEADING.match(line):
        return "heading"
    if line.startswith("|"):
        return "table"
    if line.lstrip().startswith(">"):
        return "quotation"
    return "rule" if RULE.match(line) else "paragraph"


def runs(lines, first, complain):
    """(kind, number of the first line, lines): consecutive lines of one kind; of a code block nothing."""
    found, fence = [], 0
    for number, line in enumerate(lines, first):
        check_line(line, number, complain)
        if FENCE.match(line):
            fence = 0 if fence else number
            found.append(("fence", number, [line]))
        elif not fence:
            if found and found[-1][0] == kind(line) != "heading":
                found[-1][2].append(line)
            else:
                found.append((kind(line), number, [line]))
    if fence:
        complain(f"line {fence}", "a code block that is not closed")
    return found


def check(lines, first, complain):
    for what, number, part in runs(lines, first, complain):
        if what == "paragraph":
            check_paragraph(part, number, complain)
        elif what == "table":
            check_paragraph(part, number, complain)
            check_table(part, number, complain)
        elif what in ("quotation", "rule") or (what == "heading" and not part[0].startswith("## ")):
            complain(f"line {number}", f"a {what} of that kind has no place here")


def split(lines, first):
    """[(title, number of its line, its lines)]; what stands before the first title has the title ""."""
    found, fenced = [("", first, [])], False
    for number, line in enumerate(lines, first):
        fenced ^= bool(FENCE.match(line))
        if line.startswith("## ") and not fenced:
            found.append((line[3:].strip(), number, []))
        else:
            found[-1][2].append(line)
    return found
