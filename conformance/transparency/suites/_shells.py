"""What dash.py and bash.py have in common: a script that says `test NAME: VERDICT` of each of their tests."""

import re

# say NAME STATUS WORD OUTPUT-FILE: an output that is not as expected is told by its checksum, to be compared as well.
SAY = """
say() {
    if [ "$2" = 0 ]; then echo "test $1: ok"; else echo "test $1: $3, output $(cksum <"$4" | tr ' ' -)"; fi
}
"""


def outcomes(output):
    return dict(re.findall(r"^test (\S+): (.*?)\r?$", output, re.MULTILINE))
