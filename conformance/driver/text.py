"""What is printed: texts of programs that nobody trusts are made harmless, and colours are for terminals."""

import os

COLOURS = {"green": 32, "red": 31, "yellow": 33, "faint": 2}


def escaped(character):
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def visible(text):
    """On one line, with nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else escaped(c) for c in text)


def near(path):
    """As one would type it here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def decoded(raw):
    return raw.decode("utf-8", "backslashreplace")


def colours_wanted(stream):
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text, colour, wanted):
    return f"\033[{COLOURS[colour]}m{text}\033[0m" if wanted and colour else text
