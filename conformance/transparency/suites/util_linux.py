"""util-linux' own tests of script, flock, setsid, lsfd and scheduling"""

import re

PACKAGES = ("bc", "bsdextrautils", "bsdutils", "gcc", "libc6-dev", "procps", "util-linux", "util-linux-extra")
SOURCES = ("util-linux",)
USER = "root"
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
# The installed programs are tested; this is what the tests of lsfd need of their own.
BUILD = """
    cd /src/util-linux
    cc -D_GNU_SOURCE -DHAVE_ERR_H -DHAVE_NANOSLEEP -DHAVE_MEMPCPY -DHAVE_STRNLEN -DHAVE_STRNDUP -DHAVE_STRSEP \
        -Iinclude tests/helpers/test_mkfds.c lib/strutils.c -o test_mkfds
"""
# Not kill: Debian's is another one.
PARTS = ("script", "misc", "lsfd", "schedutils", "more")

# script loses output on a busy machine, as its authors know (their issue 296): the result tells about the load.
LEFT_OUT = "script: race conditions"


def commands():
    start = 'cd /src/util-linux; exec tests/run.sh --use-system-commands --parallel=1 --parsable "$0"'
    return {name: ["bash", "-c", start, name] for name in PARTS}


def outcomes(output):
    found = re.finditer(r"^ *(\w+: .+?) *\.\.\. +(OK|FAILED|SKIPPED|KNOWN FAILED)\b", output, re.MULTILINE)
    told = {re.sub(r" +", " ", m[1]): m[2].lower().replace("known failed", "failed, as known") for m in found}
    told.pop(LEFT_OUT, None)
    return told
