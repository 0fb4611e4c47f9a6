"""GNU findutils' own tests of find and xargs, run against the installed ones"""

import collections
import re

PACKAGES = ("findutils", "dejagnu", "gcc", "libc6-dev", "diffutils")
SOURCES = ("findutils",)

# The DejaGnu part wants to see a build tree. Of find: what starts programs, at one optimisation level.
DEJAGNU = """
for tool in find xargs; do
    mkdir -p $tool/testsuite
    ln -s /usr/bin/$tool $tool/$tool
    touch $tool/xargs.o $tool/ftsfind.o
done
tool=$1 pattern=$2
cd "$tool/testsuite"
set -- $(find /src/findutils/$tool/testsuite -name "$pattern.exp" -printf '%f\\n' | sort)
exec runtest --all --tool $tool --srcdir /src/findutils/$tool/testsuite FTSFIND=/usr/bin/find OPTIMISATION_LEVELS=2 "$@"
"""
SCRIPTS = """
mkdir find xargs locate
for tool in find xargs; do ln -s /usr/bin/$tool $tool/$tool; done
export srcdir=/src/findutils abs_top_srcdir=/src/findutils abs_top_builddir="$PWD" built_programs='find xargs' fail=0
export VERSION=4.9.0 PACKAGE_VERSION=4.9.0 CC=gcc AWK=awk PERL=perl SHELL=/bin/bash EXEEXT=
export CONFIG_HEADER=/dev/null PATH="$PWD/find:$PWD/xargs:$PATH"
unset LC_ALL
for test in /src/findutils/tests/find/*.sh /src/findutils/tests/xargs/*.sh; do
    status=0
    bash "$test" </dev/null 9>&2 || status=$?
    case $status in 0) word=PASS ;; 77) word=skipped ;; *) word=FAIL ;; esac
    echo "$word: ${test#/src/findutils/tests/}"
done
"""


def commands():
    return {"find": ["sh", "-ec", DEJAGNU, "sh", "find", "*exec*"], "xargs": ["sh", "-ec", DEJAGNU, "sh", "xargs", "*"],
            "scripts": ["sh", "-c", SCRIPTS]}


def outcomes(output):
    """A name that comes again is numbered."""
    found, times = {}, collections.Counter()
    words = "PASS|FAIL|XPASS|XFAIL|ERROR|UNRESOLVED|UNTESTED|UNSUPPORTED|skipped"
    for word, name in re.findall(rf"^({words}): (\S+?),?(?: .*)?$", output, re.MULTILINE):
        times[name] += 1
        verdict = {"XPASS": "FAIL (XPASS)", "XFAIL": "FAIL (expected)", "UNRESOLVED": "ERROR", "UNTESTED": "skipped",
                   "UNSUPPORTED": "skipped"}.get(word, word)
        found[name if times[name] == 1 else f"{name} ({times[name]})"] = verdict
    return found
