/*
 * What the kernel does with clone3's AUTOREAP, NNP and PIDFD_AUTOKILL (7.x): one line a question.
 * As init it asks as root and as a plain user, and switches the machine off; see x86_64-machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define AUTOREAP (1ULL << 34)
#define NNP (1ULL << 35)
#define AUTOKILL (1ULL << 36)
#define HELD (AUTOKILL | AUTOREAP | CLONE_PIDFD)

struct clone3_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static const char *who;

static pid_t clone3(uint64_t flags, int exit_signal, int *ret_pidfd) {
    struct clone3_arguments a = {
        .flags = flags, .pidfd = (uintptr_t)ret_pidfd, .exit_signal = (unsigned)exit_signal};
    return (pid_t)syscall(SYS_clone3, &a, sizeof a);
}

static int pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool is_over(int fd) {
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 300) == 1;
}

static void say(const char *question, const char *answer) {
    printf("%s: %s: %s\n", who, question, answer);
}

static void yes_or_no(const char *question, bool yes) {
    say(question, yes ? "yes" : "no");
}

static _Noreturn void sleep_for_ever(void) {
    for (;;)
        pause();
}

static void is_taken(const char *question, uint64_t flags, int exit_signal) {
    int pidfd = -1;
    pid_t pid = clone3(flags, exit_signal, &pidfd);
    if (pid == 0)
        sleep_for_ever();
    say(question, pid < 0 ? strerror(errno) : "taken");
    if (pid < 0)
        return;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, __WALL);
    if (pidfd >= 0)
        close(pidfd);
}

static void combinations(void) {
    is_taken("AUTOREAP", AUTOREAP, 0);
    is_taken("AUTOREAP and an exit signal", AUTOREAP, SIGCHLD);
    is_taken("NNP", NNP, SIGCHLD);
    is_taken("AUTOKILL without a pidfd", AUTOKILL | AUTOREAP, 0);
    is_taken("AUTOKILL without AUTOREAP", AUTOKILL | CLONE_PIDFD, 0);
    is_taken("AUTOKILL", HELD, 0);
    is_taken("AUTOKILL and NNP", HELD | NNP, 0);
    is_taken("AUTOKILL and a pid namespace", HELD | CLONE_NEWPID, 0);
    is_taken("AUTOKILL, a user and a pid namespace", HELD | CLONE_NEWPID | CLONE_NEWUSER, 0);
}

static void reaping(void) {
    int pidfd;
    pid_t pid = clone3(AUTOREAP | CLONE_PIDFD, 0, &pidfd);
    if (pid == 0)
        _exit(7);
    yes_or_no("AUTOREAP: the pidfd tells the end", is_over(pidfd));
    yes_or_no("AUTOREAP: the parent can wait for it", waitpid(pid, NULL, __WALL) == pid);
    yes_or_no("AUTOREAP: a zombie stays", kill(pid, 0) == 0);
    close(pidfd);
}

/* The child has a child of its own; both hold the pipe. */
static void killing(const char *name, uint64_t more) {
    char question[100], seen;
    int out[2], pidfd;
    (void)!pipe(out);
    pid_t pid = clone3(HELD | more, 0, &pidfd);
    if (pid == 0) {
        if (fork() == 0)
            sleep_for_ever();
        (void)!write(out[1], "x", 1);
        sleep_for_ever();
    }
    close(out[1]);
    if (pid < 0 || read(out[0], &seen, 1) != 1)
        return;
    int other = pidfd_open(pid);
    pid_t holder = fork();
    if (holder == 0)
        sleep_for_ever();
    close(pidfd);
    snprintf(question, sizeof question, "%s: killed while another process holds the pidfd", name);
    yes_or_no(question, is_over(other));
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    snprintf(question, sizeof question, "%s: killed when the last holder is", name);
    yes_or_no(question, is_over(other));
    snprintf(question, sizeof question, "%s: its child as well", name);
    yes_or_no(question, is_over(out[0]));
    close(other);
    close(out[0]);
}

/* In a user namespace of its own a plain user has every capability. */
static void as_root_of_a_namespace(void) {
    if (unshare(CLONE_NEWUSER) < 0)
        return;
    is_taken("AUTOKILL in a user namespace", HELD, 0);
    is_taken("AUTOKILL and a pid namespace in a user namespace", HELD | CLONE_NEWPID, 0);
}

static void ask_as(const char *name, uid_t uid) {
    pid_t pid = fork();
    if (pid == 0) {
        who = name;
        if (uid && (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
            _exit(1);
        combinations();
        reaping();
        killing("AUTOKILL", uid ? NNP : 0);
        killing("AUTOKILL and a pid namespace",
                uid ? NNP | CLONE_NEWUSER | CLONE_NEWPID : CLONE_NEWPID);
        as_root_of_a_namespace();
        fflush(stdout);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

int main(void) {
    struct utsname name;
    uname(&name);
    printf("kernel %s\n", name.release);
    fflush(stdout);
    ask_as("root", 0);
    ask_as("user", 1000);
    printf("done\n");
    fflush(stdout);
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    return 0;
}
