/*
 * The remedy: the stop is for the group. It is one call, but each member stops in its own time:
 * whoever needs them still looks at every one of them.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *started, *input, *written;
static int *records, *writer;

static void start_job(void) {
    setpgid(0, 0);
    pid_t child = fork();
    if (child == 0) {
        *writer = getpid();
        case_gate_open(started);
        case_gate_pass(input);
        ++*records;
        case_gate_open(written);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    _exit(0);
}

int main(void) {
    case_begin();
    started = case_gate_new(), input = case_gate_new(), written = case_gate_new();
    records = case_shared_int(), writer = case_shared_int();
    pid_t job = fork();
    if (job == 0)
        start_job();
    setpgid(job, job);
    case_gate_pass(started);

    kill(-job, SIGSTOP);
    waitpid(job, NULL, WUNTRACED);
    case_await_state(*writer, 'T');
    int before = *records;
    case_step("backup: job %d has stopped: copies its file, %d records", job, before);
    case_gate_open(input); /* meanwhile there is something to write, for who can */
    if (case_state(*writer) != 'T')
        case_gate_pass(written);
    case_step("backup: the file has %d records", *records);
    case_outcome(*records == before ? "held-still" : "went-on");

    kill(-job, SIGCONT);
    waitpid(job, NULL, 0);
}
