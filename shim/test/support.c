#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- children --- */

void exits(void) {
    _exit(7);
}

void stays(void) {
    alarm(30);
    for (;;)
        pause();
}

static void be(void (*child)(void)) {
    fp_table_forget();
    child();
    _exit(0);
}

pid_t bare_fork(void (*child)(void)) {
    pid_t pid = fork();
    if (pid == 0)
        be(child);
    return pid;
}

pid_t tracked_fork(void (*child)(void)) {
    fp_fork_begin();
    pid_t pid = bare_fork(child);
    fp_fork_end(pid, false);
    return pid;
}

pid_t bare_fork_as(pid_t pid, void (*child)(void)) {
    struct clone_args arguments = {
        .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};
    long made = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (made == 0)
        be(child);
    return (pid_t)made;
}

pid_t tracked_fork_as(pid_t pid, void (*child)(void)) {
    fp_fork_begin();
    pid_t made = bare_fork_as(pid, child);
    fp_fork_end(made, false);
    return made;
}

pid_t awaited(pid_t pid) {
    siginfo_t info;
    (void)fp_sys_waitid(P_PID, pid, &info, WEXITED | WNOWAIT, NULL);
    return pid;
}

pid_t tracked_zombie(void) {
    return awaited(tracked_fork(exits));
}
pid_t bare_zombie(void) {
    return awaited(bare_fork(exits));
}

void bare_end(pid_t pid) {
    claim(pid > 0); // -1 of a failed fork is everybody
    (void)fp_sys_kill(pid, SIGKILL);
    (void)fp_sys_wait4(pid, NULL, 0, NULL);
}

void tracked_end(pid_t pid) {
    claim(pid > 0);
    (void)signal_to(pid, SIGKILL);
    (void)wait_for(pid, 0);
}

long wait_any(int options) {
    return fp_reap_wait4(-1, NULL, options, NULL);
}
long wait_for(pid_t pid, int options) {
    return fp_reap_wait4(pid, NULL, options, NULL);
}
long signal_to(pid_t pid, int signal) {
    return fp_deliver(&(struct fp_signal){FP_BY_KILL, pid, 0, signal, NULL}, FP_STALE_DENY);
}

fp_word word_of(pid_t pid) {
    _Atomic(fp_word) *word = fp_table_word(pid);
    return word ? atomic_load(word) : 0;
}

struct fp_counts *counts(void) {
    return fp_table_make()->counts;
}

void know_every_range(void) {
    for (pid_t pid = 1; pid < 1 << 16; pid += FP_CHUNK_PIDS)
        (void)fp_table_word_make(pid);
}

/* --- windows --- */

typedef void (*action)(void);

void (*fp_point_hook)(enum fp_point);
static _Atomic(action) actions[32];

static void run_action(enum fp_point point) {
    action due = atomic_exchange(&actions[point], NULL);
    if (due)
        due();
}

void at_point(enum fp_point point, void (*due)(void)) {
    atomic_store(&actions[point], due);
    fp_point_hook = run_action;
}

bool is_armed(enum fp_point point) {
    return atomic_load(&actions[point]) != NULL;
}

static void *run_thread(void *argument) {
    (*(action *)argument)();
    return NULL;
}

void in_thread(void (*due)(void)) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_thread, &due) == 0)
        pthread_join(thread, NULL);
}

static action handled;

static void on_signal(int signal) {
    (void)signal;
    handled();
}

void in_handler(void (*due)(void)) {
    struct sigaction act = {.sa_handler = on_signal};
    handled = due;
    sigaction(SIGUSR2, &act, NULL);
    (void)raise(SIGUSR2);
}

/* --- standard error --- */

size_t said_during(void (*due)(void), char *ret_text, size_t size) {
    int ends[2];
    int kept = dup(STDERR_FILENO);
    if (kept < 0 || pipe2(ends, O_NONBLOCK) < 0)
        return 0;
    dup2(ends[1], STDERR_FILENO);
    due();
    dup2(kept, STDERR_FILENO);
    ssize_t length = read(ends[0], ret_text, size - 1);
    ret_text[length > 0 ? length : 0] = '\0';
    close(ends[0]);
    close(ends[1]);
    close(kept);
    return length > 0 ? (size_t)length : 0;
}

/* --- namespaces --- */

void claim_failed(const char *file, int line, const char *what) {
    dprintf(STDERR_FILENO, "%s:%d: not so: %s\n", file, line, what);
    _exit(1);
}

/* To the first process of the namespace, which answers with one int. */
enum request { MAKE_STRANGER, REPLACE_STRANGER, STRANGERS_LIVE };
struct letter {
    enum request request;
    pid_t pid;
};
static int post;

static int asked(struct letter letter) {
    int answer = -1;
    claim(send(post, &letter, sizeof letter, 0) == sizeof letter);
    claim(recv(post, &answer, sizeof answer, 0) == sizeof answer);
    return answer;
}

void make_stranger(pid_t pid) {
    claim(asked((struct letter){MAKE_STRANGER, pid}) == pid);
}
bool replace_stranger(void) {
    return asked((struct letter){REPLACE_STRANGER, 0}) != -1;
}

bool strangers_live(void) {
    return asked((struct letter){STRANGERS_LIVE, 0}) == 1;
}

#define STRANGERS 16
static int strangers[STRANGERS]; // the ends at which they answer; 0: none
static int strangers_end;
static int next_stranger;

