"""One line on a terminal that is written over and over; nothing where nobody looks."""

import os
import shutil

CHOICES = ("auto", "always", "never")


def wanted(choice, stream):
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and "CI" not in os.environ and os.environ.get("TERM") != "dumb"


class Progress:
    def __init__(self, stream, is_wanted):
        self.stream, self.is_wanted = stream, is_wanted
        self.total = self.count = self.bad = 0

    def begin(self, total):
        self.total = total

    def done(self, cell, is_good):
        self.count += 1
        self.bad += not is_good
        self.show(f"{self.count}/{self.total} runs, {self.bad} not as expected: {cell.key}")

    def show(self, text):
        if self.is_wanted:
            width = shutil.get_terminal_size().columns
            self.stream.write(f"\r\033[K{text[:width - 1]}")
            self.stream.flush()

    def end(self):
        if self.is_wanted:
            self.stream.write("\r\033[K")
            self.stream.flush()
