/*
 * A program that forks and forks and never waits, until at last it does:  never FORKS REAP
 *
 * FORKS children, each of which ends at once with a code made from its serial number; some burn
 * CPU time (more than a virtual machine charges to a bystander) or touch memory first. With REAP
 * above 0 they are waited for whenever so many are there, which is how a bare program gets that
 * far; the time for it is not counted. Then come the late waits: each child is looked at by WNOWAIT
 * until it has ended, the odd ones are waited for by pid in scattered order, the rest as they come.
 *
 * Prints "name value" lines:
 *   forks        made, and error: why the next one failed (0: it did not)
 *   unreaped     most children that the kernel had of this process at once, and zombies among them,
 *                as /proc tells after every tenth fork
 *   fork.median, fork.p90   ns a fork, over groups of ten
 *   rss.before, rss.forked, rss.waited, rss.peak   KiB
 *   right, wrong, missing   statuses told by all waits together
 *   usage.wrong  children whose usage cannot be theirs
 *   descents     times that waiting for any child told of an older one than the time before
 *   left         what a last wait answers: ECHILD is 10
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GROUP = 10, BURNT_MS = 100, FAT = 8 << 20, PID_MAX = 1 << 22 };

enum kind { BURNER = 1, FATTY = 2 }; /* of a thousand, one each */

static pid_t *pids;       /* by serial number; 0: waited for */
static int32_t *serials;  /* by pid */
static uint32_t *ns_fork; /* by group */
static long forks, forked, groups, unreaped;
static long right, wrong, missing, usage_wrong, descents;
static long most_unreaped, most_zombies;

static void *map(size_t size) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        perror("never: mmap");
        exit(1);
    }
    return at;
}

static int64_t ns_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- children --- */

static int code_of(long serial) {
    return (int)((uint32_t)serial * 2654435761U >> 24);
}

static enum kind kind_of(long serial) {
    return (enum kind)(serial % 1000);
}

static _Noreturn void be_child(long serial) {
    if (kind_of(serial) == BURNER)
        while (ns_of(CLOCK_PROCESS_CPUTIME_ID) < (int64_t)BURNT_MS * 1000000)
            ;
    if (kind_of(serial) == FATTY)
        memset(map(FAT), 1, FAT);
    _exit(code_of(serial));
}

static bool fork_one(void) {
    pid_t pid = fork();
    if (pid == 0)
        be_child(forked);
    if (pid < 0)
        return false;
    pids[forked] = pid;
    serials[pid] = (int32_t)forked++;
    unreaped++;
    return true;
}

/* --- what the kernel has of us --- */

static ssize_t read_file(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = 0;
    ssize_t more;
    while (fd >= 0 && (more = read(fd, text + length, size - 1 - (size_t)length)) > 0)
        length += more;
    if (fd >= 0)
        close(fd);
    text[length] = '\0';
    return length;
}

static bool is_zombie(const char *pid) {
    char path[64];
    char text[512];
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    read_file(path, text, sizeof text);
    const char *end = strrchr(text, ')');
    return end && end[2] == 'Z';
}

/* A process looked at costs an open file, so thousands are not looked at every time. */
static void sample(bool closely) {
    static char text[1 << 20];
    long count = 0;
    long zombies = 0;
    read_file("/proc/thread-self/children", text, sizeof text);
    for (char *pid = strtok(text, " "); pid; pid = strtok(NULL, " ")) {
        count++;
        zombies += closely && is_zombie(pid);
    }
    most_unreaped = count > most_unreaped ? count : most_unreaped;
    most_zombies = zombies > most_zombies ? zombies : most_zombies;
}

/* A line of /proc/self/status, in KiB. */
static long memory(const char *name) {
    char text[2048];
    read_file("/proc/self/status", text, sizeof text);
    const char *line = strstr(text, name);
    return line ? atol(line + strlen(name)) : -1;
}

/* --- waits --- */

