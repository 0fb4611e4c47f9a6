#!/usr/bin/python3 -B
"""cmake --install into a prefix, used from another place, and taken back: test_install.py --build DIRECTORY."""

import argparse
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

KEPT = "theirs"  # a file of somebody else beside ours


class Place:
    build = None


def run(*words, **more):
    return subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **more)


def entries(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@contextlib.contextmanager
def own_manifests(build):
    """What a person has installed from this build is for their own uninstall: put aside meanwhile."""
    with tempfile.TemporaryDirectory(dir=build) as aside:
        kept = [shutil.move(path, aside) for path in build.glob("install_manifest*.txt")]
        try:
            yield
        finally:
            for path in build.glob("install_manifest*.txt"):
                path.unlink()
            for path in kept:
                shutil.move(path, build)


class Install(unittest.TestCase):
    def setUp(self):
        manifests = own_manifests(Place.build)
        manifests.__enter__()
        self.addCleanup(manifests.__exit__, None, None, None)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def good(self, *words, **more):
        done = run(*words, **more)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def install(self, prefix, *more, **environment):
        self.good("cmake", "--install", Place.build, "--prefix", prefix, *more, env={**os.environ, **environment})

    def uninstall(self, **environment):
        self.good("cmake", "--build", Place.build, "--target", "uninstall",
                  env={**os.environ, **environment})

    def test_works_where_it_was_moved(self):
        self.install(self.folder / "first")
        moved = (self.folder / "first").rename(self.folder / "moved")
        command = moved / "bin" / "forkproof"
        self.assertEqual(run(command, "run", "--", "sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(run(command, "audit", "--", "sh", "-c", "sleep 4321 &").returncode, 99)
        self.assertIn("safe", self.good(command, "explain", "--run", "zombie-apocalypse"))
        self.assertTrue((moved / "share/man/man1/forkproof-run.1").exists())
        self.assertTrue(os.access(moved / "share/doc/forkproof/docs/recipes/agent/agent-shell", os.X_OK))

    def test_below_a_blank_says_why_not(self):
        prefix = self.folder / "a place"
        self.install(prefix)
        self.assertIn("forkproof ", self.good(prefix / "bin/forkproof", "--version"))
        done = run(prefix / "bin/forkproof", "run", "--", "true")
        self.assertEqual((done.returncode, done.stdout.count("\n")), (125, 1), done.stdout)
        self.assertIn("its path holds a blank", done.stdout)

    def test_uninstall_removes_ours_and_nothing_else(self):
        prefix = self.folder / "prefix"
        (prefix / "bin").mkdir(parents=True)
        (prefix / "lib/forkproof").mkdir(parents=True)
        (prefix / "bin" / KEPT).touch()
        (prefix / "lib/forkproof" / KEPT).touch()
        self.install(prefix)
        self.uninstall()
        left = entries(prefix)
        files = [name for name in left if not (prefix / name).is_dir()]
        self.assertEqual(files, ["bin/theirs", "lib/forkproof/theirs"])
        self.assertEqual([name for name in left if "forkproof" in name], ["lib/forkproof", "lib/forkproof/theirs"])

    def test_uninstall_honours_destdir(self):
        destination = self.folder / "destination"
        self.install("/usr", DESTDIR=str(destination))
        self.assertTrue((destination / "usr/bin/forkproof").exists())
        self.uninstall(DESTDIR=str(destination))
        self.assertEqual([name for name in entries(destination) if not (destination / name).is_dir()], [])

    def test_components(self):
        for component, has in {"runtime": "bin/forkproof", "library": "lib/libforkproof.so",
                               "audit": "lib/libforkproof-audit.so", "doc": "share/doc/forkproof/README.md"}.items():
            self.install(self.folder / component, "--component", component)
            self.assertTrue((self.folder / component / has).exists(), component)
            self.uninstall()
            files = [path for path in (self.folder / component).rglob("*") if not path.is_dir()]
            self.assertEqual(files, [], component)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    given, rest = parser.parse_known_args()
    Place.build = given.build.resolve()
    unittest.main(argv=[__file__, *rest])


if __name__ == "__main__":
    main()
