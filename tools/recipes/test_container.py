"""docs/recipes/container: built by buildah and run by podman, on a base made of this machine's own programs.

Nothing is fetched. In namespaces of their own, with a storage that is gone afterwards.
"""

import json
import os
import pathlib
import re
import shutil
import tempfile
import time
import unittest

import namespaces
import recipe
from namespaces import must, run
from processes import wait_for

FILES = recipe.RECIPES / "container"
PROGRAMS = ("podman", "buildah", "crun", "dpkg-deb", "apt-get")
BASE_PROGRAMS = ("apt-get", "cat", "diff", "dpkg", "dpkg-deb", "dpkg-query", "dpkg-split", "env", "ldconfig", "ps",
                 "rm", "setsid", "sh", "sleep", "start-stop-daemon", "tar", "true")
BASE_DIRECTORIES = ("dev", "proc", "run", "sys", "tmp", "etc/apt/apt.conf.d", "etc/apt/preferences.d",
                    "etc/apt/sources.list.d", "var/cache/apt/archives/partial", "var/lib/apt/lists/partial",
                    "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log/apt")
CONTROL = """\
Package: forkproof
Version: 0
Architecture: {architecture}
Maintainer: nobody
Depends: libc6, libjansson4, libdw1
Description: what is tested
"""
STORAGE = '[storage]\ndriver = "vfs"\nrunroot = "{home}/run"\ngraphroot = "{home}/graph"\n'
ENGINE = """\
[containers]
cgroups = "disabled"
default_ulimits = []
[network]
network_config_dir = "{home}/network"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
"""


def libraries(program):
    return [word for word in run("ldd", program).stdout.split() if word.startswith("/")]


def copy(path, root):
    """To its own place below ROOT, in which /bin and the like are links into /usr."""
    place = root / str(path).lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, place)


