"""docs/recipes/bazel: a program that leaves a server behind, as a test (local, in the sandbox) and by `bazel run`.

What Bazel 4 would fetch from the network for an sh_test is overridden by stubs that hand on its own rules.
"""

import shutil
import subprocess

from recipe import RECIPES, Noting, main, needs

TARGETS = """
sh_test(name = "tidy", size = "small", srcs = ["tidy.sh"])
sh_test(name = "leaky", size = "small", srcs = ["leaky.sh"])
sh_binary(name = "tool", srcs = ["leaky.sh"])
"""
# The substitution ends when the server has closed its output, and so has written itself down.
LEAKY = """#!/bin/sh
: "$(setsid sh -c 'echo $$ >> "$DEMO_PIDS"; exec sleep 600 < /dev/null > /dev/null 2>&1' &)"
"""
STUBS = {
    "rules_cc": ("cc", "cc_binary cc_library cc_import cc_test cc_toolchain cc_toolchain_suite cc_proto_library"),
    "rules_java": ("java", "java_binary java_library java_import java_test java_toolchain java_runtime java_plugin "
                   "java_proto_library java_package_configuration"),
    "rules_proto": ("proto", "proto_library proto_lang_toolchain"),
}


@needs("bazel")
class Bazel(Noting):
    def setUp(self):
        super().setUp()
        self.project = self.directory / "project"
        self.project.mkdir()
        shutil.copy(RECIPES / "bazel" / "forkproof.bazelrc", self.project)
        overrides = [f"build --override_repository={name}={path}" for name, path in self.stubs()]
        rc = ["import %workspace%/forkproof.bazelrc", *overrides, f"test --test_env=DEMO_PIDS={self.pids}"]
        for name, text in {"WORKSPACE": "", "BUILD": TARGETS, ".bazelrc": "\n".join(rc) + "\n", "leaky.sh": LEAKY,
                           "tidy.sh": "#!/bin/sh\nexit 0\n"}.items():
            (self.project / name).write_text(text)
            (self.project / name).chmod(0o755)
        self.addCleanup(self.end)

    def stubs(self):
        for name, (folder, rules) in STUBS.items():
            package = self.directory / name / folder
            package.mkdir(parents=True)
            (package.parent / "WORKSPACE").write_text("")
            (package / "BUILD").write_text("")
            (package / "defs.bzl").write_text("".join(f"{rule} = native.{rule}\n" for rule in rules.split()))
            yield name, package.parent
        coverage = self.directory / "coverage"
        coverage.mkdir()
        (coverage / "WORKSPACE").write_text("")
        (coverage / "BUILD").write_text("".join(f'filegroup(name = "{name}", visibility = ["//visibility:public"])\n'
                                                for name in ("coverage_report_generator", "lcov_merger")))
        yield "remote_coverage_tools", coverage

    def bazel(self, *arguments):
        command = ["bazel", f"--output_user_root={self.directory}/root", "--max_idle_secs=60", *arguments]
        return subprocess.run(command, cwd=self.project, env=self.environ, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def end(self):
        self.bazel("shutdown")
        for path in (self.directory / "root").rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)

    def play(self, *options):
        return self.bazel("test", "--noshow_progress", "--color=no", "--cache_test_results=no", "--test_output=errors",
                          *options, "//:tidy", "//:leaky").stdout

    def test_tests_fail_only_by_audit(self):
        for how in ("--strategy=TestRunner=local", "--strategy=TestRunner=linux-sandbox"):
            for config in ([], ["--config=forkproof"]):
                output = self.play(how, *config)
                self.assertRegex(output, r"//:leaky +PASSED", (how, config))
            output = self.play(how, "--config=audit")
            self.assertRegex(output, r"//:leaky +FAILED", how)
            self.assertRegex(output, r"//:tidy +PASSED", how)
            self.assertIn("daemonize-leak", output)
        self.assertEqual((len(self.noted()), self.left()), (6, []))

        self.assertEqual((self.bazel("run", "//:tool").returncode, len(self.left())), (0, 1))
        self.assertEqual((self.bazel("run", "--config=forkproof", "//:tool").returncode, len(self.left())), (0, 1))
        self.assertEqual((self.bazel("run", "--config=audit", "//:tool").returncode, len(self.left())), (99, 1))
        self.assertEqual(len(self.pids.read_text().split()), 9)


if __name__ == "__main__":
    main()
