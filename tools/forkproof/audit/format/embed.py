#!/usr/bin/python3 -B
"""The page of the HTML format as two strings in C, for before and behind its data.

    embed.py OUT.c page.html SCRIPT...

The scripts go into the page as one, and its hash into the page's content policy: no other script runs there.
"""

import base64
import hashlib
import pathlib
import sys

MARKS = ("@SCRIPT_HASH@", "@DATA@", "@SCRIPT@")


def page(markup, script):
    """(head, tail) of the page; the data stands between them."""
    for mark in MARKS:
        if markup.count(mark) != 1:
            raise ValueError(f"{mark} stands {markup.count(mark)} times in the page, not once")
    for bad in ("</script", "<!--"):
        if bad in script.lower():
            raise ValueError(f"{bad} in the script would end it")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    head, tail = markup.replace("@SCRIPT_HASH@", f"sha256-{digest}").split("@DATA@")
    return head, tail.replace("@SCRIPT@", script)


def in_c(name, text):
    data = text.encode() + b"\0"
    lines = (", ".join(map(str, data[i:i + 24])) for i in range(0, len(data), 24))
    return f"const unsigned char {name}[] = {{\n    " + ",\n    ".join(lines) + "};\n"


def main(out, markup, *scripts):
    try:
        script = "\n".join(pathlib.Path(script).read_text("utf-8") for script in scripts)
        head, tail = page(pathlib.Path(markup).read_text("utf-8"), script)
    except ValueError as error:
        sys.exit(f"embed.py: {markup}: {error}")
    pathlib.Path(out).write_text("/* Made by embed.py. */\n#include \"format/page.h\"\n\n"
                                 + in_c("fp_page_head", head) + in_c("fp_page_tail", tail), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
