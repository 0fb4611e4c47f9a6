"""docs/recipes/systemd: read by systemd-analyze verify, and then by a real systemd, process 1 of a namespace."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import namespaces
import recipe
from namespaces import must, run
from processes import wait_for

FILES = recipe.RECIPES / "systemd"
DROP_INS = sorted(FILES.glob("*.conf"))
SYSTEMD = "/lib/systemd/systemd"
UNITS = pathlib.Path("/etc/systemd/system")  # a tmpfs of this namespace, and all that the systemd in it reads
LOG = "/run/legacyd.log"

# A unit as a package brings it.
UNIT = """\
[Unit]
Description=A daemon of long ago
[Service]
Type={type}
ExecStart=/usr/sbin/legacyd
ExecReload=/bin/kill -HUP $MAINPID
StandardOutput=append:{log}
StandardError=inherit
{more}
"""

# What legacyd does, by what the unit's Environment= wants of it.
LEGACYD = """#!/bin/sh
leak() { setsid --fork sh -c 'exec sleep 3600' </dev/null >/dev/null 2>&1; }
forever() { while :; do sleep 7200 & wait $!; done; }
case $LEGACYD in
leaks)      leak; exit 3;;
serves)     leak; trap 'echo reloaded' HUP; : >/run/legacyd.ready; forever;;
daemonises) leak; : >/run/legacyd.ready;;
notifies)   test "$WATCHDOG_PID" = $$ && test "$LISTEN_PID" = $$ && test -S /proc/self/fd/3 && systemd-notify --ready &&
            forever;;
