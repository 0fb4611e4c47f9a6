"""The project that the recipes for CI services are played in: its `make check` leaves a worker that has zombies."""

import hashlib
import json
import os
import shutil
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
# Has one package, at one address, and keeps a list of what it was asked for.
CURL = """
for last; do :; done
echo "$last" >>"{asked}"
test "$last" = "$FORKPROOF_PACKAGES/{package}" || exit 3
while [ "$1" != --output ]; do shift; done
printf "{content}" >"$2"
"""
PACKAGE = "forkproof_9.9.9_amd64.deb"
SUM = hashlib.sha256(b"deb").hexdigest()
GOOD = f"{SUM}  {PACKAGE}\n"
# (packages.sha256, what the address has)
NOT_INSTALLED = (
    (GOOD, "another"),
    (GOOD + "<html>\n", "deb"),
    (GOOD + f"{SUM}  ../{PACKAGE}\n", "deb"),
    (GOOD + f"{SUM}  -o{PACKAGE}\n", "deb"),
    (GOOD + f"{SUM[:-1]}  {PACKAGE}\n", "deb"),
)
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

    def play_script(self, shell, text, **more):
        script = self.directory / "script.sh"
        script.write_text(text + "\n")
        return self.play([*shell, str(script)], **more)

    def check_installation(self, shell, script):
        """SCRIPT installs the packages when all is right, and nothing otherwise; it asks for no malformed name."""
        for sums, content in ((GOOD, "deb"), *NOT_INSTALLED):
            with self.subTest(sums=sums, content=content):
                done = self.install(shell, script, sums, content)
                is_right = (sums, content) == (GOOD, "deb")
                self.assertEqual(is_right, done.returncode == 0, done.stdout)
                self.assertEqual(is_right, "install --yes --no-install-recommends /tmp/" in done.stdout)
                self.assertEqual(f"file:///releases/{PACKAGE}\n", (self.directory / "asked").read_text())

    def install(self, shell, script, sums, content):
        """With a curl and an apt-get that stand in, and this test's place for /tmp/packages."""
        asked, packages = self.directory / "asked", self.directory / "packages"
        asked.unlink(missing_ok=True)
        shutil.rmtree(packages, ignore_errors=True)
        self.write(".forkproof/packages.sha256", sums)
        self.stub("curl", CURL.format(asked=asked, package=PACKAGE, content=content))
        self.stub("apt-get", 'echo apt-get "$@"\n')
        return self.play_script(shell, script.replace("/tmp/packages", str(packages)),
                                FORKPROOF_PACKAGES="file:///releases")

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