static void check_usage(long serial, const struct rusage *usage) {
    long ms = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000 +
              (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1000;
    bool burnt = ms >= BURNT_MS - 1;
    bool fat = usage->ru_maxrss >= FAT / 1024;
    if (burnt != (kind_of(serial) == BURNER) || fat != (kind_of(serial) == FATTY))
        usage_wrong++;
}

/* The serial number of the child told of, or -1. */
static long tell(pid_t pid, int status, const struct rusage *usage) {
    if (pid <= 0) {
        missing++;
        return -1;
    }
    long serial = serials[pid];
    bool good = pids[serial] == pid && WIFEXITED(status) && WEXITSTATUS(status) == code_of(serial);
    *(good ? &right : &wrong) += 1;
    check_usage(serial, usage);
    pids[serial] = 0;
    unreaped--;
    return serial;
}

static long wait_for(pid_t pid) {
    int status = -1;
    struct rusage usage = {0};
    pid_t result = wait4(pid, &status, 0, &usage);
    return tell(result, status, &usage);
}

static void reap_all(void) {
    for (long serial = forked - unreaped; serial < forked; serial++)
        wait_for(pids[serial]);
}

static void await_all(void) {
    siginfo_t info;
    for (long serial = forked - unreaped; serial < forked; serial++)
        if (waitid(P_PID, (id_t)pids[serial], &info, WEXITED | WNOWAIT) != 0)
            missing++;
        else if (info.si_code != CLD_EXITED || info.si_status != code_of(serial))
            wrong++;
}

static void wait_late(void) {
    long left = unreaped;
    long first = forked - left;
    long previous = -1;
    await_all();
    for (long i = 0; i < left; i++) {
        long serial = first + (long)((uint64_t)i * 7919 % (uint64_t)left); // a prime
        if (serial % 2 && pids[serial])
            wait_for(pids[serial]);
    }
    while (unreaped > 0) {
        long serial = wait_for(-1);
        if (serial < 0)
            return;
        descents += serial < previous;
        previous = serial;
    }
}

/* --- the run --- */

static void fork_all(long reap) {
    bool good = true;
    while (good && forked < forks) {
        int64_t start = ns_of(CLOCK_MONOTONIC);
        long before = forked;
        while (good && forked < before + GROUP && forked < forks)
            good = fork_one();
        int error = errno;
        if (forked == before + GROUP)
            ns_fork[groups++] = (uint32_t)((ns_of(CLOCK_MONOTONIC) - start) / GROUP);
        sample(unreaped < 1000 || groups % 50 == 0 || !good);
        if (reap > 0 && unreaped >= reap)
            reap_all();
        errno = error;
    }
    printf("forks %ld\nerror %d\n", forked, good ? 0 : errno);
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_cost(void) {
    qsort(ns_fork, (size_t)groups, sizeof *ns_fork, compare);
    if (groups > 0)
        printf("fork.median %u\nfork.p90 %u\n", ns_fork[groups / 2], ns_fork[groups * 9 / 10]);
}

int main(int argc, char **argv) {
    if (argc != 3 || (forks = atol(argv[1])) <= 0)
        return 2;
    pids = map((size_t)forks * sizeof *pids);
    memset(pids, 0, (size_t)forks * sizeof *pids);
    ns_fork = map((size_t)forks * sizeof *ns_fork);
    memset(ns_fork, 0, (size_t)forks * sizeof *ns_fork);
    serials = map(PID_MAX * sizeof *serials);
    sample(true);
    printf("rss.before %ld\n", memory("VmRSS:"));
    fork_all(atol(argv[2]));
    printf("rss.forked %ld\n", memory("VmRSS:"));
    wait_late();
    printf("rss.waited %ld\nrss.peak %ld\n", memory("VmRSS:"), memory("VmHWM:"));
    printf("unreaped %ld\nzombies %ld\n", most_unreaped, most_zombies);
    print_cost();
    printf("right %ld\nwrong %ld\nmissing %ld\nusage.wrong %ld\ndescents %ld\n", right, wrong,
           missing, usage_wrong, descents);
    printf("left %d\n", waitpid(-1, NULL, WNOHANG) == -1 ? errno : 0);
    return fflush(stdout) == 0 ? 0 : 1;
}
