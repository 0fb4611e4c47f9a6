"""systemd's own unit tests of processes, pidfds, signals, exec and events"""

from driver.suite import scenario_outcomes as outcomes  # noqa: F401

PACKAGES = ("systemd-tests",)
USER = "root"
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
WHERE = "/usr/lib/systemd/tests/test-"
# Those of units (execute, path, manager) need cgroups where systemd looks for them, which a world has not.
TESTS = ("async", "copy", "daemon", "data-fd-util", "event", "exec-util", "execve", "fd-util", "fdset", "fileio",
         "io-util", "namespace", "process-util", "procfs-util", "rlimit-util", "sigbus", "signal-util", "sleep",
         "socket-util", "terminal-util", "varlink", "bus-server", "rm-rf", "user-util", "util", "umask-util",
         "sd-device-thread", "udev-event", "cgroup-util")


def commands():
    return {"units": ["/opt/transparency/inside/each.py", "--"] + [WHERE + name for name in TESTS]}
