"""What is wrong with a file that somebody wrote, said so that the place is found at once."""

import difflib
import re
import stat
import tomllib
from dataclasses import dataclass

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
REQUIRED = object()
MOST_BYTES = 1 << 20  # read of one file


@dataclass(frozen=True)
class Complaint:
    id: str  # of the gotcha
    file: str
    place: str  # a key, "line 12", or "" for the file itself
    what: str

    def __str__(self):
        return ": ".join(part for part in (self.file, self.place, self.what) if part)


class Malformed(Exception):
    """One or more files are not as they should be; the text has a line for each complaint."""

    def __init__(self, complaints):
        super().__init__("\n".join(str(c) for c in complaints))
        self.complaints = list(complaints)


class Complaints(list):
    """Of one file. Calling it adds one."""

    def __init__(self, identity, file):
        super().__init__()
        self.identity, self.file = identity, str(file)

    def __call__(self, place, what):
        self.append(Complaint(self.identity, self.file, place, what))


def read_text(path, complain, most=MOST_BYTES):
    """The file's text, or None."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > most:
            complain("", f"is no file of at most {most} bytes")
            return None
        raw = path.read_bytes()
    except OSError as wrong:
        complain("", f"cannot be read: {wrong.strerror}")
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        complain(f"line {line}", "is not UTF-8")
        return None


def read_toml(text, complain, first_line=1):
    """The top table, or None."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        what, line = str(wrong), first_line + text.count("\n")
        found = re.search(r" \(at line (\d+), column \d+\)$", what)
        if found:
            what, line = what[:found.start()], first_line + int(found.group(1)) - 1
        complain(f"line {line}", f"is not TOML: {what}")
    except RecursionError:
        complain("", "is not TOML: nested too deeply")
    except ValueError:
        complain("", "is not TOML: a number has too many digits")
    return None


def shown(value):
    try:
        text = repr(value)
    except ValueError:  # a number of so many digits
        return "what it is"
    return text if len(text) <= 60 else text[:57] + "..."


def one_of(words):
    return "one of " + ", ".join(words)


def one_line(value):
    return isinstance(value, str) and value.strip() == value and value.isprintable()


class Table:
    """Takes the keys of a table one by one and complains of what does not fit; `done` of those that nobody took."""

    def __init__(self, values, place, complain):
        self.values, self.place, self.complain = values, place, complain
        self.taken = []

    def key(self, name):
        return f"{self.place}.{name}" if self.place else name

    def take(self, name, default, fits, wanted):
        """The value; the default, or None, when it is absent or was complained of."""
        self.taken.append(name)
        otherwise = None if default is REQUIRED else default
        if name not in self.values:
            if default is REQUIRED:
                self.complain(self.key(name), "is missing")
            return otherwise
        value = self.values[name]
        if fits(value):
            return value
        self.complain(self.key(name), f"must be {wanted}, not {shown(value)}")
        return otherwise

    def text(self, name, default=REQUIRED, empty=False):
        return self.take(name, default, lambda v: one_line(v) and (v or empty),
                         "one line of text" + (" or empty" if empty else ""))

    def choice(self, name, words, default=REQUIRED):
        return self.take(name, default, lambda v: isinstance(v, str) and v in words, one_of(words))

    def flag(self, name, default=REQUIRED):
        return self.take(name, default, lambda v: isinstance(v, bool), "true or false")

    def number(self, name, least, most, default=REQUIRED, kinds=(int, float)):
        return self.take(name, default, lambda v: type(v) in kinds and least <= v <= most,
                         f"a {'whole ' if kinds == (int,) else ''}number from {least} to {most}")

    def texts(self, name, default=REQUIRED, among=None, empty=True):
        """A tuple of lines, of those in `among` when it is given."""
        def fits(value):
            if not isinstance(value, list) or not all(one_line(v) for v in value) or not (value or empty):
                return False
            return not among or (set(value) <= set(among) and len(set(value)) == len(value))

        wanted = "a list of " + (f"different words ({', '.join(among)})" if among else "lines of text")
        return tuple(self.take(name, default, fits, wanted + ("" if empty else ", not empty")) or ())

    def table(self, name):
        value = self.take(name, REQUIRED, lambda v: isinstance(v, dict), "a table")
        return None if value is None else Table(value, self.key(name), self.complain)

    def tables(self, name, default=REQUIRED):
        """Of [[name]]: a list of them."""
        value = self.take(name, default, lambda v: isinstance(v, list) and all(isinstance(t, dict) for t in v),
                          f"a list of tables ([[{name}]])")
        return [Table(t, f"{self.key(name)}[{i}]", self.complain) for i, t in enumerate(value or [], 1)]

    def done(self):
        for name in self.values:
            if name not in self.taken:
                near = difflib.get_close_matches(name, self.taken, 1)
                self.complain(self.key(name), "is no key that is known" + (f" (is {near[0]} meant?)" if near else ""))
