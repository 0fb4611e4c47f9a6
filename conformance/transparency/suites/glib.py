"""GLib's own tests of spawning, subprocesses, child watches and signals"""

from driver.formats import tap as outcomes  # noqa: F401

PACKAGES = ("libglib2.0-tests",)
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
WHERE = "/usr/libexec/installed-tests/glib/"
TESTS = ("spawn-test", "spawn-singlethread", "spawn-multithreaded", "spawn-path-search", "gsubprocess", "unix",
         "unix-fd", "unix-streams", "mainloop", "pollable", "testing", "thread-pool", "utils", "environment")


def commands():
    return {name: [WHERE + name, "--tap"] for name in TESTS}
