"""gdb: breakpoints, following and catching forks, stepping over them, signals, attach, detach, kill

The debuggee's preload is given in each way that people use: to gdb itself, by `set environment` and by
`set exec-wrapper`. What gdb prints is compared line by line, without what varies: numbers of processes,
addresses, and the function inside libc (or the shim) where a caught fork has stopped.
"""

import os
import pathlib
import re

PACKAGES = ("gcc", "gdb", "libc6-dev")
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

volatile int stage;
void on_usr1(int number) { (void)number; stage += 10; }
void in_child(int status) { stage = status; }
void in_parent(int status) { stage = status; }

int main(int count, char **words) {
    int status = 0;
    if (count > 1 && !strcmp(words[1], "again"))
        return 6;
    signal(SIGUSR1, on_usr1);
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
        in_child(3);
        _exit(3);
    }
    waitpid(child, &status, 0);
    in_parent(WEXITSTATUS(status));
    pid_t other = vfork();
    if (other == 0) {
        execl("/bin/true", "true", (char *)0);
        _exit(127);
    }
    waitpid(other, &status, 0);
    in_parent(WEXITSTATUS(status));
    raise(SIGUSR1);
    printf("shell %d\n", WEXITSTATUS(system("exit 4")));
    FILE *pipe = popen("echo from a pipe", "r");
    char line[64] = "";
    if (fgets(line, sizeof line, pipe))
        printf("popen %s", line);
    printf("pclose %d\n", pclose(pipe));
    fflush(stdout);
    kill(getpid(), 0);
    if (count > 1 && !strcmp(words[1], "exec"))
        execl(words[0], words[0], "again", (char *)0);
    return 5;
}
"""
AT = {text: number for number, line in enumerate(PROGRAM.splitlines(), 1) for text in (
    "pid_t child = fork()", "pid_t other = vfork()", "waitpid(child", "raise(SIGUSR1)", "kill(getpid(), 0)")
      if text in line}

# A program that gdb has let go runs on; `forkproof run` would end it with gdb.
GONE = "shell while pgrep -r D,R,S,T -x family >/dev/null; do sleep 0.05; done"
EXPLAINED = {"scenario: *, stops at fork": "a breakpoint on a wrapped function stops in the shim and in libc"}
SESSIONS = {  # name: (arguments, commands before `run`, after it)
    "plain": ("", (), ()),
    "exec": ("exec", (), ()),
    "breakpoints": ("", ("break in_parent",), ("print status", "backtrace", "continue", "backtrace", "continue")),
    "follow child": ("", ("set follow-fork-mode child", "break in_child"),
                     ("backtrace", "info inferiors", "continue", GONE)),
    "follow parent": ("", ("set follow-fork-mode parent", "break in_child", "break in_parent"),
                      ("backtrace", "info inferiors", "continue", "continue")),
    "follow both": ("", ("set detach-on-fork off", "set schedule-multiple on", "set non-stop off", "break in_child",
                         "break in_parent"), ("backtrace", "info inferiors", "kill inferiors 1", "kill inferiors 2")),
    "catch fork": ("", ("catch fork",), ("frame function main", "continue")),
    "catch vfork": ("", ("tcatch vfork",), ("frame function main", "continue")),
    "catch exec": ("exec", ("tcatch exec",), ("info inferiors", "continue")),
    "vfork followed into exec": ("", (f"break {AT['pid_t other = vfork()']}",),
                                 ("set follow-fork-mode child", "continue", "info inferiors", GONE)),
    "next over fork": ("", (f"break {AT['pid_t child = fork()']}",), ("next", "next", "print child > 0", "continue")),
    "next over vfork": ("", (f"break {AT['pid_t other = vfork()']}",), ("next", "next", "print other > 0", "continue")),
    "next over wait": ("", (f"break {AT['waitpid(child']}",), ("next", "print status", "continue")),
    "next over raise": ("", (f"break {AT['raise(SIGUSR1)']}", "break on_usr1"),
                        ("next", "finish", "print stage", "continue")),
    "step into nothing": ("", (f"break {AT['kill(getpid(), 0)']}",), ("step", "info source", "continue")),
    "finish a wait": ("", ("break in_parent",), ("up", "print status", "tbreak on_usr1", "continue", "continue")),
    "signals": ("", ("handle SIGUSR1 stop print",), ("frame function main", "print stage", "signal 0", "print stage")),
    "signal given": ("", ("break in_parent",), ("signal SIGUSR1", "print stage", "signal SIGTERM")),
    "calls": ("", ("break in_parent",), ("print (int)getpid() > 1", "print (int)kill((int)getpid(), 0)",
                                         "call (int)system(\"exit 9\")", "continue", "continue")),
    "kill": ("", ("break in_child", "break in_parent"), ("kill", "info inferiors")),
    "run twice": ("", ("break in_parent",), ("kill", "run", "print status", "continue", "continue")),
    "detach": ("", ("break in_parent",), ("detach", "info inferiors", GONE)),
}


# Inside libc, or in the shim: not the program's to say.
LEFT_OUT = re.compile(r"sysdeps|/nptl/|/posix/|\.S:|\.\./|^\d+\tin |libthread"
                      r"|^Reading symbols|^Signal +Stop|^SIGUSR1\t|No such file or directory\.$")


def without_what_varies(text):
    text = re.sub(r"\bprocess \d+", "process N", text)
    text = re.sub(r"^(?:Thread .* hit )?(Catchpoint|Temporary catchpoint) \d+ \((v?forked process N|exec'd .*?)\).*",
                  r"\1: \2", text, flags=re.MULTILINE)
    text = re.sub(r"^#\d+ +0x\w+ in main", "#N main", text, flags=re.MULTILINE)
    text = re.sub(r"0x[0-9a-f]+", "0xN", text)
    text = re.sub(r"(LWP|pid|Process|Thread) \d+", r"\1 N", text)
    text = re.sub(r" {2,}", "  ", text)
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not LEFT_OUT.search(line)]
    # A program that runs on without gdb prints between gdb's lines where it pleases.
    return "\n".join(sorted(lines, key=lambda line: line.startswith(("shell ", "popen ", "pclose "))))


def told(output):
    """gdb 13 cannot write the registers of some processors: then it calls nothing, and leaves a breakpoint on the stack."""
    cannot = "Couldn't write extended state status" in output
    return "skipped: this gdb can call no function on this processor" if cannot else without_what_varies(output)


def session(run, commands, program=()):
    words = ["gdb", "-nx", "-batch"]
    for command in ("set pagination off", "set width 0", "set debuginfod enabled off", "handle SIGUSR1 nostop noprint",
                    *commands):
        words += ["-ex", command]
    return run([*words, "--args", *program] if program else words)


def scenario(scene):
    program = scene.compiled("family", PROGRAM, "-O0")
    given = {"LD_PRELOAD": scene.preload, "FORKPROOF_OPTIONS": scene.options} if scene.preload else {"NOTHING": "1"}
    shown = " ".join(f"{name}={value}" for name, value in given.items())
    ways = {
        "gdb's own": ([], lambda argv: scene.run(argv).stdout),
        "set environment": ([f"set environment {name} {value}" for name, value in given.items()], scene.bare),
        "exec-wrapper": ([f"set exec-wrapper env {shown}"], scene.bare),
    }
    for way, (settings, run) in ways.items():
        for name, (arguments, before, after) in SESSIONS.items():
            output = session(run, (*settings, *before, "run", *after), (program, *arguments.split()))
            scene.check(f"{way}, {name}", told(output))
        more = ("set breakpoint pending on", "break fork", "run", "continue")
        output = session(run, (*settings, *more), [program])
        stops = re.findall(r"^(?:Thread .* hit )?Breakpoint 1\S*, ", output, re.MULTILINE)
        scene.check(f"{way}, stops at fork", len(stops))
    attach(scene, program)


def parent_of(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(re.search(r"^PPid:\t(\d+)", status, re.MULTILINE)[1])


def attach(scene, program):
    waiting = scene.start([program, "wait"])
    told = pathlib.Path("sleeper")
    scene.until("the sleeper", lambda: told.read_text("utf-8").endswith("\n"))
    sleeper = int(told.read_text("utf-8"))
    parent = parent_of(sleeper)
    for name, commands in {"look": ("frame function main", "print sleeper > 0"), "look again": ("print stage",),
                           "signal": ("tbreak on_usr1", "signal SIGUSR1", "print number")}.items():
        output = session(scene.bare, (f"attach {parent}", *commands, "detach"))
        said = [line for line in without_what_varies(output).splitlines() if re.match(r"\$|#N|\[Inferior|\d+\t", line)]
        scene.check(f"attach, {name}", "\n".join(said))
    os.kill(sleeper, 9)
    scene.check("attach, the wait afterwards", waiting.wait(20))
