"""docs/recipes/nextest: `cargo test` with the runner of config.toml; cargo-nextest itself where there is one."""

import os
import pathlib
import shutil
import signal
import subprocess

from recipe import RECIPES, Case, Place, main, needs

PROJECT = """
[package]
name = "demo"
version = "0.1.0"
edition = "2021"
"""
TESTS = """
#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    #[test]
    fn tidy() {
        assert!(Command::new("true").status().unwrap().success());
    }

    #[test]
    fn forgets_its_server() {
        let mut server = Command::new("sleep");
        server.arg("600").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        std::fs::write(std::env::var("DEMO_PIDS").unwrap(), server.spawn().unwrap().id().to_string()).unwrap();
    }
}
"""


class Nextest(Case):
    def setUp(self):
        super().setUp()
        self.pids = self.directory / "pids"
        path = f"{Place.forkproof().parent}:{os.environ['PATH']}"
        self.environ = dict(os.environ, DEMO_PIDS=str(self.pids), PATH=path)
        for folder in ("src", ".cargo", ".config"):
            (self.directory / folder).mkdir()
        (self.directory / "Cargo.toml").write_text(PROJECT)
        (self.directory / "src" / "lib.rs").write_text(TESTS)
        self.addCleanup(self.end)

    def end(self):
        if self.left():
            os.kill(int(self.pids.read_text()), signal.SIGKILL)

    def left(self):
        """Whether the server that the test noted still runs, as a process with this list."""
        try:
            environ = pathlib.Path("/proc", self.pids.read_text(), "environ").read_bytes()
            return f"DEMO_PIDS={self.pids}".encode() in environ
        except OSError:
            return False

    def cargo(self, *arguments):
        done = subprocess.run(["cargo", *arguments, "--offline"], cwd=self.directory, env=self.environ, text=True,
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    @needs("cargo", "cc")
    def test_cargo_test(self):
        status, output = self.cargo("test", "--lib")
        self.assertEqual((status, self.left()), (0, True), output)
        self.end()
        shutil.copy(RECIPES / "nextest" / "config.toml", self.directory / ".cargo")
        status, output = self.cargo("test", "--lib")
        self.assertEqual((status != 0, self.left()), (True, False), output)
        self.assertIn("exit status: 99", output)
        self.assertRegex(output, r"forgets_its_server src/lib\.rs:\d+")

    @needs("cargo-nextest", "cc")
    def test_wrapper_script(self):
        shutil.copy(RECIPES / "nextest" / "nextest.toml", self.directory / ".config")
        status, output = self.cargo("nextest", "run")
        self.assertEqual((status, self.left()), (100, False), output)
        self.assertRegex(output, r"FAIL .*forgets_its_server")


if __name__ == "__main__":
    main()
