"""A timeline drawn as text: a column for each thread or process, steps on their lines of life.

The command draws the same way (tools/forkproof/explain/table.c): forkproof.explain compares the two.
"""

import re

from .prose import DELIMITER, cells

LIFE, STEP, HURT = "│", "├", "╳"
MARK, GAP = 2, 1  # before a text, between columns


def plain(cell):
    """(text, whether it is the step that hurts)."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell.replace("`", "").replace("**", ""))
    return " ".join(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).split()), "**" in cell


def wrap(text, width):
    lines = []
    while text:
        if len(text) <= width:
            cut = len(text)
        else:
            cut = text.rfind(" ", 0, width + 1)
            cut = cut if cut > 0 else width  # one word, too long
        lines.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return lines


def fit(width, least, room):
    """The widest gives way first; words are broken only when nothing else helps."""
    while sum(width) > room:
        able = [i for i in range(len(width)) if width[i] > least[i]]
        if able:
            width[max(able, key=lambda i: (width[i], -i))] -= 1
        elif max(least) > 1:
            least[least.index(max(least))] -= 1
        else:
            return


def measure(head, rows, room):
    """The width of each column's text."""
    width, least = [], []
    for column, title in enumerate(head):
        texts = [row[column][0] for row in rows]
        words = [word for text in texts for word in text.split()]
        width.append(max(1, len(title) - MARK, *map(len, texts)))
        least.append(max([1, *(len(word) - MARK for word in title.split()), *map(len, words)]))
    fit(width, least, room - len(head) * MARK - (len(head) - 1) * GAP)
    return width


def line(pieces):
    return (" " * GAP).join(pieces).rstrip()


def draw_head(head, width):
    wrapped = [wrap(title, w + MARK) or [""] for title, w in zip(head, width)]
    for n in range(max(map(len, wrapped))):
        yield line((part[n] if n < len(part) else "").ljust(w + MARK) for part, w in zip(wrapped, width))


def draw_row(row, width):
    wrapped = [wrap(text, w) for (text, _), w in zip(row, width)]
    for n in range(max(1, *map(len, wrapped))):
        pieces = []
        for (text, hurts), part, w in zip(row, wrapped, width):
            mark = LIFE if n or not text else HURT if hurts else STEP
            pieces.append(f"{mark} {part[n] if n < len(part) else ''}".ljust(w + MARK))
        yield line(pieces)


def draw(markdown, room=100):
    """(the drawing, what follows the table)."""
    lines = markdown.split("\n")
    table = []
    while lines and lines[0].startswith("|"):
        table.append(lines.pop(0))
    if not table:
        return "", markdown.strip()
    head, *rows = ([plain(cell) for cell in cells(row)] for row in table if not DELIMITER.match(row.rstrip()))
    head = [title for title, _ in head]
    width = measure(head, rows, room)
    drawn = [*draw_head(head, width)]
    for row in rows:
        drawn += draw_row(row, width)
    return "\n".join(drawn), "\n".join(lines).strip()
