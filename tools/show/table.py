"""The table, one line a row, 80 columns wide; colour on a terminal only, and never with NO_COLOR."""

import os

WIDTHS = (35, 21, 14)  # program, bare, forkproof; the rung takes the rest
GREEN, RED, DIM = "32", "31", "2"


def clip(text, width):
    return text if len(text) <= width else text[: width - 2] + ".."


def named(count):
    """`2 tmux: server, sh`"""
    unique = dict.fromkeys(count.names)
    kept = f", kept {', '.join(dict.fromkeys(count.kept))}" if count.kept else ""
    return f"{count.left} {', '.join(unique)}{kept}" if count.left else f"0{kept}"


def counted(number, noun, plural="s"):
    return f"{number} {noun}{'' if number == 1 else plural}"


def cell(count, measure):
    if count.left and measure != "left":
        return named(count)
    if measure == "zombies":
        return counted(count.zombies, "zombie")
    if measure == "stranger":
        return f"{counted(count.strangers, 'stranger')} hit" if count.strangers else "0"
    return named(count)


class Table:
    def __init__(self, stream):
        self.stream = stream
        self.colour = stream.isatty() and not os.environ.get("NO_COLOR")

    def paint(self, text, code):
        return f"\033[{code}m{text}\033[0m" if self.colour and code else text

    def line(self, *cells, colours=(None, None, None, None)):
        padded = [clip(text, width).ljust(width) for text, width in zip(cells, WIDTHS)] + list(cells[3:])
        text = " ".join(self.paint(part, code) for part, code in zip(padded, colours))
        print(text.rstrip(), file=self.stream, flush=True)

    def head(self):
        self.line("", "left behind by", "", "")
        self.line("program", "the bare run", "forkproof run", "rung")
        self.line("-" * WIDTHS[0], "-" * WIDTHS[1], "-" * WIDTHS[2], "------")

    def gap(self):
        print(file=self.stream)

    def row(self, row):
        if not row.hardened:
            print(f"{row.title.ljust(WIDTHS[0])} {self.paint(row.error or row.note, RED if row.error else DIM)}")
            return
        cells = cell(row.bare, row.measure), cell(row.hardened, row.measure)
        colours = (None, None, RED if row.error else GREEN, None)
        self.line(row.title, *cells, row.hardened.rung, colours=colours)
        if row.error:
            print(self.paint(f"  ^ {row.error}", RED))

    def summary(self, rows):
        ran = [row for row in rows if row.hardened]
        wrong = sum(1 for row in rows if row.error)
        left = [sum(row.bare.left for row in ran), sum(row.hardened.left for row in ran)]
        zombies = [max((getattr(row, run).zombies for row in ran), default=0) for run in ("bare", "hardened")]
        hit = [sum(getattr(row, run).strangers for row in ran) for run in ("bare", "hardened")]
        for i, run in enumerate(("bare", "forkproof")):
            figures = counted(left[i], "process", "es"), counted(zombies[i], "zombie"), counted(hit[i], "stranger")
            print(f"{run}: {figures[0]} left, {figures[1]} at most, {figures[2]} hit")
        skipped = len(rows) - len(ran) - sum(1 for row in rows if row.error and not row.hardened)
        verdict = f"{len(rows) - wrong - skipped} clean, {wrong} not clean, {skipped} not measured"
        print(self.paint(verdict, RED if wrong else GREEN))
