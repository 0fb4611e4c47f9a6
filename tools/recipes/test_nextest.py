"""docs/recipes/nextest: `cargo test` with the runner of config.toml; cargo-nextest itself where there is one."""

import shutil
import subprocess

from recipe import RECIPES, Noting, main, needs

PROJECT = """
[package]
name = "demo"
version = "9.9.9"
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


class Nextest(Noting):
    def setUp(self):
        super().setUp()
        for folder in ("src", ".cargo", ".config"):
            (self.directory / folder).mkdir()
        (self.directory / "Cargo.toml").write_text(PROJECT)
        (self.directory / "src" / "lib.rs").write_text(TESTS)

    def cargo(self, *arguments):
        done = subprocess.run(["cargo", *arguments, "--offline"], cwd=self.directory, env=self.environ, text=True,
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    @needs("cargo", "cc")
    def test_cargo_test(self):
        status, output = self.cargo("test", "--lib")
        self.assertEqual((status, len(self.left())), (0, 1), output)
        self.end_what_is_left()
        shutil.copy(RECIPES / "nextest" / "config.toml", self.directory / ".cargo")
        status, output = self.cargo("test", "--lib")
        self.assertNotEqual(status, 0, output)
        self.assertEqual(self.left(), [])
        self.assertIn("exit status: 99", output)
        self.assertRegex(output, r"forgets_its_server src/lib\.rs:\d+")

    @needs("cargo-nextest", "cc")
    def test_wrapper_script(self):
        shutil.copy(RECIPES / "nextest" / "nextest.toml", self.directory / ".config")
        status, output = self.cargo("nextest", "run")
        self.assertEqual((status, self.left()), (100, []), output)
        self.assertRegex(output, r"FAIL .*forgets_its_server")


if __name__ == "__main__":
    main()
