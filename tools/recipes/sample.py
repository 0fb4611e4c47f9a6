"""The project that the recipes for CI services are played in: its `make check` leaves a worker that has zombies."""

import json
import os
import subprocess
import sys
import unittest

from recipe import Case, Place, ROOT

sys.path.insert(0, str(ROOT / "tools" / "forkproof" / "audit" / "test"))
import sarif_rules  # noqa: E402

FAILED = 99
FINDINGS = {"daemonize-leak", "zombie-apocalypse"}
PROGRAM = r"""
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each has ended before the next begins. */
static void forget_jobs(void) {
    siginfo_t info;
    for (int i = 0; i < 40; i++) {
        pid_t job = fork();
        if (job == 0)
            _exit(0);
        waitid(P_PID, (id_t)job, &info, WEXITED | WNOWAIT);
    }
}

static void start_worker(int ready) {
    if (fork() == 0) {
        setsid();
        forget_jobs();
        close(ready);
        pause();
    }
}

int main(void) {
    int fds[2];
    char byte;
    if (getenv("MENDED"))
        return 0;
    if (pipe(fds) < 0)
        return 1;
    start_worker(fds[1]);
    close(fds[1]);
    return read(fds[0], &byte, 1) == 0 ? 0 : 1;
}
"""
MAKEFILE = "CFLAGS = -g\n\ncheck: tests/server\n\ttests/run\n"


def yaml():
    """Debian's module, for /usr/bin/python3."""
    try:
        import yaml as module
    except ImportError as error:
        raise unittest.SkipTest("not installed: python3-yaml") from error
    return module


class Project(Case):
    """A checked-out project, and the environment that a job of a CI service has."""

    def setUp(self):
        super().setUp()
        self.project = self.directory / "project"
        (self.project / "tests").mkdir(parents=True)
        (self.project / ".forkproof").mkdir()
        self.write("Makefile", MAKEFILE)
        self.write("tests/server.c", PROGRAM)
        self.write("tests/run", "#!/bin/sh\ntests/server && echo ok\n").chmod(0o755)

    def write(self, name, text):
        path = self.project / name
        path.write_text(text)
        return path

    def environment(self, **more):
        path = os.pathsep.join([str(self.directory / "stubs"), str(Place.forkproof().parent), "/usr/bin", "/bin"])
        return {"PATH": path, "HOME": str(self.directory), "LANG": "C.UTF-8", **more}

    def play(self, argv, **more):
        return subprocess.run(argv, cwd=self.project, env=self.environment(**more), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)

    def keep_as_baseline(self):
        (self.project / "audit" / "forkproof.json").rename(self.project / ".forkproof" / "baseline.json")

    def suppress(self, *lines):
        self.write(".forkproof/suppressions", "\n".join(lines) + "\n")

    def stub(self, name, text):
        """A program that stands for one that must not do here what it does."""
        path = self.directory / "stubs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)

    def sarif(self):
        """The SARIF file, once it is what the schema and code scanning services ask."""
        path = self.project / "audit" / "forkproof.sarif"
        log = json.loads(path.read_text())
        self.assertEqual([], list(sarif_rules.complaints(log)) + list(sarif_rules.beyond(log)))
        return log
