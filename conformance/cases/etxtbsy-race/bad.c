/*
 * The main thread writes a program, closes it and runs it. Meanwhile another thread has forked a
 * child, which has the descriptor as well until it executes something. A file that is open for
 * writing anywhere cannot be executed: ETXTBSY. O_CLOEXEC does not help, as it works at the exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *is_open, *has_forked, *may_exec;

/* Starts a program of its own, at that moment. */
static void *other_thread(void *unused) {
    case_gate_pass(is_open);
    pid_t child = fork();
    if (child == 0) {
        case_gate_pass(may_exec); /* the scheduler lets others run, between fork and exec */
        execl("/bin/true", "true", NULL);
        _exit(127);
    }
    case_step("other thread: has forked %d", child);
    case_gate_open(has_forked);
    waitpid(child, NULL, 0);
    return unused;
}

static void write_program(void) {
    char bytes[4096];
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open("program", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    case_gate_open(is_open);
    case_gate_pass(has_forked);
    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) > 0;)
        (void)!write(to, bytes, (size_t)n);
    close(to);
    close(from);
}

static int run_program(void) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        execl("./program", "program", "written", NULL);
        _exit(errno);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status); /* 0, or why it could not be executed */
}

int main(int argc, char **argv) {
    pthread_t thread;
    (void)argv;
    if (argc > 1)
        return 0; /* this is the written program */
    case_begin();
    is_open = case_gate_new(), has_forked = case_gate_new(), may_exec = case_gate_new();
    pthread_create(&thread, NULL, other_thread, NULL);
    write_program();
    case_step("main: the program is written and closed");
    int error = run_program();
    case_step("main: execl: %s", error == ETXTBSY ? "text file busy" : "done");
    if (error != 0 && error != ETXTBSY)
        case_cannot("a written program that can be executed");
    case_outcome(error == ETXTBSY ? "not-started" : "started");
    case_gate_open(may_exec);
    pthread_join(thread, NULL);
}
