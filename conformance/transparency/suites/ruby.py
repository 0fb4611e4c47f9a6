"""Ruby's own tests of processes, signals, pipes, threads and what its options start"""

import re

PACKAGES = ("ruby3.1", "ruby-test-unit")
SOURCES = ("ruby3.1",)
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
TESTS = ("process", "signal", "io", "beginendblock", "thread", "rubyoptions")
VERDICTS = {"Failure": "failed", "Error": "error", "Skipped": "skipped", "Timeout": "timed out"}


def commands():
    start = "cd /src/ruby3.1; exec ruby3.1 -I tool/lib test/runner.rb --verbose --test-order=alpha test/ruby/test_$1.rb"
    return {name: ["sh", "-c", start, "sh", name] for name in TESTS}


def outcomes(output):
    """A line for each test that has ended; those that did not pass are told of at the end."""
    found = {m[1]: "ok" for m in re.finditer(r"(\w+#test\w*[?!]?) = [0-9.]+ s", output)}
    told = re.finditer(r"^ +\d+\) (Failure|Error|Skipped|Timeout):\n(\w+#test\w*[?!]?)", output, re.MULTILINE)
    return found | {m[2]: VERDICTS[m[1]] for m in told}
