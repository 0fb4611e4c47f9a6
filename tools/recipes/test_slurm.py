"""docs/recipes/slurm on a real cluster of one machine: munged, slurmctld and slurmd, in namespaces of their own."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import namespaces
import recipe
from namespaces import must, run
from processes import carriers, living, wait_for

FILES = recipe.RECIPES / "slurm"
PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "scancel", "scontrol", "sinfo",
            "squeue", "ip")
NODE = "node1"
ADDRESS = "192.0.2.1"  # documentation's own: getaddrinfo looks names up only where there is an address beside 127.0.0.1
CONFIGURATION = """\
ClusterName=one
SlurmctldHost={node}
SlurmUser=root
AuthInfo=socket={home}/munge.socket
ProctrackType=proctrack/{tracker}
TaskPlugin=task/none
{prolog}
ReturnToService=2
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.log
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName={node} CPUs=1
PartitionName=all Nodes={node} Default=YES State=UP
"""


def left_on_node(job):
    """Processes of a job, told by the environment that Slurm gave them."""
    return carriers(f"SLURM_JOB_ID={job}")


class Cluster:
    """A node that is its own controller, with a home of its own."""

    def __init__(self, tracker, prolog=""):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="forkproof-slurm-"))
        self.home.chmod(0o755)
        (self.home / "state").mkdir()
        (self.home / "spool").mkdir()
        (self.home / "munge.key").write_bytes(os.urandom(128))
        (self.home / "munge.key").chmod(0o400)
        (self.home / "slurm.conf").write_text(
            CONFIGURATION.format(node=NODE, home=self.home, tracker=tracker,
                                 prolog=f"TaskProlog={prolog}" if prolog else ""))
        os.environ["SLURM_CONF"] = str(self.home / "slurm.conf")

    def start(self):
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        must("munged", "--force", *(f"--{option}={self.home}/munge.{end}" for option, end in files.items()))
        must("slurmctld", "-c")
        must("slurmd", "-c", "-N", NODE)
        self.wait_until_idle()

    def wait_until_idle(self):
        wait_for(lambda: " idle" in must("sinfo", "--noheader", "--format=%N %T"), "an idle node")

    def stop(self):
        for name in ("slurmd", "slurmctld", "munge"):
            path = self.home / f"{name}.pid"
            if path.exists():
                pid = int(path.read_text())
                os.kill(pid, signal.SIGKILL)
                wait_for(lambda pid=pid: pid not in living(lambda entry: True), f"{name}'s end")
        shutil.rmtree(self.home)


def setUpModule():
    """Names and addresses of this network namespace, forkproof in its /usr, a /run of its own."""
    if not namespaces.is_inside() or recipe.missing(*PROGRAMS):
        return
    root = pathlib.Path(tempfile.mkdtemp(prefix="forkproof-recipe-"))
    unittest.addModuleCleanup(shutil.rmtree, root)
    unittest.addModuleCleanup(must, "umount", "--lazy", "/usr")
    must("ip", "link", "set", "lo", "up")
    must("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    must("hostname", NODE)
    (root / "hosts").write_text(f"127.0.0.1 localhost\n{ADDRESS} {NODE}\n")
    must("mount", "--bind", root / "hosts", "/etc/hosts")
    must("mount", "-t", "tmpfs", "tmpfs", "/run")
    namespaces.install(recipe.Place.build, root)


@recipe.needs(*PROGRAMS)
@unittest.skipUnless(namespaces.is_inside(), "needs root, to make namespaces")
class Readme(unittest.TestCase):
    def test_it_shows_the_file(self):
        self.assertEqual(recipe.fenced((FILES / "README.md").read_text(), "sh"), [(FILES / "job.sh").read_text()])


@recipe.needs(*PROGRAMS)
@unittest.skipUnless(namespaces.is_inside(), "needs root, to make namespaces")
class OnNode(recipe.Case):
    """What holds with each of the ways in which Slurm tracks processes."""

    tracker, prolog = "pgid", ""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(cls.tracker, cls.prolog)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()

    def setUp(self):
        super().setUp()
        self.cluster.wait_until_idle()
        self.directory.chmod(0o777)
        for name in ("step", "job.sh"):
            shutil.copy(FILES / name, self.directory)

    def srun(self, *words):
        """As a plain user. The step's status, what it wrote to standard error, and its job."""
        done = run("srun", "--verbose", "--uid=nobody", *words, cwd=self.directory)
        job = re.search(r"jobid (\d+)", done.stderr)
        self.assertTrue(job, done.stderr)
        return done.returncode, done.stderr, job[1]

    def wait_for_end_of(self, job):
        wait_for(lambda: not run("squeue", "--noheader", "--jobs", job).stdout.strip(), f"the end of job {job}")


