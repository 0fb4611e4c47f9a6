"""Tornado's own tests of processes, and of what it forks for"""

from driver.formats import unittest as outcomes  # noqa: F401

PACKAGES = ("python3-tornado",)
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
TESTS = ("process_test", "autoreload_test", "iostream_test", "asyncio_test")


def commands():
    return {name: ["/usr/bin/python3", "-B", "-m", "tornado.test.runtests", "--verbose", "tornado.test." + name]
            for name in TESTS}
