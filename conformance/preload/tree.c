/*
 * Tested: what a signal to a child does to its descendants, for each way to send it and from where:
 * tree SIGNAL SENDER [main|thread|handler]
 *
 * Three generations, the second in a session of its own. Each lives until the pipe `life` is
 * closed, and then exits with 5. Adopts them, and prints how each of them ended.
 */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "canon.h"

#define GENERATIONS 3
#define SMALL_STACK 16384

static int life[2], born[2], number;
static pid_t pids[GENERATIONS];

/* Each generation goes on in its child with the next one. */
static _Noreturn void live(void) {
    char byte;
    for (int generation = 0; generation < GENERATIONS; generation++) {
        pid_t own = getpid();
        if (generation == 1)
            setsid();
        if (write(born[1], &own, sizeof own) != sizeof own)
            _exit(1);
        if (generation + 1 < GENERATIONS && fork() != 0)
            break;
    }
    _exit(read(life[0], &byte, 1) == 0 ? 5 : 6);
}

/* --- ways to send a signal --- */

static int by_kill(void) {
    return kill(pids[0], number);
}
static int by_tgkill(void) {
    return (int)syscall(SYS_tgkill, pids[0], pids[0], number);
}
static int by_sigqueue(void) {
    return sigqueue(pids[0], number, (union sigval){.sival_int = 1});
}
static int by_number(void) {
    return (int)syscall(SYS_kill, pids[0], number);
}

static int with_pidfd(int (*send)(int pidfd)) {
    int pidfd = (int)syscall(SYS_pidfd_open, pids[0], 0);
    int result = send(pidfd);
    int error = errno;
    close(pidfd);
    errno = error;
    return result;
}

static int send_number(int pidfd) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

#ifdef __GLIBC__
int pidfd_send_signal(int pidfd, int signal, siginfo_t *info, unsigned flags);

static int send_libc(int pidfd) {
    return pidfd_send_signal(pidfd, number, NULL, 0);
}
#else
#define send_libc send_number
#endif

static int by_pidfd(void) {
    return with_pidfd(send_libc);
}
static int by_pidfd_number(void) {
    return with_pidfd(send_number);
}

static int (*send)(void);

static void choose(const char *sender) {
    static const struct {
        const char *name;
        int (*send)(void);
    } senders[] = {{"kill", by_kill},     {"tgkill", by_tgkill}, {"sigqueue", by_sigqueue},
                   {"number", by_number}, {"pidfd", by_pidfd},   {"pidfd-number", by_pidfd_number}};
    for (size_t i = 0; i < sizeof senders / sizeof *senders; i++)
        if (strcmp(senders[i].name, sender) == 0)
            send = senders[i].send;
}

/* --- and from where --- */

static void act(void) {
    errno = 0;
    int result = send();
    say("%d %s", result, error_name(errno));
}

static void *act_in_thread(void *unused) {
    act();
    return unused;
}

static void from_small_thread(void) {
    size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN); // more than SMALL_STACK on aarch64
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    if (pthread_attr_setstacksize(&attributes, least > SMALL_STACK ? least : SMALL_STACK) != 0 ||
        pthread_create(&thread, &attributes, act_in_thread, NULL) != 0)
        exit(1);
    pthread_join(thread, NULL);
}

static void on_signal(int signal) {
    (void)signal;
    act();
}

static void from_handler(void) {
    static char stack[SMALL_STACK] __attribute__((aligned(4096)));
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    if (sigaltstack(&alternate, NULL) != 0)
        exit(1);
    handle(SIGUSR1, on_signal, SA_ONSTACK);
    raise(SIGUSR1);
}

static bool start_tree(void) {
    if (pipe(life) != 0 || pipe(born) != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        return false;
    if (fork() == 0) {
        close(life[1]);
        live();
    }
    for (int i = 0; i < GENERATIONS; i++)
        if (read(born[0], &pids[i], sizeof pids[i]) != sizeof pids[i])
            return false;
    return true;
}

static void say_ends(void) {
    static const char *const names[] = {"child", "grandchild", "great-grandchild"};
    for (int i = 0; i < GENERATIONS; i++) {
        int status = UNTOUCHED;
        pid_t result = waitpid(pids[i], &status, WUNTRACED);
        say("%s: %s, %s", names[i], whose(result, pids[i]), status_name(status));
    }
}

int main(int argc, char **argv) {
    const char *where = argc > 3 ? argv[3] : "main";
    if (argc < 3)
        return 2;
    number = atoi(argv[1]); // NOLINT(cert-err34-c)
    choose(argv[2]);
    alarm(50);
    if (!send || !start_tree())
        return 1;
    if (strcmp(where, "thread") == 0)
        from_small_thread();
    else if (strcmp(where, "handler") == 0)
        from_handler();
    else
        act();
    close(life[1]);
    say_ends();
    return 0;
}
