/* pthread_kill of a thread that has ended and was not joined: what does it answer? */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *run(void *thread) {
    *(long *)thread = syscall(SYS_gettid);
    return NULL;
}

int main(void) {
    pthread_t thread;
    long number = 0;
    pthread_create(&thread, NULL, run, &number);
    while (!*(volatile long *)&number || syscall(SYS_tgkill, getpid(), number, 0) == 0)
        sched_yield();
    puts(pthread_kill(thread, 0) ? "ESRCH" : "0");
    pthread_join(thread, NULL);
}
