/*
 * Tested: vfork is a real vfork. Parent and child share their memory, the parent is suspended until
 * the child execs or exits, and it comes back into the right frame, however deep and however often;
 * a child's failed exec is seen by both.
 */
#include <pthread.h>

#include "canon.h"

static volatile int shared;
static int gate[2];
static pid_t main_thread;

/* Lets the child go on once the parent's thread is seen to be suspended by vfork. */
static void *open_gate(void *unused) {
    (void)unused;
    await_state(main_thread, "D");
    return write(gate[1], "g", 1) == 1 ? gate : NULL;
}

static void suspended(void) {
    pthread_t opener;
    char byte;
    int status = UNTOUCHED;
    void *opened = NULL;
    if (pipe2(gate, O_CLOEXEC) != 0)
        abort();
    pthread_create(&opener, NULL, open_gate, NULL);
    pid_t pid = vfork();
    if (pid == 0) {
        shared = read(gate[0], &byte, 1) == 1 ? 42 : 1;
        _exit(7);
    }
    int seen = shared;
    pthread_join(opener, &opened);
    say("suspended: %s, shared %d", opened ? "yes" : "no", seen);
    SAY_WAIT("the child", waitpid(pid, &status, 0), pid, status);
}

static __attribute__((noinline)) int deep(int depth) {
    volatile int local = depth;
    if (depth > 0)
        return deep(depth - 1) + (local == depth);
    pid_t pid = vfork();
    if (pid == 0)
        _exit(0);
    return waitpid(pid, NULL, 0) == pid ? 0 : -1000;
}

static void failed_exec(void) {
    char name[] = "nothing";
    char *const argv[] = {name, NULL};
    int status = UNTOUCHED;
    shared = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        execv("/nonexistent/program", argv);
        shared = errno;
        _exit(127);
    }
    say("the parent sees why: %s", error_name(shared));
    SAY_WAIT("failed exec", waitpid(pid, &status, 0), pid, status);
}

int main(void) {
    main_thread = getpid();
    suspended();
    failed_exec();
    int right = 0;
    for (int round = 0; round < 50; round++)
        right += deep(20) == 20;
    say("came back right: %d of 50", right);
    return 0;
}
