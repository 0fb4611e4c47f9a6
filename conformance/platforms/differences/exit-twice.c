/* A second thread calls exit(2) while a handler of exit(1) runs, and waits for it: how does it end?
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *second(void *unused) {
    exit(2);
    return unused;
}

static void handler(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, second, NULL);
    pthread_join(thread, NULL);
}

int main(void) {
    int status;
    if (fork() == 0) {
        alarm(4);
        atexit(handler);
        exit(1);
    }
    wait(&status);
    if (WIFEXITED(status))
        printf("with %d\n", WEXITSTATUS(status));
    else
        puts("never");
}
