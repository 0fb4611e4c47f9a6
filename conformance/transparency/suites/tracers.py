"""strace and ltrace: of a program that is shimmed, shimmed themselves, detached, attached

Of a trace only what a user looks for is compared: which programs were executed, how each process ended,
which children were made how, which signals were sent. (The shim's waits are two calls where libc makes one.)
"""

import collections
import os
import pathlib
import re
import signal
import subprocess

PACKAGES = ("gcc", "libc6-dev", "ltrace", "strace")
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int count, char **words) {
    int status;
    if (count > 1 && !strcmp(words[1], "wait")) {
        pid_t sleeper = fork();
        if (sleeper == 0)
            for (;;)
                pause();
        FILE *file = fopen("sleeper", "w");
        fprintf(file, "%d\n", (int)sleeper);
        fclose(file);
        waitpid(sleeper, &status, 0);
        return WTERMSIG(status);
    }
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(3);
    }
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
    printf("killed by %d\n", WTERMSIG(status));
    pid_t other = vfork();
    if (other == 0) {
        execl("/bin/sh", "sh", "-c", "exit 4", (char *)0);
        _exit(127);
    }
    waitpid(other, &status, 0);
    printf("vfork %d\n", WEXITSTATUS(status));
    char *argv[] = {"false", NULL};
    pid_t spawned;
    posix_spawnp(&spawned, "false", NULL, NULL, argv, environ);
    waitpid(spawned, &status, 0);
    printf("spawned %d\n", WEXITSTATUS(status));
    printf("system %d\n", WEXITSTATUS(system("exit 6")));
    fflush(stdout);
    execl("/bin/sh", "sh", "-c", "echo the end; exit 7", (char *)0);
    return 1;
}
"""


def story(path):
    """Of `strace -f -o`: how many of each call that makes, executes, kills; how the processes ended."""
    text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    made, begun = collections.Counter(), {}
    for line in text.splitlines():
        call = re.match(r"(\d+) +(?:<\.\.\. )?(execve|fork|vfork|clone3?|kill|tgkill)(?: resumed>|\()(.*)", line)
        if call:
            pid, name, rest = call.groups()
            program = re.match(r"(\"[^\"]*\"|)", rest)[1] or begun.pop(pid, "")
            result = re.search(r" = (-?\d+(?: E\w+)?)", rest)
            if not result:
                begun[pid] = program
            else:
                made[" ".join(filter(None, (name, program, "" if result[1].isdigit() else result[1])))] += 1
        end = re.match(r"\d+ +\+\+\+ (.*) \+\+\+", line) or re.match(r"\d+ +--- (SIG\w+)", line)
        if end:
            made[end[1]] += 1
    return ", ".join(f"{count} × {what}" for what, count in sorted(made.items()))


def bare(argv):
    """strace without a preload; its output and status, whatever it is."""
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60, check=False)


def field(pid, name):
    return int(re.search(rf"^{name}:\t(\d+)$", pathlib.Path(f"/proc/{pid}/status").read_text("utf-8"), re.MULTILINE)[1])


def scenario(scene):
    program = scene.compiled("family", PROGRAM)
    settings = [f"{name}={value}" for name, value in scene.environment().items()
                if name in ("LD_PRELOAD", "FORKPROOF_OPTIONS")]
    inner = [word for setting in settings for word in ("-E", setting)]
    for name, run, options in (
            ("all shimmed", scene.run, ()), ("the program shimmed", bare, inner), ("detached", scene.run, ("-D",)),
            ("detached, session", scene.run, ("-DDD",)),
            ("filtered by seccomp", scene.run, ("--seccomp-bpf", "-e", "trace=%process,kill"))):
        done = run(["strace", "-f", "-q", "-o", "trace", *options, program])
        scene.check(f"strace, {name}, output", done.stdout)
        scene.check(f"strace, {name}, status", done.returncode)
        ended = lambda: pathlib.Path("trace").read_text(encoding="utf-8").rstrip().endswith("exited with 7 +++")
        scene.until("the trace's end", ended)
        scene.check(f"strace, {name}, trace", story("trace"))
    counts(scene, program)
    attach(scene, program)
    ltrace(scene, scene.compiled("lazy", PROGRAM, "-no-pie", "-Wl,-z,lazy"))


def counts(scene, program):
    done = scene.run(["strace", "-f", "-c", "-o", "counts", program])
    calls = {line.split()[-1] for line in pathlib.Path("counts").read_text("utf-8").splitlines() if line.strip()}
    scene.check("strace -c, output", done.stdout)
    scene.check("strace -c, status", done.returncode)
    scene.check("strace -c, counted", " ".join(sorted(calls & {"execve", "clone", "clone3", "vfork", "kill", "total"})))


def attach(scene, program):
    """strace that comes to a program blocked in its wait, and goes; then one that stays to the end."""
    waiting = scene.start([program, "wait"])
    place = pathlib.Path("sleeper")
    scene.until("the sleeper", lambda: place.read_text("utf-8").endswith("\n"))
    sleeper = int(place.read_text("utf-8"))
    parent = field(sleeper, "PPid")
    for name, end in (("passing by", lambda tracer: tracer.send_signal(signal.SIGINT)),
                      ("to the end", lambda tracer: os.kill(sleeper, signal.SIGKILL))):
        tracer = subprocess.Popen(["strace", "-f", "-o", "trace", "-p", str(parent)], stderr=subprocess.DEVNULL)
        scene.until("strace to attach", lambda: field(parent, "TracerPid"))
        end(tracer)
        scene.check(f"strace -p, {name}, strace's status", tracer.wait(20))
        if name == "passing by":
            scene.check("strace -p, the program runs on", waiting.poll() is None)
    scene.check("strace -p, the program's status", waiting.wait(20))
    scene.check("strace -p, trace", story("trace"))


def ltrace(scene, program):
    """The names of the program's library calls, of the parent only: children print where they please."""
    done = scene.run(["ltrace", "-o", "calls", program])
    calls = re.findall(r"^(\w+)\(", pathlib.Path("calls").read_text("utf-8").partition("execl")[0], re.MULTILINE)
    scene.check("ltrace, output", done.stdout)
    scene.check("ltrace, status", done.returncode)
    scene.check("ltrace, calls", " ".join(calls))