/* Answers until it is signalled: a signal is acted on before the next answer is given. */
static void answer_or_die(void) {
    char byte;
    for (int i = 0; i < STRANGERS; i++)
        if (strangers[i])
            close(strangers[i]);
    while (recv(strangers_end, &byte, 1, 0) == 1 && send(strangers_end, &byte, 1, 0) == 1)
        ;
}

/* A process that nobody waits for is gone a moment before its number is free. */
static pid_t fork_as_once_free(pid_t pid, void (*child)(void)) {
    pid_t made = bare_fork_as(pid, child);
    for (int tries = 0; made < 0 && errno == EEXIST && tries < 100000; tries++) {
        sched_yield();
        made = bare_fork_as(pid, child);
    }
    return made;
}

static pid_t new_stranger(int *ret_end, pid_t pid) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
        return -1;
    strangers_end = ends[1];
    *ret_end = ends[0];
    pid_t made = pid ? fork_as_once_free(pid, answer_or_die) : bare_fork(answer_or_die);
    close(ends[1]);
    if (made < 0) {
        close(ends[0]);
        *ret_end = 0;
    }
    return made;
}

static bool answers(int end) {
    char byte = 0;
    return send(end, &byte, 1, MSG_NOSIGNAL) == 1 && recv(end, &byte, 1, 0) == 1;
}

/* -1 when the one to be replaced has been signalled; 0 when no pid is free for another. */
static int exchange_stranger(void) {
    int *end = &strangers[next_stranger++ % STRANGERS];
    if (*end && !answers(*end))
        return -1;
    if (*end)
        close(*end);
    *end = 0;
    pid_t made = new_stranger(end, 0);
    return made > 0 ? made : 0;
}

static int all_answer(void) {
    for (int i = 0; i < STRANGERS; i++)
        if (strangers[i] && !answers(strangers[i]))
            return 0;
    return 1;
}

static int answer_to(struct letter letter) {
    switch (letter.request) {
    case MAKE_STRANGER:
        return new_stranger(&strangers[next_stranger++ % STRANGERS], letter.pid);
    case REPLACE_STRANGER:
        return exchange_stranger();
    case STRANGERS_LIVE:
    default:
        return all_answer();
    }
}

static void serve(int socket) {
    struct letter letter;
    if (recv(socket, &letter, sizeof letter, 0) != sizeof letter)
        return;
    int answer = answer_to(letter);
    (void)send(socket, &answer, sizeof answer, 0);
}

static void nothing(int signal) {
    (void)signal;
}

/* The first process of the namespace: parent of the body and of the strangers. */
static int first_process(void (*body)(void)) {
    int ends[2];
    sigset_t chld, open;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, &open);
    (void)signal(SIGCHLD, nothing);
    claim(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
    claim(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    pid_t runner = fork();
    if (runner == 0) {
        (void)signal(SIGCHLD, SIG_DFL);
        sigprocmask(SIG_SETMASK, &open, NULL);
        close(ends[0]);
        post = ends[1];
        alarm(60);
        note_descriptors();
        body();
        nothing_remains();
        _exit(0);
    }
    close(ends[1]);
    for (;;) {
        int status;
        pid_t ended;
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
            if (ended == runner)
                return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        struct pollfd readable = {.fd = ends[0], .events = POLLIN};
        if (ppoll(&readable, 1, NULL, &open) == 1)
            serve(ends[0]);
    }
}

static int exit_of(pid_t pid) {
    int status = -1;
    if (waitpid(pid, &status, 0) != pid)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int in_namespace(void (*body)(void)) {
    fflush(NULL);
    pid_t outside = fork();
    if (outside != 0)
        return exit_of(outside);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
        _exit(EXIT_SKIPPED);
    pid_t first = fork();
    if (first == 0) {
        pid_t probe = bare_fork_as(200, exits);
        if (probe < 0 || waitpid(probe, NULL, 0) != probe)
            _exit(EXIT_SKIPPED);
        _exit(first_process(body));
    }
    _exit(exit_of(first));
}

void mount_proc(const char *type) {
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/proc", type, 0, NULL) < 0)
        _exit(EXIT_SKIPPED);
}

/* --- every suite's frame --- */

static int descriptors_at_start;

static int count_descriptors(void) {
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

void note_descriptors(void) {
    descriptors_at_start = count_descriptors();
}

static void claim_word_at_rest(pid_t pid) {
    fp_word w = word_of(pid);
    claim(fp_word_killers(w) == 0 && fp_word_closers(w) == 0);
    claim(!(w & (FP_DEFER | FP_STASH)) && fp_word_n(w) <= 0);
}

void nothing_remains(void) {
    siginfo_t info;
    claim(fp_sys_waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | (int)__WALL, NULL) ==
          -ECHILD);
    claim(count_descriptors() == descriptors_at_start);
    const struct fp_table *table = fp_table();
    if (!table)
        return;
    claim(table->counts->in_flight == 0 && table->counts->waiters == 0);
    claim(table->counts->children == 0 && table->counts->stashed == 0);
    claim(fp_set_next(FP_SET_CHILDREN, 1) == 0 && fp_set_next(FP_SET_STASHED, 1) == 0);
    for (unsigned chunk = table->lowest; chunk < table->end; chunk++)
        for (pid_t slot = 0; table->chunks[chunk] && slot < FP_CHUNK_PIDS; slot++)
            claim_word_at_rest((pid_t)chunk * FP_CHUNK_PIDS + slot);
}
