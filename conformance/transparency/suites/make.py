"""GNU make's own test suite, run against the installed make"""

import collections
import re

PACKAGES = ("make", "perl", "gcc", "libc6-dev")
SOURCES = ("make-dfsg",)

# config-flags.pm is what configure would have made of its template; only the compiler is asked for.
RUN = """
cd /src/make-dfsg/tests
sed 's/@CC@/cc/; s/@[A-Z_]*@//' config-flags.pm.in >config-flags.pm
exec perl ./run_make_tests.pl -srcdir .. -make /usr/bin/make -debug 2>&1
"""


def commands():
    return {"run_make_tests": ["sh", "-ec", RUN]}


def outcomes(output):
    """category/script of all of it, and category/script/N of each of its runs of make."""
    found, counts, current = {}, collections.Counter(), "(none)"
    for line in output.splitlines():
        begun = re.match(r"(\w+/[\w.-]+) \.\.\.+ ", line)
        if begun:
            current = begun.group(1)
        compared = re.match(r"(?:Comparing|Ignoring) output \.{8} (.*)", line)
        if compared:
            counts[current] += 1
            found[f"{current}/{counts[current]}"] = "ok" if compared.group(1) == "ok" else "FAILED"
        ended = re.search(r"^(?:.*\.\.\. )?(?:(ok)     \(\d+ passed\)|(FAILED) \(.*\)|(N/A))$", line)
        if ended:
            found[current] = "ok" if ended.group(1) else "FAILED" if ended.group(2) else "skipped"
    return found