esac
"""


def setUpModule():
    """A /usr with forkproof and legacyd in it."""
    if not namespaces.is_inside():
        return
    root = pathlib.Path(tempfile.mkdtemp(prefix="forkproof-recipe-"))
    unittest.addModuleCleanup(shutil.rmtree, root)
    unittest.addModuleCleanup(must, "umount", "--lazy", "/usr")
    (root / "usr" / "sbin").mkdir(parents=True)
    (root / "usr" / "sbin" / "legacyd").write_text(LEGACYD)
    (root / "usr" / "sbin" / "legacyd").chmod(0o755)
    namespaces.install(recipe.Place.build, root)


@recipe.needs("systemd-analyze")
@unittest.skipUnless(namespaces.is_inside(), "needs root, to make namespaces")
class Readme(unittest.TestCase):
    def test_it_shows_the_file_without_its_comments(self):
        lines = (FILES / "foreground.conf").read_text().splitlines(keepends=True)
        shown = recipe.fenced((FILES / "README.md").read_text(), "ini")
        self.assertEqual(shown, ["".join(line for line in lines if not line.startswith("#"))])


@recipe.needs("systemd-analyze")
@unittest.skipUnless(namespaces.is_inside(), "needs root, to make namespaces")
class Verified(recipe.Case):
    def verify(self, drop_in):
        (self.directory / "legacyd.service").write_text(UNIT.format(type="simple", log=LOG, more=""))
        place = self.directory / "legacyd.service.d"
        place.mkdir(exist_ok=True)
        (place / "forkproof.conf").write_text(drop_in)
        environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{self.directory}:"}
        done = run("systemd-analyze", "verify", "--man=no", self.directory / "legacyd.service", env=environment)
        return [line for line in done.stderr.splitlines() if "legacyd" in line]

    def test_each_drop_in(self):
        self.assertEqual(len(DROP_INS), 4)
        for drop_in in DROP_INS:
            with self.subTest(drop_in.name):
                self.assertEqual(self.verify(drop_in.read_text()), [])

    def test_a_broken_one_is_seen(self):
        good = (FILES / "foreground.conf").read_text()
        for old, new in (("KillMode=mixed", "KillMode=blend"), ("/usr/bin/forkproof", "/usr/bin/forkprof"),
                         ("Delegate=yes", "Delegates=yes"), ("ExecStart=\n", "")):
            with self.subTest(new):
                self.assertNotEqual(self.verify(good.replace(old, new)), [])


class Machine:
    """A systemd that is process 1 of a pid namespace, with cgroups of version 2 alone; it knows no unit but ours."""

    BOOT = """
    mount --make-rprivate /
    umount --recursive /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mount -t tmpfs tmpfs /run
    exec env -i PATH="$PATH" container=recipe SYSTEMD_UNIT_PATH=/etc/systemd/system \
        SYSTEMD_GENERATOR_PATH=/nonexistent SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/nonexistent "$@"
    """

    def start(self):
        self.cgroup = pathlib.Path(tempfile.mkdtemp(prefix="recipe-", dir=namespaces.own_cgroup()))
        self.cgroup.chmod(0o755)
        enter = f"echo 0 >{self.cgroup}/cgroup.procs; exec \"$@\""
        self.process = subprocess.Popen(
            ["sh", "-ec", enter, "sh", "unshare", "--fork", "--kill-child", "--pid", "--mount-proc", "--mount", "--uts",
             "--net", "--ipc", "--cgroup", "sh", "-ec", self.BOOT, "sh", SYSTEMD, "--system", "--log-target=null",
             "--show-status=no"],
            stdin=subprocess.DEVNULL)
        wait_for(lambda: self.ctl("is-active", "default.target").returncode == 0, "a systemd that has started")

    def init(self):
        pid = self.process.pid
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]

    def inside(self, *words):
        try:
            return run("nsenter", "--target", self.init(), "--all", "--", *words)
        except IndexError:  # not forked yet
            return run("false")

    def ctl(self, *words):
        return self.inside("systemctl", *words)

    def show(self, name):
        return self.ctl("show", "--value", f"--property={name}", "legacyd.service").stdout.strip()

    def left(self):
        """What is left of legacyd, wherever it is."""
        return self.inside("pgrep", "--count", "--full", "^sleep 3600").stdout.strip()

    def stop(self):
        self.process.kill()
        self.process.wait()
        wait_for(lambda: namespaces.remove_cgroup(self.cgroup), "an empty cgroup")


@recipe.needs("pgrep")
@unittest.skipUnless(os.path.exists(SYSTEMD), "not installed: systemd")
@unittest.skipUnless(namespaces.own_cgroup(), "needs a writable cgroup v2")
@unittest.skipUnless(namespaces.is_inside(), "needs root, to make namespaces")
class Running(recipe.Case):
    def setUp(self):
        super().setUp()
        must("mount", "-t", "tmpfs", "tmpfs", UNITS)
        self.addCleanup(must, "umount", "--lazy", UNITS)
        for target in ("default", "sysinit", "basic", "sockets", "shutdown"):
            (UNITS / f"{target}.target").write_text(f"[Unit]\nDescription={target}\nDefaultDependencies=no\n")
        self.machine = Machine()

    def boot(self, wish, drop_in=None, more="", kind="simple"):
        (UNITS / "legacyd.service").write_text(
            UNIT.format(type=kind, log=LOG, more=f"Environment=LEGACYD={wish}\n{more}"))
        if drop_in:
            (UNITS / "legacyd.service.d").mkdir(exist_ok=True)
            shutil.copy(FILES / drop_in, UNITS / "legacyd.service.d" / "forkproof.conf")
        self.addCleanup(self.machine.stop)
        self.machine.start()

    def said(self):
        return self.machine.inside("cat", LOG).stdout

    def start(self):
        done = self.machine.ctl("start", "legacyd.service")
        self.assertEqual(done.returncode, 0, done.stderr + self.said())

    def wait_until_failed(self):
        wait_for(lambda: self.machine.show("ActiveState") == "failed", "a service that has failed")

    def serve(self, *arguments, **options):
        self.boot(*arguments, **options)
        self.start()
        wait_for(lambda: self.machine.inside("cat", "/run/legacyd.ready").returncode == 0, "a daemon that serves")

    def stop_service(self):
        done = self.machine.ctl("stop", "legacyd.service")
        self.assertEqual((done.returncode, self.machine.left()), (0, "0"), done.stderr)
        self.assertEqual((self.machine.show("ActiveState"), self.machine.show("Result")), ("inactive", "success"))

    def test_bare_with_killmode_process_a_daemon_is_left(self):
        self.boot("leaks", more="KillMode=process")
        self.start()
        self.wait_until_failed()
        self.assertEqual((self.machine.show("ExecMainStatus"), self.machine.left()), ("3", "1"))

    def leak(self, more, rung):
        self.boot("leaks", "foreground.conf", more=more)
        self.start()
        self.wait_until_failed()
        self.assertEqual((self.machine.show("ExecMainStatus"), self.machine.left()), ("3", "0"))
        self.assertRegex(self.said(), rf"left behind by legacyd: 1 process .*ended by SIGTERM: 1 \[rung {rung}\]")

    def test_what_is_left_is_ended_and_told_and_the_status_passed_on(self):
        self.leak("", "cgroup")

    def test_what_a_plain_user_leaves_too(self):
        self.leak("User=nobody", "cgroup")

    def test_without_delegation_a_plain_user_has_no_cgroup(self):
        (UNITS / "legacyd.service.d").mkdir()
        (UNITS / "legacyd.service.d" / "more.conf").write_text("[Service]\nDelegate=no\n")
        self.leak("User=nobody", "walk")

    def test_in_a_tree_that_is_read_only(self):
        self.leak("ProtectSystem=strict", "cgroup")

    def test_with_cgroups_that_are_read_only(self):
        self.leak("ProtectControlGroups=yes", "walk")

    def test_reload_and_stop(self):
        self.serve("serves", "foreground.conf")
        self.assertEqual(self.machine.ctl("reload", "legacyd.service").returncode, 0)
        wait_for(lambda: "reloaded" in self.said(), "SIGHUP to the daemon")
        self.stop_service()

    def test_a_daemon_that_forks(self):
        self.serve("daemonises", "forking.conf", more="PIDFile=/run/legacyd.pid", kind="forking")
        self.assertEqual((self.machine.show("ActiveState"), self.machine.left()), ("active", "1"))
        self.stop_service()

    def test_ready_watchdog_and_sockets(self):
        (UNITS / "legacyd.socket").write_text("[Socket]\nListenStream=/run/legacyd.socket\n")
        self.boot("notifies", "notify.conf", more="WatchdogSec=60", kind="notify")
        self.assertEqual(self.machine.ctl("start", "legacyd.socket").returncode, 0, self.said())
        self.start()
        self.assertEqual(self.machine.show("ActiveState"), "active")
        self.stop_service()

    def test_preload(self):
        self.serve("serves", "preload.conf")
        main = self.machine.show("MainPID")
        self.assertIn("libforkproof.so", self.machine.inside("cat", f"/proc/{main}/maps").stdout)
        self.stop_service()


if __name__ == "__main__":
    namespaces.enter("--mount")
    recipe.main()
