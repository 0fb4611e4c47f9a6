"""docs/recipes/ctest: tests that leave a server behind, by fork and in a script, and one killed by its TIMEOUT."""

import re
import shutil
import subprocess

from recipe import RECIPES, Noting, main, needs

PROJECT = """
cmake_minimum_required(VERSION 3.18)
project(demo C)
enable_testing()
include(forkproof.cmake)

add_executable(tidy tidy.c)
add_test(NAME tidy COMMAND tidy)
add_executable(leaky leaky.c)
add_test(NAME leaky COMMAND leaky)
add_executable(hangs hangs.c)
add_test(NAME hangs COMMAND hangs)
set_tests_properties(hangs PROPERTIES TIMEOUT 60 TIMEOUT_AFTER_MATCH "1;server is there")
add_test(NAME script COMMAND ${FORKPROOF_LAUNCHER} sh ${CMAKE_SOURCE_DIR}/script.sh)
"""
TIDY = """
int main(void)
{
	return 0;
}
"""
LEAKY = """
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void start_server(void)
{
	int ready[2];
	char byte;

	if (pipe(ready) != 0)
		abort();
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		FILE *list = fopen(getenv("DEMO_PIDS"), "a");
		fprintf(list, "%d\\n", (int)getpid());
		fclose(list);
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 0)
		abort();
}

int main(void)
{
	start_server();
	return 0;
}
"""
HANG = """puts("server is there");
	fflush(stdout);
	for (;;)
		pause();"""
# The substitution ends when the server has closed its output, and so has written itself down.
SCRIPT = """: "$(setsid sh -c 'echo $$ >> "$DEMO_PIDS"; exec sleep 600 < /dev/null > /dev/null 2>&1' &)"
"""


@needs("cmake", "ctest", "ninja", "cc")
class Ctest(Noting):
    def setUp(self):
        super().setUp()
        shutil.copy(RECIPES / "ctest" / "forkproof.cmake", self.directory)
        files = {"CMakeLists.txt": PROJECT, "tidy.c": TIDY, "leaky.c": LEAKY, "script.sh": SCRIPT,
                 "hangs.c": LEAKY.replace("return 0;", HANG)}
        for name, text in files.items():
            (self.directory / name).write_text(text)

    def play(self, tests):
        """Which tests failed with FORKPROOF_TESTS=TESTS, and what ctest printed."""
        build = self.directory / tests
        settings = ["-GNinja", "-DCMAKE_BUILD_TYPE=Debug", f"-DFORKPROOF_TESTS={tests}"]
        for command in (["cmake", "-S", self.directory, "-B", build, *settings], ["cmake", "--build", build]):
            subprocess.run(command, env=self.environ, check=True, stdout=subprocess.DEVNULL)
        output = subprocess.run(["ctest", "-j4", "--output-on-failure"], cwd=build, env=self.environ,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
        failed = dict(re.findall(r"^\s+\d+ - (\w+) \((\w+)\)$", output, re.MULTILINE))
        return failed, output

    def test_audit_names_the_test_and_the_line(self):
        failed, output = self.play("audit")
        self.assertEqual(failed, {"leaky": "Failed", "hangs": "Timeout", "script": "Failed"})
        self.assertRegex(output, r"daemonize-leak")
        self.assertRegex(output, r"start_server \S*/leaky\.c:\d+")
        self.assertEqual((len(self.noted()), self.left()), (3, []))

    def test_run_ends_what_is_left_and_fails_nothing(self):
        failed, _ = self.play("run")
        self.assertEqual(failed, {"hangs": "Timeout"})
        self.assertEqual((len(self.noted()), self.left()), (3, []))

    def test_without_forkproof_servers_are_left(self):
        failed, _ = self.play("off")
        self.assertEqual(failed, {"hangs": "Timeout"})
        self.assertEqual((len(self.noted()), len(self.left())), (3, 3))


if __name__ == "__main__":
    main()
