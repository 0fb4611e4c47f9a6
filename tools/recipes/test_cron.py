#!/usr/bin/python3 -B
"""docs/recipes/cron: Debian's cron, in namespaces of its own, runs the job of the file: within a minute."""

import os
import pathlib
import select
import shlex
import subprocess
import time
import unittest

from recipe import Case, main, needs, Place, RECIPES

TABLE = RECIPES / "cron" / "nightly"
TIMEOUT = 90
UNSHARE = ["unshare", "--mount", "--pid", "--fork"]
WHEN = "15 3 * * * backup "

# In a mount and pid namespace what cron reads and writes is the test's, and a mail is a file.
WORLD = """
set -e
cd "$1"
mount -t tmpfs run /run
mount --bind etc /etc/cron.d
mount --bind crontab /etc/crontab
mount --bind spool /var/spool/cron
mount --bind bin /usr/local/bin
mount -t overlay -o lowerdir="$1/sbin:/usr/sbin" sendmail /usr/sbin
unset XDG_RUNTIME_DIR
exec /usr/sbin/cron -f -L 0
"""
SENDMAIL = '#!/bin/sh\ncat >"{0}/mail/$$.new" && mv "{0}/mail/$$.new" "{0}/mail/$$"\n'
# Leaves something, and ends when it is told to.
JOB = "#!/bin/sh\nsetsid sleep 1000 >/dev/null 2>&1 &\necho begun >{0}/begun\nread -r _ <{0}/go\n"


def can_unshare():
    return subprocess.run([*UNSHARE, "true"], stderr=subprocess.DEVNULL).returncode == 0


def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@needs("cron", "unshare", "setsid")
@unittest.skipUnless(os.geteuid() == 0 and can_unshare(), "needs root, and namespaces")
class Cron(Case):
    def setUp(self):
        super().setUp()
        for name in ("etc", "spool/crontabs", "bin", "sbin", "mail"):
            (self.directory / name).mkdir(parents=True)
        self.script("crontab", "", 0o644)
        self.script("sbin/sendmail", SENDMAIL.format(self.directory))
        self.script("bin/nightly", JOB.format(self.directory))
        os.symlink(Place.forkproof(), self.directory / "bin" / "forkproof")
        for name in ("begun", "go"):
            os.mkfifo(self.directory / name)

    def script(self, name, text, mode=0o755):
        path = self.directory / name
        path.write_text(text)
        path.chmod(mode)

    def start(self, *extra):
        """The file as it is shipped, but every minute and as root, and further lines."""
        table = TABLE.read_text()
        self.assertIn(WHEN, table)
        self.script("etc/nightly", "\n".join([table.replace(WHEN, "* * * * * root "), *extra, ""]), 0o644)
        namespace = [*UNSHARE, "--mount-proc", "--kill-child"]
        self.cron = subprocess.Popen([*namespace, "sh", "-c", WORLD, "sh", self.directory], stdin=subprocess.DEVNULL)
        self.addCleanup(self.cron.wait)
        self.addCleanup(self.cron.kill)

    def until(self, what, reached):
        deadline = time.monotonic() + TIMEOUT
        while not reached():
            self.assertIsNone(self.cron.poll(), "cron has ended")
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def wait_for_job(self):
        """Which cron starts on the minute; and not once more."""
        begun = os.open(self.directory / "begun", os.O_RDWR)
        self.addCleanup(os.close, begun)
        self.assertTrue(select.select([begun], [], [], TIMEOUT)[0], "cron has started nothing")
        (self.directory / "etc" / "nightly").unlink()

    def jobs(self):
        """cron's children: one a job, which also sends its mail."""
        (cron,) = children(self.cron.pid)
        return children(cron)

    def mails(self):
        return [path.read_text() for path in (self.directory / "mail").iterdir() if path.suffix != ".new"]

    def mail(self, words):
        """The only mail with those words, when it has come."""
        self.until(f"no mail: {words}; but {self.mails()}", lambda: any(words in mail for mail in self.mails()))
        (found,) = [mail for mail in self.mails() if words in mail]
        return found

    def test_overlap_is_refused_and_what_was_left_is_mailed_and_nothing_else(self):
        line = TABLE.read_text().splitlines()[-1].replace(WHEN, "* * * * * root ")
        quiet = f"* * * * * root forkproof run -- sh -c 'test -z \"$XDG_RUNTIME_DIR\"'; echo $? >{self.directory}/quiet"
        self.start(line, quiet)
        self.wait_for_job()
        refusal = self.mail("is taken")
        self.assertRegex(refusal, r"(?m)^To: root$")
        self.assertRegex(refusal, r"(?m)^forkproof: the name 'nightly' is taken by run [0-9]")
        (self.directory / "go").write_text("\n")
        left = self.mail("left behind")
        self.assertRegex(left, r"(?m)^forkproof: left behind by timeout: 1 process \(sleep \d+\); ended by SIGTERM: 1 ")
        self.until("cron is not done", lambda: not self.jobs())
        self.assertEqual(2, len(self.mails()), self.mails())
        self.assertEqual("0\n", (self.directory / "quiet").read_text())


@needs("timeout", "setsid")
class TimeLimit(Case):
    """Why timeout stands inside of forkproof run."""

    def command(self, limit):
        words = shlex.split(TABLE.read_text().splitlines()[-1].split(" backup ")[1])
        inside = words.index("timeout")
        self.assertEqual(["timeout", "-k", "30s", "2h", "/usr/local/bin/nightly"], words[inside:])
        return [Place.forkproof(), *words[1:inside], "timeout", "-k", limit, limit]

    def play(self, job):
        environment = dict(os.environ, FORKPROOF_RUNTIME_DIR=str(self.directory / "runs"))
        return subprocess.run([*self.command("0.3s"), "sh", "-c", job], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)

    def test_a_job_that_takes_too_long_ends_with_all_that_it_started(self):
        done = self.play("setsid sleep 1000 & sleep 1000")
        self.assertEqual((124, ""), (done.returncode, done.stdout))  # stdout ends: nobody holds it
        self.assertRegex(done.stderr, "forkproof: left behind by timeout: 1 process")

    def test_also_one_that_ignores_the_request(self):
        done = self.play("setsid sleep 1000 & trap '' TERM; while :; do sleep 1000; done")
        self.assertEqual(137, done.returncode)
        self.assertIn("forkproof: left behind by timeout: ", done.stderr)


if __name__ == "__main__":
    main()
