/* A thread is cancelled while it is in system: what is left? */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *run(void *unused) {
    system("echo; read line");
    return unused;
}

int main(void) {
    int input[2], output[2], screen = dup(1);
    char byte;
    pthread_t thread;
    if (pipe2(input, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0 || dup2(input[0], 0) < 0 ||
        dup2(output[1], 1) < 0)
        return 1;
    pthread_create(&thread, NULL, run, NULL);
    if (read(output[0], &byte, 1) != 1) // the shell is there
        return 1;
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    struct sigaction interrupt;
    sigaction(SIGINT, NULL, &interrupt);
    int is_left = waitpid(-1, NULL, WNOHANG) == 0;
    dprintf(screen, "%s, SIGINT %s\n", is_left ? "the shell" : "no child",
            interrupt.sa_handler == SIG_IGN ? "is ignored" : "as before");
    if (is_left && write(input[1], "\n", 1) == 1)
        wait(NULL);
}
