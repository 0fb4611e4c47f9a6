/* The checks of `forkproof doctor`. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"
#include "doctor.h"
#include "forkproof_version.h"
#include "preload.h"
#include "proc.h"
#include "rundir.h"
#include "say.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#define WAIT_BY_PIDFD 3        /* P_PIDFD */
#define PIDFD_OF_THREAD O_EXCL /* PIDFD_THREAD */

#define EM_OF_TWIN 3 /* EM_386 */

static void note(struct fp_check *check, bool ok, const char *detail) {
    check->ok = ok;
    snprintf(check->detail, sizeof check->detail, "%s", detail);
}

static void note_error(struct fp_check *check, int error) {
    note(check, error == 0, error ? strerror(error) : "");
}

/* What would be said to the user is the reason. */
static void note_said(struct fp_check *check, bool ok, const char *said) {
    note(check, ok, ok ? "" : said);
}

/* --- rungs --- */

/* A child that ends when told to, held by the rung. */
static int hold_a_child(struct fp_contain *c) {
    int gate[2];
    char byte;
    if (pipe2(gate, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fp_contain_fork(c);
    int r = pid < 0 ? -errno : 0;
    if (pid == 0) {
        close(gate[1]);
        (void)!read(gate[0], &byte, 1);
        _exit(0);
    }
    close(gate[0]);
    if (r == 0)
        r = fp_contain_enter(c, pid);
    close(gate[1]);
    if (pid > 0)
        (void)waitpid(pid, NULL, __WALL);
    return r;
}

static void describe(struct fp_check *check, const struct fp_contain *c) {
    check->ok = true;
    if (c->has_user_namespace)
        note(check, true, "in a user namespace, where setuid programs gain nothing");
    else if (c->directory)
        snprintf(check->detail, sizeof check->detail, "below %.*s",
                 (int)(strrchr(c->directory, '/') - c->directory), c->directory);
}

static bool has_systemd(void) {
    return access("/run/systemd/system", F_OK) == 0;
}

static void advise(struct fp_check *check, enum fp_rung rung) {
    size_t length = strlen(check->detail);
    if (rung == FP_RUNG_CGROUP && geteuid() != 0 && has_systemd())
        snprintf(check->detail + length, sizeof check->detail - length,
                 "; to be had by: systemd-run --user --scope -p Delegate=yes forkproof run ...");
}

static void try_rung(struct fp_check *check, enum fp_rung rung, const char *run_id,
                     struct fp_check *stroke) {
    struct fp_contain c = {.lent_fd = -1, .lent_record_fd = -1};
    int r = fp_contain_open_only(&c, rung, run_id);
    if (r < 0) {
        note(check, false, c.why_not);
        advise(check, rung);
        return;
    }
    describe(check, &c);
    r = hold_a_child(&c);
    if (r < 0)
        note_error(check, -r);
    if (rung == FP_RUNG_CGROUP)
        note(stroke, c.kill_fd >= 0, c.kill_fd >= 0 ? "" : "before Linux 5.14");
    fp_contain_close(&c);
}

static void check_rungs(struct fp_checkup *checkup, const char *run_id) {
    static const enum fp_rung rungs[FP_CHECK_RUNGS] = {FP_RUNG_PIDNS, FP_RUNG_CGROUP, FP_RUNG_WALK};
    struct fp_check *stroke = &checkup->kernel[FP_CHECK_KERNEL - 1];
    *stroke = (struct fp_check){
        .name = "cgroup_kill", .label = "cgroup.kill", .use = "all in a cgroup end at a stroke"};
    note(stroke, false, "no cgroup to find it in");
    checkup->strongest = checkup->automatic = fp_rung_name(FP_RUNG_NONE);
    for (int i = FP_CHECK_RUNGS - 1; i >= 0; i--) {
        struct fp_check *check = &checkup->rungs[i];
        *check = (struct fp_check){.name = fp_rung_name(rungs[i])};
        if (checkup->proc.ok)
            try_rung(check, rungs[i], run_id, stroke);
        else
            note(check, false, checkup->proc.detail);
        if (check->ok)
            checkup->strongest = check->name;
        if (check->ok && rungs[i] <= FP_RUNG_CGROUP)
            checkup->automatic = check->name;
    }
}

/* --- kernel --- */

static int try_pidfd_open(void) {
    int fd = fp_member_open(getpid());
    if (fd < 0)
        return -fd;
    close(fd);
    return 0;
}

static int try_pidfd_signal(void) {
    int fd = fp_member_open(getpid());
    int error = -fp_member_signal_pidfd(fd, 0);
    if (fd >= 0)
        close(fd);
    return error;
}

static int try_pidfd_of_thread(void) {
    int fd = (int)syscall(SYS_pidfd_open, getpid(), PIDFD_OF_THREAD);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int try_wait_by_pidfd(void) {
    siginfo_t info;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    if (pid < 0)
        return errno;
    int fd = fp_member_open(pid);
    int error = waitid((idtype_t)WAIT_BY_PIDFD, (id_t)fd, &info, WEXITED) < 0 ? errno : 0;
    if (error)
        (void)waitpid(pid, NULL, 0);
    if (fd >= 0)
        close(fd);
    return error;
}

static int try_children_files(void) {
    return -fp_proc_lists_children();
}

static int try_user_namespace(void) {
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(unshare(CLONE_NEWUSER) < 0 ? errno : 0);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

/* A sibling of ours, who has another user's or no identity to us, cannot be made; so by its option.
 */
static int try_proc_of_others(void) {
    char *text;
    size_t length;
    int r = fp_proc_slurp("/proc/self/mountinfo", &text, &length);
    if (r < 0)
        return -r;
    bool hidden = false;
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (strstr(line, " / /proc ") && strstr(line, " - proc "))
            hidden = strstr(line, "hidepid=") && !strstr(line, "hidepid=0") &&
                     !strstr(line, "hidepid=off");
    free(text);
    return hidden && geteuid() != 0 ? EACCES : 0;
}

static const struct {
    const char *name, *label, *use;
    int (*attempt)(void); /* 0 or an errno */
    int error;            /* that one means… */
    const char *why;
} attempts[] = {
    {"pidfd_open", NULL, "no signal reaches a recycled pid", try_pidfd_open, ENOSYS,
     "before Linux 5.3"},
    {"pidfd_send_signal", NULL, "the same", try_pidfd_signal, ENOSYS, "before Linux 5.1"},
    {"p_pidfd", "waitid(P_PIDFD)", "the same, where SIGCHLD is ignored", try_wait_by_pidfd, EINVAL,
     "before Linux 5.4"},
    {"pidfd_thread", "PIDFD_THREAD", "the same, for tgkill", try_pidfd_of_thread, EINVAL,
     "before Linux 6.9"},
    {"proc_children", "children in /proc", "members are found without reading all of /proc",
     try_children_files, ENOENT, "the kernel was built without them"},
    {"proc_others", "no hidepid on /proc", "members that change their user are seen",
     try_proc_of_others, EACCES, "/proc is mounted with hidepid"},
    {"user_namespaces", "user namespaces", "pidns for plain users", try_user_namespace, ENOSPC,
     "none may be made (user.max_user_namespaces)"},
};

static void check_kernel(struct fp_checkup *checkup) {
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        struct fp_check *check = &checkup->kernel[i];
        *check = (struct fp_check){
            .name = attempts[i].name, .label = attempts[i].label, .use = attempts[i].use};
        int error = attempts[i].attempt();
        if (error == attempts[i].error)
            note(check, false, attempts[i].why);
        else
            note_error(check, error);
    }
}

/* --- what is installed --- */

static void read_version(const char *path, char *ret, size_t size) {
    static const char mark[] = "forkproof version ";
    char *bytes;
    size_t length;
    ret[0] = '\0';
    if (fp_proc_slurp(path, &bytes, &length) < 0)
        return;
    const char *at = memmem(bytes, length, mark, sizeof mark - 1);
    if (at)
        snprintf(ret, size, "%s", at + sizeof mark - 1);
    free(bytes);
}

static void check_version(struct fp_check *check, const char *path, char *ret, size_t size) {
    read_version(path, ret, size);
    if (strcmp(ret, FORKPROOF_VERSION) == 0)
        note(check, true, path);
    else
        snprintf(check->detail, sizeof check->detail, "%s is of version %s, the command of %s",
                 path, *ret ? ret : "(none)", FORKPROOF_VERSION);
}

/* Whether there is one that can be preloaded, of whatever version. */
static bool check_library(struct fp_checkup *checkup) {
    char *library = NULL, said[FP_CHECK_TEXT] = "", version[32];
    checkup->library = (struct fp_check){.name = "library"};
    checkup->twin = (struct fp_check){.name = "32-bit programs"};
    fp_say_into(said, sizeof said);
    int r = fp_preload_find(FP_LIBRARY_NAME, &library);
    fp_say_into(NULL, 0);
    note_said(&checkup->library, r == 0, said);
    note(&checkup->twin, false, "they run without hooks, and are contained all the same");
    if (r < 0)
        return false;
    checkup->library.ok = false;
    check_version(&checkup->library, library, checkup->version, sizeof checkup->version);
    char *twin = fp_preload_object(library, EM_OF_TWIN);
    if (twin && strcmp(twin, library) != 0)
        check_version(&checkup->twin, twin, version, sizeof version);
    free(twin);
    free(library);
    return true;
}

/* Its own directory gives the id that the rungs are tried with. */
static void check_runtime(struct fp_checkup *checkup, struct fp_rundir *dir) {
    char said[FP_CHECK_TEXT] = "";
    checkup->runtime = (struct fp_check){.name = "runtime directory"};
    fp_say_into(said, sizeof said);
    int r = fp_rundir_create(dir);
    fp_say_into(NULL, 0);
    note_said(&checkup->runtime, r == 0, said);
    if (r == 0)
        note(&checkup->runtime, true, dir->base);
    else
        snprintf(dir->id, sizeof dir->id, "%d-doctor.0", (int)getpid());
}

static void check_proc(struct fp_checkup *checkup) {
    const char *problem = fp_proc_problem();
    checkup->proc = (struct fp_check){.name = "/proc"};
    note(&checkup->proc, !problem, problem ? problem : "");
}

void fp_checkup_make(struct fp_checkup *ret) {
    struct fp_rundir dir = {.base_fd = -1, .fd = -1};
    sigset_t all, inherited;
    memset(ret, 0, sizeof *ret);
    /* What is made is also taken away; and a caller that ignores SIGCHLD takes our children. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &inherited);
    signal(SIGCHLD, SIG_DFL);
    check_proc(ret);
    bool has_library = check_library(ret);
    check_runtime(ret, &dir);
    check_kernel(ret);
    check_rungs(ret, dir.id);
    if (ret->runtime.ok)
        fp_rundir_remove(&dir);
    sigprocmask(SIG_SETMASK, &inherited, NULL);
    ret->works = ret->proc.ok && has_library && ret->runtime.ok;
}