class Bare(OnNode):
    def test_a_step_leaves_its_daemon_on_the_node(self):
        status, _, job = self.srun("./step")
        self.assertEqual(status, 3)
        self.wait_for_end_of(job)
        left = left_on_node(job)
        self.assertEqual(len(left), 1)
        os.kill(left[0], signal.SIGKILL)


class BareLinuxproc(Bare):
    tracker = "linuxproc"


class Recipe(OnNode):
    def test_a_step_leaves_nothing(self):
        status, said, job = self.srun("forkproof", "run", "--", "./step")
        self.assertEqual(status, 3)
        self.assertRegex(said, r"left behind by step: 1 process \(\w+ \d+\); ended by SIGTERM: 1 \[rung walk\]")
        self.assertEqual(left_on_node(job), [])

    def test_a_batch_job_leaves_nothing_and_its_script_neither(self):
        with open(self.directory / "job.sh", "a") as script:
            script.write("status=$?\n./step\nexit $status\n")
        words = ["sbatch", "--uid=nobody", "--parsable", f"--chdir={self.directory}", self.directory / "job.sh"]
        job = must(*words).strip()
        self.wait_for_end_of(job)
        self.assertRegex(must("scontrol", "show", "job", job), r"\bExitCode=3:0\b")
        said = (self.directory / f"simulate-{job}.log").read_text()
        self.assertRegex(said, r"left behind by step: 1 process")
        self.assertRegex(said, r"left behind by sh: 1 process")
        self.assertEqual(left_on_node(job), [])

    def cancel(self, *options):
        """A step with a daemon that waits to be cancelled. Its status."""
        (self.directory / "waits").write_text("#!/bin/sh\n./step\n: >ready\nexec sleep 3600\n")
        (self.directory / "waits").chmod(0o755)
        words = ["srun", "--uid=nobody", "--job-name=cancelled", "forkproof", "run", "--", "./waits"]
        with subprocess.Popen(words, cwd=self.directory, stderr=subprocess.PIPE, text=True) as step:
            wait_for((self.directory / "ready").exists, "a step that waits")
            job = run("squeue", "--noheader", "--name=cancelled", "--format=%i").stdout.strip()
            self.assertGreaterEqual(len(left_on_node(job)), 2)
            must("scancel", *options, job)
            step.communicate(timeout=60)
        self.wait_for_end_of(job)
        wait_for(lambda: left_on_node(job) == [], "nothing left on the node")
        return step.returncode

    def test_scancel(self):
        self.assertNotEqual(self.cancel(), 0)

    def test_scancel_by_kill(self):
        self.assertNotEqual(self.cancel("--signal=KILL"), 0)


class RecipeLinuxproc(Recipe):
    tracker = "linuxproc"


class Prolog(OnNode):
    """For a whole site: no user changes anything."""

    prolog = FILES / "taskprolog.sh"

    def test_a_step_leaves_nothing(self):
        status, _, job = self.srun("./step")
        self.assertEqual(status, 3)
        wait_for(lambda: left_on_node(job) == [], "nothing left on the node")


if __name__ == "__main__":
    namespaces.enter("--mount", "--net", "--uts")
    recipe.main()
