"""Expect's own tests, in tclsh on a terminal"""

from suites.tcl import outcomes  # noqa: F401 pylint: disable=unused-import

PACKAGES = ("expect", "tcl8.6", "tcl-expect", "bsdutils")
SOURCES = ("expect",)
FILES = ("cat", "expect", "logfile", "pid", "send", "spawn", "stty")

RUN = """
ln -s /usr/lib/*/libexpect.so.5 libexpect.so
LD_LIBRARY_PATH=$PWD exec script --quiet --return --command "tclsh8.6 /src/expect/tests/$1.test -verbose pbse" /dev/null
"""


def commands():
    return {name: ["sh", "-ec", RUN, "sh", name] for name in FILES}
