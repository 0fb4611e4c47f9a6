"""Trio's own tests of subprocesses, signals, pipes and threads"""

from driver.formats import pytest as outcomes  # noqa: F401

PACKAGES = ("python3-pytest", "python3-trio")
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
WHERE = "/usr/lib/python3/dist-packages/trio/"
TESTS = ("tests/test_subprocess.py", "tests/test_signals.py", "tests/test_unix_pipes.py", "tests/test_threads.py",
         "_core/tests/test_ki.py", "_core/tests/test_thread_cache.py")


def commands():
    return {name: ["/usr/bin/python3", "-B", "-m", "pytest", "-v", "--rootdir=" + WHERE, "-p", "no:cacheprovider",
                   WHERE + name] for name in TESTS}