def make_base(root):
    """A Debian to install a package in: this machine's apt and dpkg, with its list of what is installed."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in BASE_DIRECTORIES:
        (root / name).mkdir(parents=True)
    for name in ("usr/lib/apt", "usr/share/dpkg"):
        shutil.copytree(f"/{name}", root / name)
    for name in ("/var/lib/dpkg/status", "/etc/passwd", "/etc/group"):
        copy(name, root)
    programs = [shutil.which(name) for name in BASE_PROGRAMS]
    for program in programs:
        shutil.copy(program, root / "usr/bin" / os.path.basename(program))
    programs += [recipe.Place.forkproof(), "/usr/lib/apt/methods/file"]
    for library in {path for program in programs for path in libraries(program)}:
        copy(library, root)


def make_package(directory, context):
    namespaces.stage(recipe.Place.build, directory)
    (directory / "DEBIAN").mkdir()
    architecture = must("dpkg", "--print-architecture").strip()
    (directory / "DEBIAN" / "control").write_text(CONTROL.format(architecture=architecture))
    must("dpkg-deb", "--build", "--root-owner-group", "-Znone", directory, context / "forkproof_0.deb")


def setUpModule():
    """A cgroup version 2 alone, as on a machine of today, a storage of our own, and the base in it."""
    if not namespaces.is_inside() or recipe.missing(*PROGRAMS):
        return
    home = pathlib.Path(tempfile.mkdtemp(prefix="forkproof-recipe-"))
    unittest.addModuleCleanup(shutil.rmtree, home, ignore_errors=True)
    must("umount", "--recursive", "/sys/fs/cgroup")
    must("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
    must("mount", "-t", "tmpfs", "tmpfs", "/run")
    (home / "storage.conf").write_text(STORAGE.format(home=home))
    (home / "containers.conf").write_text(ENGINE.format(home=home))
    os.environ["CONTAINERS_STORAGE_CONF"] = str(home / "storage.conf")
    os.environ["CONTAINERS_CONF"] = str(home / "containers.conf")
    make_base(home / "base")
    must("mount", "-t", "tmpfs", "tmpfs", "/var/lib")  # podman keeps a cache there, wherever its storage is
    must("tar", "--create", "--file", home / "base.tar", "--directory", home / "base", ".")
    must("podman", "import", home / "base.tar", "base:1")
    context = home / "context"
    context.mkdir()
    make_package(home / "package", context)
    shutil.copy(FILES / "legacyd", context)
    for name, tag in (("Dockerfile", "legacyd:1"), ("preload.Dockerfile", "preload:1")):
        must("buildah", "build", "--isolation=chroot", "--build-arg=BASE=localhost/base:1",
             f"--file={FILES / name}", f"--tag={tag}", context)


@recipe.needs(*PROGRAMS)
@unittest.skipUnless(namespaces.is_inside(), "needs root, to make namespaces")
class Readme(unittest.TestCase):
    def test_it_shows_the_file(self):
        shown = recipe.fenced((FILES / "README.md").read_text(), "dockerfile")
        self.assertEqual(shown, [(FILES / "Dockerfile").read_text()])


@recipe.needs(*PROGRAMS)
@unittest.skipUnless(namespaces.is_inside(), "needs root, to make namespaces")
class Image(recipe.Case):
    def start(self, *words):
        name = must("podman", "run", "--detach", "--network=none", *words).strip()
        self.addCleanup(run, "podman", "rm", "--force", "--time=0", name)
        wait_for(lambda: "serving" in must("podman", "logs", name), "a program that serves")
        return name

    def processes(self, name):
        """State and name of each process in the container."""
        shown = must("podman", "exec", name, "ps", "-A", "-o", "stat=,comm=")
        return [line.split(None, 1) for line in shown.splitlines() if "ps" not in line.split()]

    def zombies(self, name):
        return sum(state.startswith("Z") for state, _ in self.processes(name))

    def stop(self, name, seconds):
        """The status, how long it took, and what was said on standard error."""
        begun = time.monotonic()
        must("podman", "stop", f"--time={seconds}", name)
        took = time.monotonic() - begun
        status = json.loads(must("podman", "inspect", name))[0]["State"]["ExitCode"]
        return status, took, run("podman", "logs", name).stderr

    def test_bare_zombies_pile_up_and_a_stop_is_not_heard(self):
        name = self.start("--entrypoint=legacyd", "localhost/legacyd:1")
        wait_for(lambda: self.zombies(name) == 11, "eleven zombies")
        status, took, _ = self.stop(name, 2)
        self.assertEqual(status, 137)
        self.assertGreaterEqual(took, 2)

    def test_entrypoint(self):
        name = self.start("localhost/legacyd:1")
        wait_for(lambda: self.zombies(name) == 1, "no zombie but the child that the program does not wait for")
        self.assertIn("forkproof", [comm for _, comm in self.processes(name)])
        status, took, said = self.stop(name, 30)
        self.assertEqual(status, 143)
        self.assertLess(took, 15)
        self.assertRegex(said, r"left behind by legacyd: 1 process \(sleep \d+\); ended by SIGTERM: 1 \[rung \w+\]")

    def test_the_status_is_the_programs(self):
        done = run("podman", "run", "--rm", "--network=none", "localhost/legacyd:1", "sh", "-c", "exit 7")
        self.assertEqual(done.returncode, 7, done.stderr)

    def test_a_program_that_is_not_there(self):
        done = run("podman", "run", "--rm", "--network=none", "localhost/legacyd:1", "legacyx")
        self.assertEqual((done.returncode, done.stderr), (127, "forkproof: program not found: legacyx\n"))

    def test_preload(self):
        name = self.start("localhost/preload:1")
        loaded = must("podman", "exec", name, "cat", "/proc/1/maps")
        self.assertIn("libforkproof.so", loaded)

    def test_the_pods_command(self):
        """As its container is started and stopped, by hand."""
        pod = (FILES / "pod.yaml").read_text()
        words = [json.loads(re.search(rf"{key}: (\[.*\])", pod)[1]) for key in ("command", "args")]
        image = re.search(r"image: (.*)", pod)[1]
        seconds = int(re.search(r"terminationGracePeriodSeconds: (\d+)", pod)[1])
        name = self.start("--entrypoint", json.dumps(words[0]), image, *words[1])
        status, took, said = self.stop(name, seconds)
        self.assertEqual(status, 143)
        self.assertLess(took, seconds / 2)
        self.assertRegex(said, r"left behind by legacyd: 1 process")

    @recipe.needs("kubectl")
    def test_kubernetes_knows_every_word_of_the_pod(self):
        """Read into its own types without a server: a word that it does not know would be missing in what it writes."""
        words = ["kubectl", "set", "image", "--local", "--output=json", "--filename"]
        pod = json.loads(must(*words, FILES / "pod.yaml", "main=other"))
        container = pod["spec"]["containers"][0]
        known = {**pod["spec"], **container, **pod["metadata"], **pod}
        written = re.findall(r"^[ -]*(\w+):", (FILES / "pod.yaml").read_text(), re.MULTILINE)
        self.assertEqual([word for word in written if word not in known], [])


if __name__ == "__main__":
    namespaces.enter("--mount", "--net", "--uts", "--ipc", "--cgroup")
    recipe.main()
