"""valgrind: memcheck with children and descriptors, helgrind, DRD; errors, leaks and descriptors as bare

What is compared: each process's summary (errors, what is lost, open descriptors), in no order.
"""

import collections
import pathlib
import re

PACKAGES = ("gcc", "libc6-dbg", "libc6-dev", "valgrind")

PROGRAM = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int run(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static void *waits(void *words) {
    for (int i = 0; i < 2; i++) {
        pid_t child;
        if (posix_spawn(&child, "/bin/true", NULL, NULL, words, environ) != 0 || run(child) != 0)
            return words;
    }
    return NULL;
}

int main(int count, char **words) {
    char *const truth[] = {"true", NULL};
    setvbuf(stdout, NULL, _IONBF, 0);
    if (count > 1 && !strcmp(words[1], "error")) { /* two errors and a leak that must be found */
        pid_t child = fork();
        if (child == 0) {
            char *volatile freed = malloc(10);
            free(freed);
            _exit(freed[3] == 1 ? 1 : 0);
        }
        char *volatile lost = malloc(123);
        lost = NULL;
        int *volatile never = malloc(sizeof(int));
        printf("found %d\n", run(child) + (*never == 77));
        free(never);
        return lost != NULL;
    }
    if (count > 1 && !strcmp(words[1], "environment")) { /* of short strings, each in a block of its own */
        char *envp[] = {strdup("A="), strdup("B=1"), NULL};
        pid_t child = fork();
        if (child == 0) {
            execve("/bin/true", truth, envp);
            _exit(127);
        }
        printf("environment %d\n", run(child));
        for (int i = 0; envp[i]; i++)
            free(envp[i]);
        return 0;
    }
    if (count > 1 && !strcmp(words[1], "threads")) {
        pthread_t threads[3];
        void *failed[3];
        for (int i = 0; i < 3; i++)
            pthread_create(&threads[i], NULL, waits, (void *)truth);
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], &failed[i]);
        printf("threads %d\n", failed[0] || failed[1] || failed[2]);
        return 0;
    }
    char *kept = strdup("kept");
    pid_t child = fork();
    if (child == 0) {
        free(kept);
        exit(3);
    }
    printf("fork %d\n", run(child));
    pid_t sleeper = fork();
    if (sleeper == 0) {
        free(kept);
        for (;;)
            pause();
    }
    kill(sleeper, SIGTERM);
    printf("killed %d\n", run(sleeper));
    pid_t other = vfork();
    if (other == 0) {
        execv("/bin/true", truth);
        _exit(127);
    }
    printf("vfork %d\n", run(other));
    printf("system %d\n", WEXITSTATUS(system("exit 4")));
    FILE *pipe = popen("echo from a pipe", "r");
    char line[64] = "";
    printf("popen %s", fgets(line, sizeof line, pipe));
    printf("pclose %d\n", pclose(pipe));
    int status, many = 0;
    for (int i = 0; i < 20; i++)
        if (fork() == 0) {
            free(kept);
            _exit(1);
        }
    while (wait(&status) > 0)
        many += WEXITSTATUS(status);
    printf("many %d\n", many);
    free(kept);
    if (count > 1 && !strcmp(words[1], "exec"))
        execl("/bin/sh", "sh", "-c", "(exit 5); echo $?; /bin/true", (char *)0);
    return 0;
}
"""
# Helgrind and DRD take atomic loads and stores for races; all of these are to be in the shim and nowhere else.
SUPPRESSIONS = """
{
   atomics of forkproof
   Helgrind:Race
   obj:*/libforkproof.so
}
{
   atomics of forkproof
   drd:ConflictingAccess
   obj:*/libforkproof.so
}
"""
EXPLAINED = {"scenario: * threads as they come, summaries": "helgrind and DRD take atomic accesses for races"}
KEEP = re.compile(r"ERROR SUMMARY: (\d+ errors)|(definitely lost: .*)|(indirectly lost: .*)|(possibly lost: .*)"
                  r"|FILE DESCRIPTORS: (.*)|(Open .*)"
                  r"|(Invalid .*|Conditional jump.*|Syscall param.*|Possible data race)"
                  r"|(WARNING: .*|.*unhandled.*|.*impossible.*)")


def summaries(texts):
    """The same lines of several processes once, with how many."""
    told = collections.Counter()
    for text in texts:
        text = re.sub(r"^(==|--)\d+(==|--) ?", "", text, flags=re.MULTILINE)
        text = re.sub(r"/log\.\d+", "/log", text)
        found = [next(filter(None, m.groups())).strip() for m in map(KEEP.search, text.splitlines()) if m]
        told["; ".join(found)] += 1
    return ", ".join(f"{count} × [{what}]" for what, count in sorted(told.items()))


def scenario(scene):
    program = scene.compiled("family", PROGRAM, "-O0", "-pthread", "-Wno-use-after-free")
    pathlib.Path("own.supp").write_text(SUPPRESSIONS, encoding="utf-8")
    own = "--suppressions=own.supp"
    memcheck = ("--trace-children=yes", "--track-fds=yes", "--leak-check=full", "--error-exitcode=99")
    for name, options, word in (
            ("memcheck", memcheck, "plain"), ("memcheck exec", memcheck, "exec"), ("memcheck finds", memcheck, "error"),
            ("memcheck environment", memcheck, "environment"), ("memcheck threads", memcheck, "threads"),
            ("helgrind", ("--tool=helgrind", own), "plain"), ("helgrind threads", ("--tool=helgrind", own), "threads"),
            ("helgrind threads as they come", ("--tool=helgrind",), "threads"),
            ("drd", ("--tool=drd", own), "plain"), ("drd threads", ("--tool=drd", own), "threads"),
            ("drd threads as they come", ("--tool=drd",), "threads")):
        valgrind = ["valgrind", "--vgdb=no", "--log-file=log.%p", *options]
        done = scene.run([*valgrind, program, word], timeout=120)
        scene.check(f"{name}, output", done.stdout)
        scene.check(f"{name}, status", done.returncode)
        logs = sorted(pathlib.Path().glob("log.*"))
        texts = [log.read_text(encoding="utf-8", errors="replace") for log in logs]
        scene.check(f"{name}, summaries", summaries(texts))
        # What valgrind remarks on its own account, of calls that it does not know.
        remarks = {line for text in texts for line in re.findall(r"^--\d+-- +(.*)", text, re.MULTILINE)}
        scene.check(f"{name}, remarks", " | ".join(sorted(remarks)))
        for log in logs:
            log.unlink()
