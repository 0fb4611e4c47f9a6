"""Programs built with ASan, LSan, UBSan and TSan: their own output, and what the sanitizer finds

ASan's runtime wants to be the first library of all, so it is preloaded itself, before and behind ours, and
once left out: then it must complain of the shim in the words in which it complains of an empty preload.
"""

import os
import re

PACKAGES = ("gcc", "libc6-dev")
KINDS = ("bare", "empty", "shim", "run")
EXPLAINED = {
    "scenario: asan as built": "ASan's shared runtime refuses to run behind any preload",
    # The shim's waits make the system call themselves, so a runtime behind it does not see what they write.
    "scenario: asan runtime behind, finds status*": "a wait's status is not checked by a runtime behind the shim",
}
EMPTY = "/opt/forkproof/conformance/transparency/libempty.so"

PROGRAM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile sig_atomic_t told;
static int shared;

static void on_child(int number) { told = number; }

static int run(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static void *races(void *unused) {
    for (int i = 0; i < 1000; i++)
        shared++;
    return unused;
}

static void *waits(void *sum) {
    char *const truth[] = {"sh", "-c", "exit 2", NULL};
    for (int i = 0; i < 5; i++) {
        pid_t child;
        if (posix_spawn(&child, "/bin/sh", NULL, NULL, truth, environ) == 0)
            __atomic_add_fetch((int *)sum, run(child), __ATOMIC_SEQ_CST);
        child = fork();
        if (child == 0)
            _exit(1);
        __atomic_add_fetch((int *)sum, run(child), __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static int in_threads(void *(*body)(void *), void *word) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, body, word);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

static int wrong(const char *what) {
    setvbuf(stdout, NULL, _IONBF, 0);
    if (!strcmp(what, "address")) {
        pid_t child = fork();
        if (child == 0) {
            char *volatile freed = malloc(10);
            free(freed);
            exit(freed[3]);
        }
        printf("the child's status: %d\n", run(child));
    } else if (!strcmp(what, "leak")) {
        char *volatile lost = malloc(123);
        lost = malloc(1);
        free(lost);
    } else if (!strcmp(what, "undefined")) {
        volatile int most = INT_MAX;
        printf("sum: %d\n", most + 1);
    } else if (!strcmp(what, "thread")) {
        in_threads(races, NULL);
    } else if (!strcmp(what, "status")) { /* a status written to freed memory, which the runtime's wrapper sees */
        int *volatile freed = malloc(sizeof(int));
        free(freed);
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        waitpid(child, freed, 0);
    }
    return 0;
}

int main(int count, char **words) {
    int sum = 0, status;
    if (count > 1)
        return wrong(words[1]);
    setvbuf(stdout, NULL, _IONBF, 0);
    pid_t child = fork();
    if (child == 0)
        exit(3);
    printf("fork: %d\n", run(child));
    child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 4", (char *)0);
        _exit(127);
    }
    printf("vfork: %d\n", run(child));
    printf("system: %d\n", WEXITSTATUS(system("exit 5")));
    FILE *pipe = popen("echo from a pipe; exit 6", "r");
    char line[64] = "";
    printf("popen: %s", fgets(line, sizeof line, pipe));
    printf("pclose: %d\n", WEXITSTATUS(pclose(pipe)));
    child = fork();
    if (child == 0)
        for (;;)
            pause();
    printf("kill: %d\n", kill(child, SIGTERM));
    siginfo_t info = {0};
    printf("waitid: %d\n", waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
    printf("its signal: %d\n", info.si_status);
    struct rusage usage;
    printf("wait4: %d\n", wait4(child, &status, 0, &usage) == child && WTERMSIG(status) == SIGTERM);
    printf("kill again: %d\n", kill(child, 0) == -1 && errno == ESRCH);
    in_threads(waits, &sum);
    printf("threads: %d\n", sum);
    struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
    sigaction(SIGCHLD, &action, NULL);
    child = fork();
    if (child == 0)
        _exit(7);
    printf("handled: %d\n", run(child));
    printf("told: %d\n", told == SIGCHLD);
    execl("/bin/sh", "sh", "-c", "echo exec: done; exit 8", (char *)0);
    return 1;
}
"""
BUILDS = {  # name: (flags, what must be found)
    "asan": (("-fsanitize=address",), ("address", "leak", "status")),
    "asan static": (("-fsanitize=address", "-static-libasan"), ("address", "leak", "status")),
    "lsan": (("-fsanitize=leak",), ("leak",)),
    "ubsan": (("-fsanitize=undefined",), ("undefined",)),
    "asan and ubsan": (("-fsanitize=address,undefined", "-static-libasan"), ("address", "undefined")),
    "tsan": (("-fsanitize=thread",), ("thread",)),
}
FOUND = re.compile(r"(?:SUMMARY: |runtime error: |WARNING: ThreadSanitizer: |==ERROR: )(.*)"
                   r"|(ASan runtime does not.*)|(.*FATAL.*)")


def findings(text):
    """What a sanitizer says, without places and numbers of processes; each once."""
    said = {re.sub(r"\(?/\S+|\(pid=\d+\)|==\d+==| in \S+$|0x\w+", "", next(filter(None, m.groups()))).strip()
            for m in map(FOUND.search, text.splitlines()) if m}
    return " | ".join(sorted(said)) or "nothing"


def scenario(scene):
    runtime = os.path.realpath(scene.bare(["gcc", "-print-file-name=libasan.so"]).strip())
    for build, (flags, wrongs) in BUILDS.items():
        name = build.replace(" ", "_")
        program = scene.compiled(name, PROGRAM, "-pthread", "-w", *flags)
        if build == "asan":
            ways = {"runtime first": preloads(runtime, scene.preload),
                    "runtime behind": preloads(scene.preload, runtime)}
            scene.check("asan as built", findings(scene.run([program]).stdout))
            ours, empty = (findings(scene.run([program], {"LD_PRELOAD": first}).stdout)
                           for first in (scene.preload or EMPTY, EMPTY))
            scene.expect("asan without its runtime first complains as of an empty preload", ours == empty, ours)
        else:
            ways = {"": {}}
        for way, env in ways.items():
            look(scene, f"{build} {way}".strip(), program, wrongs, env)


def preloads(*names):
    return {"LD_PRELOAD": ":".join(filter(None, names)), "ASAN_OPTIONS": "verify_asan_link_order=0"}


def look(scene, name, program, wrongs, env):
    scene.told(["setarch", "-R", program], env, prefix=f"{name}, ")
    for wrong in wrongs:
        done = scene.run(["setarch", "-R", program, wrong], env)
        scene.check(f"{name}, finds {wrong}, status", done.returncode)
        scene.check(f"{name}, finds {wrong}", findings(done.stdout))
        told = re.findall(r"^(?:the child's status|sum): -?\d+$", done.stdout, re.MULTILINE)
        scene.check(f"{name}, finds {wrong}, told", " ".join(told))
