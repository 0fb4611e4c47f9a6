/*
 * What the programs of bad input share: pointers as programs get them wrong, and the fate of a
 * process that uses one. What bare survives the shim survives; what kills bare may kill with it.
 */
#ifndef BAD_H
#define BAD_H

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "canon.h"
#include "syscall.h" /* shim/arch */

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BAD_PAGE 4096
#define PATTERN 0x55

/* A writable page, one that is not there, a read-only one, one that is not there. */
static inline char *bad_pages(void) {
    char *at = mmap(NULL, 4 * BAD_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at, BAD_PAGE, PROT_READ | PROT_WRITE) != 0 ||
        mprotect(at + 2L * BAD_PAGE, BAD_PAGE, PROT_READ) != 0)
        abort();
    memset(at, PATTERN, BAD_PAGE);
    return at;
}

enum bad_kind { GOOD, NONE, ONE, UNMAPPED, READ_ONLY, MISALIGNED, NO_ADDRESS, KERNEL, BAD_KINDS };

static const char *const bad_names[] = {"good",     "NULL",       "1",          "unmapped",
                                        "readonly", "misaligned", "no address", "kernel"};

static inline void *bad_pointer(enum bad_kind kind, char *pages) {
    switch (kind) {
    case GOOD:
        return pages;
    case ONE:
        return BAD_POINTER;
    case UNMAPPED:
        return pages + BAD_PAGE;
    case READ_ONLY:
        return pages + 2L * BAD_PAGE;
    case MISALIGNED:
        return pages + 1;
    case NO_ADDRESS:
        return (void *)(uintptr_t)0x5555555555555555; // NOLINT(performance-no-int-to-ptr)
    case KERNEL:
        return (void *)~(uintptr_t)0xfff; // NOLINT(performance-no-int-to-ptr)
    case NONE:
    case BAD_KINDS:
    default:
        return NULL;
    }
}

/* The last `size` bytes of the writable page: what follows is not there. */
static inline void *bad_edge(char *pages, size_t size) {
    return pages + BAD_PAGE - size;
}

/* The bytes written to the writable page from `at` on, as words; a process's numbers by name. */
static inline const char *bad_written(char *pages, const char *at, pid_t child) {
    static char text[1024];
    size_t used = 0;
    text[0] = '\0';
    for (const char *end = pages + BAD_PAGE; at < end && used < sizeof text - 32; at += 4) {
        uint32_t word = PATTERN * 0x01010101U;
        memcpy(&word, at, end - at < 4 ? (size_t)(end - at) : 4);
        if (word == (uint32_t)child)
            used += (size_t)snprintf(text + used, sizeof text - used, " pid");
        else if (word != PATTERN * 0x01010101U)
            used += (size_t)snprintf(text + used, sizeof text - used, " %x", word);
        else
            used += (size_t)snprintf(text + used, sizeof text - used, "-");
        if (strlen(text) > 12 && strcmp(text + strlen(text) - 12, "------------") == 0)
            break;
    }
    while (used > 0 && text[used - 1] == '-')
        text[--used] = '\0';
    return text;
}

/* Runs a case in a process of its own and says how that ended. */
static inline void fate(const char *what, void (*run)(const void *), const void *argument) {
    pid_t pid = fork();
    if (pid == 0) {
        run(argument);
        _exit(0);
    }
    int status = UNTOUCHED;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    if (status != 0)
        say("%s: %s", what, status_name(status));
}

/* A fork that no library sees. */
static inline pid_t bare_fork(void) {
    return (pid_t)(FP_CLONE_STACK_FIRST ? fp_syscall(SYS_clone, 0, SIGCHLD, 0, 0, 0, 0)
                                        : fp_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0));
}

/* The namespace's init: reaps what is left to it until the program itself has ended. */
static inline int bad_init(int (*run)(int, char **), int argc, char **argv) {
    int status = UNTOUCHED;
    pid_t ended;
    prctl(PR_SET_PDEATHSIG, SIGKILL); // and with init goes everybody
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("proc", "/proc", "proc", 0, NULL) != 0)
        return 77;
    pid_t pid = bare_fork();
    if (pid == 0)
        _exit(setpgid(0, 0) == 0 ? run(argc, argv) : 1);
    do
        ended = wait(&status);
    while (ended != pid && (ended > 0 || errno == EINTR));
    if (WIFSIGNALED(status))
        say("%s", status_name(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/*
 * Runs the program in a pid namespace of its own: a failed call's -1 may be taken for a pid, and -1
 * is everybody there is. 77 where no such namespace can be had.
 */
static inline int confined(int (*run)(int, char **), int argc, char **argv) {
    const struct rlimit none = {0, 0};
    int user = geteuid() == 0 ? 0 : CLONE_NEWUSER;
    int status = UNTOUCHED;
    setrlimit(RLIMIT_CORE, &none);
    if (unshare(CLONE_NEWPID | CLONE_NEWNS | user) != 0)
        return 77;
    pid_t init = bare_fork();
    if (init == 0)
        _exit(bad_init(run, argc, argv));
    return waitpid(init, &status, 0) == init && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

#endif
