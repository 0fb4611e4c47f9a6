/*
 * Tested: a signal for a child that has been reaped, when a stranger has its pid, for each way to
 * make the child and each way to send the signal:  stale [STARTER [SENDER]]
 *
 * In a pid namespace of its own, where the number of the next process can be set. Prints what the
 * call answered and what became of the stranger. Exit status 77 where no such namespace can be had.
 *
 * The stranger is not our child: a helper forked earlier makes it.
 */
#include <linux/sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "canon.h"

static int go[2], done[2], life[2];

/* Told a number, makes a process of that number; it lives until the pipe `life` is closed. */
static void helper(void) {
    pid_t number;
    char byte = 'x';
    close(life[1]);
    if (read(go[0], &number, sizeof number) != sizeof number || !set_next_pid(number))
        _exit(1);
    pid_t stranger = fork();
    if (stranger == 0)
        _exit(read(life[0], &byte, 1) == 0 ? 5 : 6);
    if (stranger != number)
        _exit(2);
    if (write(done[1], &byte, 1) != 1)
        _exit(3);
    int status = UNTOUCHED;
    waitpid(stranger, &status, 0);
    (void)!read(life[0], &byte, 1);     // what the call answered is printed first
    while (read(life[0], &byte, 1) > 0) // until the sender has said its own
        ;
    say("stranger: %s", status_name(status));
    _exit(0);
}

/* --- ways to make a child that ends at once --- */

static pid_t by_vfork(void) {
    pid_t pid = vfork();
    if (pid == 0)
        _exit(0);
    return pid;
}

/* glibc's other names; no header declares them. */
pid_t __fork(void);
pid_t __vfork(void);
int __clone(int (*start)(void *), void *stack, int flags, void *argument, ...);
pid_t __waitpid(pid_t pid, int *status, int options);

static pid_t by_other_fork(void) {
    pid_t pid = __fork();
    if (pid == 0)
        _exit(0);
    return pid;
}

static pid_t by_other_vfork(void) {
    pid_t pid = __vfork();
    if (pid == 0)
        _exit(0);
    return pid;
}

static pid_t by_bare_fork(void) {
    pid_t pid = _Fork();
    if (pid == 0)
        _exit(0);
    return pid;
}

static pid_t spawned(int (*spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                                  const posix_spawnattr_t *, char *const[], char *const[]),
                     const char *program) {
    char name[] = "true";
    char *const argv[] = {name, NULL};
    pid_t pid = -1;
    return spawn(&pid, program, NULL, NULL, argv, environ) == 0 ? pid : -1;
}

static pid_t by_spawn(void) {
    return spawned(posix_spawn, "/bin/true");
}

static pid_t by_spawnp(void) {
    return spawned(posix_spawnp, "true");
}

static int end_at_once(void *unused) {
    (void)unused;
    return 0;
}

static pid_t cloned(int (*by)(int (*)(void *), void *, int, void *, ...)) {
    size_t size = 65536;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return stack == MAP_FAILED ? -1 : by(end_at_once, stack + size, SIGCHLD, NULL);
}

static pid_t by_clone(void) {
    return cloned(clone);
}

static pid_t by_other_clone(void) {
    return cloned(__clone);
}

static pid_t by_number(void) {
    long pid = fp_clone_by(SIGCHLD, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return (pid_t)pid;
}

static pid_t by_clone3(void) {
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0)
        _exit(0);
    return (pid_t)pid;
}

static pid_t by_fork(void) {
    return child_exiting(0);
}

/* --- ways to send a signal --- */

static int send_tgkill(pid_t pid) {
    return tgkill(pid, pid, SIGTERM);
}

static int send_queue(pid_t pid) {
    return sigqueue(pid, SIGTERM, (union sigval){.sival_int = 1});
}

static int send_number(pid_t pid) {
    return (int)syscall(SYS_kill, pid, SIGTERM);
}

static int send_kill(pid_t pid) {
    return kill(pid, SIGTERM);
}

static pid_t (*start)(void) = by_fork;
static int (*send)(pid_t) = send_kill;

static void choose(const char *starter, const char *sender) {
    static const struct {
        const char *name;
        pid_t (*start)(void);
    } starters[] = {
        {"fork", by_fork},           {"_Fork", by_bare_fork},    {"vfork", by_vfork},
        {"spawn", by_spawn},         {"spawnp", by_spawnp},      {"clone", by_clone},
        {"number", by_number},       {"clone3", by_clone3},      {"__fork", by_other_fork},
        {"__vfork", by_other_vfork}, {"__clone", by_other_clone}};
    static const struct {
        const char *name;
        int (*send)(pid_t);
    } senders[] = {{"kill", send_kill},
                   {"tgkill", send_tgkill},
                   {"sigqueue", send_queue},
                   {"number", send_number}};
    for (size_t i = 0; i < sizeof starters / sizeof *starters; i++)
        if (strcmp(starters[i].name, starter) == 0)
            start = starters[i].start;
    for (size_t i = 0; i < sizeof senders / sizeof *senders; i++)
        if (strcmp(senders[i].name, sender) == 0)
            send = senders[i].send;
}

static int namespace_init(void) {
    char byte;
    if (pipe2(go, O_CLOEXEC) || pipe2(done, O_CLOEXEC) || pipe2(life, O_CLOEXEC))
        return 1;
    pid_t helper_pid = fork();
    if (helper_pid == 0)
        helper();
    pid_t child = start();
    if (child < 0 || __waitpid(child, NULL, 0) != child)
        return 1;
    if (write(go[1], &child, sizeof child) != sizeof child)
        return 1;
    close(done[1]);
    if (read(done[0], &byte, 1) != 1)
        return 77;
    errno = 0;
    int result = send(child);
    say("kill of the former child: %d, %s", result, error_name(errno));
    close(life[1]);
    waitpid(helper_pid, NULL, 0);
    return 0;
}

int main(int argc, char **argv) {
    choose(argc > 1 ? argv[1] : "fork", argc > 2 ? argv[2] : "kill");
    int user = geteuid() == 0 ? 0 : CLONE_NEWUSER;
    int status = UNTOUCHED;
    if (unshare(CLONE_NEWPID | user) != 0)
        return 77;
    pid_t init = fork();
    if (init == 0)
        _exit(namespace_init());
    return waitpid(init, &status, 0) == init && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
