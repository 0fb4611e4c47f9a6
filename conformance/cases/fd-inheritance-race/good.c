/*
 * The remedy: pipe2 makes the pipe and marks its ends in one call. There is no moment in which
 * another thread's child could take them with it over exec.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *pipe_made, *server_forked;
static pid_t server;

/* This program, started anew. */
static _Noreturn void serve(void) {
    for (int fd = 3; fd < 100; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            case_step("server: has descriptor %d, which nobody gave it", fd);
    for (;;)
        pause();
}

static void *start_server(void *unused) {
    case_gate_pass(pipe_made);
    server = fork();
    if (server == 0) {
        execl("/proc/self/exe", "server", "server", NULL);
        case_broken("the server cannot be started");
    }
    case_gate_open(server_forked);
    return unused;
}

int main(int argc, char **argv) {
    pthread_t thread;
    int ends[2];
    char bytes[64];
    (void)argv;
    case_begin();
    if (argc > 1)
        serve();
    pipe_made = case_gate_new(), server_forked = case_gate_new();
    pthread_create(&thread, NULL, start_server, NULL);

    (void)!pipe2(ends, O_CLOEXEC);
    /* Here the scheduler lets the other thread run. */
    case_gate_open(pipe_made);
    case_gate_pass(server_forked);
    pid_t reader = fork();
    if (reader == 0) {
        close(ends[1]);
        while (read(ends[0], bytes, sizeof bytes) > 0)
            ;
        _exit(0);
    }
    close(ends[0]);
    (void)!write(ends[1], "work\n", 5);
    close(ends[1]);
    case_step("main: the reader has its input; waits until it has done its work");
    waitpid(reader, NULL, 0);

    pthread_join(thread, NULL);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    case_outcome("completed");
}
