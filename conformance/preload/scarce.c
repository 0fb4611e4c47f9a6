/*
 * Tested: a little of everything where something is scarce, step by step to the edge, and that it
 * works again when there is enough:  scarce WHAT TARGET
 *   pids          a pid table that is full
 *   processes     RLIMIT_NPROC, as another user
 *   memory        RLIMIT_AS, from what is used on, page by page; the same with RLIMIT_DATA
 *   locked        mlockall and RLIMIT_MEMLOCK, as another user, from what is used on
 *   descriptors   RLIMIT_NOFILE from 0 on; and all in use
 *   stack         RLIMIT_STACK, as small as it gets
 * TARGET is a static program that exits with its second argument. Exit status 77 where the edge
 * cannot be made.
 */
#include "battery.h"

#define NOBODY 61234

static const char shell[] = "exit 3";

/* What may not be had: each answers as bare, now and, once there is enough, again. */
static void starters_and_shells(const char *when) {
    say("%s", when);
    battery_starters();
    errno = 0;
    int status = system(shell); // NOLINT(cert-env33-c)
    say("system: %s", status == -1 ? error_name(errno) : status_name(status));
    errno = 0;
    FILE *stream = popen(shell, "re");
    say("popen: %s", stream ? "opened" : error_name(errno));
    if (stream)
        say("pclose: %s", status_name(pclose(stream)));
}

#ifdef __GLIBC__
typedef __rlimit_resource_t resource;
#else
typedef int resource;
#endif

/* The soft limit, as high as it may get. */
static bool set_limit(resource what, rlim_t soft) {
    struct rlimit limit;
    if (getrlimit(what, &limit) != 0)
        return false;
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    return setrlimit(what, &limit) == 0;
}

static bool write_number(const char *path, int number) {
    char text[16];
    int length = snprintf(text, sizeof text, "%d", number);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, (size_t)length) == length;
    if (fd >= 0)
        close(fd);
    return good;
}

#define LEAST_PIDS 301 /* the kernel takes no smaller pid_max */
#define MANY_PIDS 32768

static int pids(void) {
    static pid_t fillers[LEAST_PIDS];
    int count = 0;
    if (!write_number("/proc/sys/kernel/pid_max", LEAST_PIDS))
        return 77;
    while (count < LEAST_PIDS && (fillers[count] = child_pausing()) > 0)
        count++;
    if (count == LEAST_PIDS)
        return 77; // one pid_max for all namespaces: before 6.14
    starters_and_shells("full");
    kill(fillers[--count], SIGKILL);
    waitpid(fillers[count], NULL, 0);
    starters_and_shells("one free"); // each child has the number of the one before
    battery_kill("kill", battery_by_kill);
    battery_kill("sigqueue", battery_by_queue);
    battery_waits();
    for (int i = 0; i < count; i++) {
        kill(fillers[i], SIGKILL);
        waitpid(fillers[i], NULL, 0);
    }
    say("empty");
    write_number("/proc/sys/kernel/pid_max", MANY_PIDS);
    battery();
    return 0;
}

static bool become_nobody(void) {
    return geteuid() != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static int processes(void) {
    if (!become_nobody() || !set_limit(RLIMIT_NPROC, 0))
        return 77;
    starters_and_shells("none");
    set_limit(RLIMIT_NPROC, RLIM_INFINITY);
    battery();
    return 0;
}

static rlim_t used(int field) {
    unsigned long fields[7] = {0};
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%lu %lu %lu %lu %lu %lu", &fields[0], &fields[1], &fields[2],
                        &fields[3], &fields[4], &fields[5]) != 6)
        abort();
    fclose(file);
    return (rlim_t)fields[field] * (rlim_t)sysconf(_SC_PAGESIZE);
}

#define PAGES 48 /* the table, its counts, a chunk and its remains need less */

static void step(resource what, rlim_t limit) {
    if (!set_limit(what, limit))
        _exit(1);
    battery_target = NULL; // an image may need more than bare has
    battery();
    set_limit(what, RLIM_INFINITY);
    battery_starters();
    battery_waits();
    _exit(0);
}

static int memory(resource what, int field) {
    fclose(fopen("/proc/self/statm", "re")); // stdio's own memory first
    for (int pages = 0; pages < PAGES; pages++) {
        int status = UNTOUCHED;
        pid_t child = bare_fork();
        if (child == 0)
            step(what, used(field) + (rlim_t)pages * BAD_PAGE);
        waitpid(child, &status, 0);
        say("%d pages to spare: %s", pages, status_name(status));
    }
    return 0;
}

/* A locked stack may not grow later. */
static int deepen(int times) {
    volatile char half_a_page[BAD_PAGE / 2];
    half_a_page[0] = 1;
    return times > 0 ? deepen(times - 1) + half_a_page[0] : 0;
}

static int locked(void) {
    deepen(16);
    if (!become_nobody())
        return 77;
    fclose(fopen("/proc/self/statm", "re"));
    for (int pages = 0; pages < PAGES; pages++) {
        int status = UNTOUCHED;
        pid_t child = bare_fork();
        if (child == 0) {
            rlim_t all = used(0) + (rlim_t)pages * BAD_PAGE;
            if (!set_limit(RLIMIT_MEMLOCK, all) || mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
                _exit(77);
            battery_target = NULL;
            battery();
            _exit(0);
        }
        waitpid(child, &status, 0);
        if (WEXITSTATUS(status) == 77)
            return 77;
        say("%d pages to spare: %s", pages, status_name(status));
    }
    return 0;
}

static int descriptors(void) {
    for (rlim_t limit = 0; limit < 5; limit++) {
        say("%d descriptors", (int)limit);
        if (!set_limit(RLIMIT_NOFILE, limit))
            return 77;
        battery();
    }
    set_limit(RLIMIT_NOFILE, 64);
    int last = -1;
    for (int fd; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
        last = fd;
    starters_and_shells("all in use");
    battery();
    close(last);
    starters_and_shells("one free");
    errno = 0;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    say("it is still free: %s", fd == last ? "yes" : "no");
    return 0;
}

static int stack(void) {
    for (rlim_t limit = 16384; limit <= 1048576; limit *= 2) {
        say("stack of %d", (int)limit);
        if (!set_limit(RLIMIT_STACK, limit))
            return 77;
        battery();
    }
    return 0;
}

static int run(int argc, char **argv) {
    if (argc != 3)
        return 2;
    battery_target = argv[2];
    if (strcmp(argv[1], "pids") == 0)
        return pids();
    if (strcmp(argv[1], "processes") == 0)
        return processes();
    if (strcmp(argv[1], "memory") == 0)
        return memory(RLIMIT_AS, 0) || memory(RLIMIT_DATA, 5);
    if (strcmp(argv[1], "locked") == 0)
        return locked();
    if (strcmp(argv[1], "descriptors") == 0)
        return descriptors();
    return strcmp(argv[1], "stack") == 0 ? stack() : 2;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
