/*
 * Tested: fork, wait and kill where memory or descriptors are scarce, and that no descriptor is
 * ever used up: limits nofile | memory | locked | descriptors
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include "canon.h"

static void rounds(int count) {
    int right = 0;
    for (int i = 0; i < count; i++) {
        int status = UNTOUCHED;
        pid_t child = child_pausing();
        bool good = child > 0 && kill(child, 0) == 0 && kill(child, SIGTERM) == 0;
        good = good && waitpid(child, &status, 0) == child && status == SIGTERM;
        errno = 0;
        good = good && kill(child, 0) == -1 && errno == ESRCH;
        child = child_exiting(i % 100);
        siginfo_t info = {0};
        good = good && waitid(P_ALL, 0, &info, WEXITED) == 0 && info.si_pid == child;
        right += good && info.si_status == i % 100;
    }
    say("rounds right: %d of %d", right, count);
}

static void limit(int what, rlim_t to) {
    const struct rlimit both = {to, to};
    if (setrlimit((__rlimit_resource_t)what, &both) != 0)
        abort();
}

static rlim_t address_space(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%lu", &pages) != 1)
        abort();
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* The open descriptors of a process, as a bit each. */
static uint64_t open_descriptors(pid_t pid) {
    char path[64];
    uint64_t set = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *directory = opendir(path);
    if (!directory)
        return ~(uint64_t)0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        long fd = strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] != '.' && (pid != getpid() || fd != dirfd(directory)))
            set |= (uint64_t)1 << fd;
    }
    closedir(directory);
    return set;
}

static int lowest_free(void) {
    int fd = dup(0);
    close(fd);
    return fd;
}

static void descriptors(void) {
    uint64_t before = open_descriptors(getpid());
    say("before: %#llx, lowest free %d", (unsigned long long)before, lowest_free());
    rounds(20);
    // While we are blocked in a wait, our child looks at us.
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        await_state(parent, "S");
        _exit(open_descriptors(parent) == before ? 0 : 1);
    }
    int status = UNTOUCHED;
    waitpid(child, &status, 0);
    say("blocked in a wait: %s", status == 0 ? "the same" : "others");
    say("in the child: %s", status_name(status));
    uint64_t after = open_descriptors(getpid());
    say("after: %#llx, lowest free %d", (unsigned long long)after, lowest_free());
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "nofile") == 0) {
        limit(RLIMIT_NOFILE, 3);
        rounds(50);
    } else if (strcmp(mode, "memory") == 0) {
        free(malloc(1 << 16)); // stdio's and malloc's own needs first
        rlim_t now = address_space();
        limit(RLIMIT_AS, now);
        rounds(50);
    } else if (strcmp(mode, "locked") == 0) {
        if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
            return 77;
        rounds(50);
    } else if (strcmp(mode, "descriptors") == 0) {
        descriptors();
    } else {
        return 2;
    }
    return 0;
}
