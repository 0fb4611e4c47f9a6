"""psutil's own tests of processes, and of what they look like from outside"""

from driver.formats import unittest as outcomes  # noqa: F401

PACKAGES = ("procps", "python3-psutil")
TESTS = ("test_process", "test_posix", "test_linux", "test_system", "test_testutils", "test_connections",
         "test_unicode")
EXPLAINED = {"test_process: *.test_weird_environ": "env=keep: an exec's variables are in /proc/PID/environ"}


def commands():
    return {name: ["/usr/bin/python3", "-B", "-m", "unittest", "-v", "psutil.tests." + name] for name in TESTS}
