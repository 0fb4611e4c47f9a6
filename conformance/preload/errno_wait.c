/*
 * Tested: what wait, waitpid, wait3, wait4 and waitid answer and write for every kind of pid,
 * option and pointer, with no child, with a live one and with a zombie.
 */
#include <limits.h>
#include <sys/resource.h>

#include "canon.h"

enum situation { NO_CHILD, LIVE_CHILD, ZOMBIE };

static const char *const situations[] = {"no child", "live", "zombie"};

/* Stands for the child's pid; every other number stands for itself. */
#define CHILD 0x7ffffff0

static const struct {
    const char *name;
    int pid;
} pids[] = {{"any", -1},
            {"own group", 0},
            {"child", CHILD},
            {"no such group", -0x7fffff},
            {"INT_MIN", INT_MIN},
            {"INT_MAX", INT_MAX},
            {"-INT_MAX", -INT_MAX},
            {"init", 1}};

static const struct {
    const char *name;
    int options;
} wait4_options[] = {
    {"0", 0},
    {"stops", WUNTRACED | WCONTINUED},
    {"WEXITED", WEXITED},
    {"WNOWAIT", (int)WNOWAIT},
    {"bit 20", 1 << 20},
    {"bit 31", INT_MIN},
    {"__WALL", (int)__WALL},
    {"__WCLONE", (int)__WCLONE},
    {"__WNOTHREAD", (int)__WNOTHREAD},
};

static pid_t enter(enum situation situation) {
    if (situation == NO_CHILD)
        return 0x3ffff0; // in range, and never so high a pid here
    return situation == LIVE_CHILD ? child_pausing() : child_zombie(7);
}

static void leave(enum situation situation, pid_t child) {
    if (situation == LIVE_CHILD)
        kill(child, SIGKILL);
    while (wait(NULL) > 0)
        ;
}

static void *pointer(int kind, void *good) {
    return kind == 0 ? good : kind == 1 ? NULL : BAD_POINTER;
}

static const char *const pointers[] = {"good", "NULL", "bad"};

/* A 32-bit glibc writes the usage itself, in another layout than the kernel's, and faults. */
static const int usage_pointers = sizeof(long) == 4 ? 2 : 3;

static void one_wait4(enum situation situation, size_t p, size_t o, int kind, int usage_kind) {
    pid_t child = enter(situation);
    int status = UNTOUCHED;
    struct rusage usage;
    memset(&usage, 0x55, sizeof usage);
    errno = 0;
    pid_t pid = pids[p].pid == CHILD ? child : pids[p].pid;
    int options = wait4_options[o].options | WNOHANG;
    pid_t result = wait4(pid, pointer(kind, &status), options, pointer(usage_kind, &usage));
    int error = errno;
    say("wait4 %s, pid %s, options %s, status %s, usage %s: %s, %s, %s, usage %s",
        situations[situation], pids[p].name, wait4_options[o].name, pointers[kind],
        pointers[usage_kind], whose(result, child), status_name(status), error_name(error),
        usage.ru_maxrss == UNTOUCHED_LONG ? "untouched" : "written");
    leave(situation, child);
}

static const struct {
    const char *name;
    int type;
    int id;
} ids[] = {
    {"P_ALL", P_ALL, 0},     {"P_ALL 77", P_ALL, 77},   {"P_PID child", P_PID, CHILD},
    {"P_PID 0", P_PID, 0},   {"P_PID -1", P_PID, -1},   {"P_PID INT_MIN", P_PID, INT_MIN},
    {"P_PGID 0", P_PGID, 0}, {"P_PGID -1", P_PGID, -1}, {"P_PGID none", P_PGID, 0x7fffff},
    {"P_PIDFD -1", 3, -1},   {"P_PIDFD stdin", 3, 0},   {"type 17", 17, 0},
};

static const struct {
    const char *name;
    int options;
} waitid_options[] = {
    {"0", 0},
    {"WEXITED", WEXITED},
    {"WSTOPPED", WSTOPPED},
    {"WCONTINUED", WCONTINUED},
    {"all", WEXITED | WSTOPPED | WCONTINUED},
    {"WEXITED WNOWAIT", (int)(WEXITED | WNOWAIT)},
    {"WEXITED bit 20", WEXITED | 1 << 20},
};

static void one_waitid(enum situation situation, size_t i, size_t o, int kind) {
    pid_t child = enter(situation);
    siginfo_t info;
    memset(&info, 0x55, sizeof info);
    errno = 0;
    id_t id = (id_t)(ids[i].id == CHILD ? child : ids[i].id);
    int options = waitid_options[o].options | WNOHANG;
    int result = waitid((idtype_t)ids[i].type, id, pointer(kind, &info), options);
    int error = errno;
    say("waitid %s, %s, options %s, info %s: %d, %s; signo %#x code %#x errno %#x pid %s status "
        "%#x",
        situations[situation], ids[i].name, waitid_options[o].name, pointers[kind], result,
        error_name(error), (unsigned)info.si_signo, (unsigned)info.si_code, (unsigned)info.si_errno,
        whose(info.si_pid, child), (unsigned)info.si_status);
    leave(situation, child);
}

static void simple_forms(void) {
    int status = UNTOUCHED;
    pid_t child = child_zombie(3);
    pid_t result = wait(&status);
    say_wait("wait", result, child, status, errno);
    child = child_zombie(4);
    result = wait(NULL);
    say_wait("wait NULL", result, child, UNTOUCHED, errno);
    child = child_zombie(5);
    result = wait(BAD_POINTER);
    say_wait("wait bad", result, child, UNTOUCHED, errno);
    SAY_WAIT("after the bad one", wait(NULL), child, UNTOUCHED);
    struct rusage usage;
    child = child_zombie(6);
    status = UNTOUCHED;
    result = wait3(&status, 0, &usage);
    say_wait("wait3", result, child, status, errno);
    child = child_zombie(6);
    status = UNTOUCHED;
    result = waitpid(child, &status, WUNTRACED);
    say_wait("waitpid", result, child, status, errno);
    result = waitpid(child, &status, 0);
    say_wait("waitpid again", result, child, status, errno);
    errno = 99;
    child = child_zombie(0);
    result = waitpid(child, NULL, 0);
    say("errno kept: %d", errno);
}

int main(void) {
    for (int situation = NO_CHILD; situation <= ZOMBIE; situation++) {
        for (size_t p = 0; p < sizeof pids / sizeof *pids; p++)
            for (size_t o = 0; o < sizeof wait4_options / sizeof *wait4_options; o++)
                one_wait4((enum situation)situation, p, o, 0, 0);
        for (int kind = 0; kind < 3; kind++)
            for (int usage = 0; usage < usage_pointers; usage++)
                one_wait4((enum situation)situation, 2, 0, kind, usage);
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
            for (size_t o = 0; o < sizeof waitid_options / sizeof *waitid_options; o++)
                for (int kind = 0; kind < 3; kind++)
                    one_waitid((enum situation)situation, i, o, kind);
    }
    simple_forms();
    return 0;
}
