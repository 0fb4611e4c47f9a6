/*
 * Tested: many threads each fork, wait for and kill their own children by pid, while one thread
 * waits for nothing of theirs; fork in a signal handler; pthread_atfork handlers and their order.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "canon.h"

#define THREADS 8
#define ROUNDS 60

static atomic_int right, wrong;

static void check(bool good) {
    atomic_fetch_add(good ? &right : &wrong, 1);
}

static void *own_children(void *number) {
    int code = (int)(intptr_t)number;
    for (int i = 0; i < ROUNDS; i++) {
        int status = UNTOUCHED;
        pid_t child = child_exiting(code);
        check(waitpid(child, &status, 0) == child && status == code << 8);
        child = child_pausing();
        check(kill(child, SIGTERM) == 0);
        siginfo_t info = {0};
        check(waitid(P_PID, (id_t)child, &info, WEXITED) == 0 && info.si_pid == child &&
              info.si_status == SIGTERM);
        errno = 0;
        check(waitpid(child, NULL, WNOHANG) == -1 && errno == ECHILD);
    }
    return NULL;
}

/* Parent and child run at once, so each only notes what ran. */
static char ran[8];
static void note(char what) {
    ran[strlen(ran)] = what;
}
static void prepare(void) {
    note('p');
}
static void parent(void) {
    note('P');
}
static void in_child(void) {
    note('c');
    note(wait(NULL) == -1 && errno == ECHILD ? '0' : '!');
}

static volatile sig_atomic_t forked;

static void on_signal(int signal) {
    (void)signal;
    pid_t child = child_exiting(4);
    int status = UNTOUCHED;
    forked = waitpid(child, &status, 0) == child && status == 4 << 8;
}

int main(void) {
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, own_children, (void *)(i + 1)) != 0)
            return 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    say("threads: right %d, wrong %d", atomic_load(&right), atomic_load(&wrong));
    handle(SIGUSR1, on_signal, 0);
    raise(SIGUSR1);
    say("fork in a handler: %d", (int)forked);
    pthread_atfork(prepare, parent, in_child);
    pid_t child = fork();
    if (child == 0)
        _exit(strcmp(ran, "pc0") == 0 ? 0 : 1);
    int status = UNTOUCHED;
    SAY_WAIT("fork with handlers", wait(&status), child, status);
    say("in the parent: %s", ran);
    return 0;
}
