"""What a case tells, in the file that the driver reads (cases/case.c writes it for the programs)."""

import os

MOST = 400  # characters of a line


class Words:
    def __init__(self, path):
        self.path = path

    def line(self, text):
        shown = text.encode("ascii", "backslashreplace").decode("ascii")
        shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)
        if len(shown) > MOST:
            shown = shown[:MOST - 3] + "..."
        with open(self.path, "a", encoding="ascii") as file:
            file.write(shown + "\n")

    def step(self, text):
        self.line(f"step {os.getpid()} {text}")
