/* The part of case.c for macOS and the BSDs, where no warden makes a world (docs/porting.md). */
#include "proc.h"

_Noreturn static void no_world(void) {
    case_cannot("a world around the program: the warden is Linux'");
}

void case_next_pid(pid_t pid) {
    (void)pid;
    case_cannot("a chosen pid");
}

pid_t case_stranger(pid_t pid) {
    (void)pid;
    no_world();
}

void case_end_stranger(pid_t pid) {
    (void)pid;
    no_world();
}

void case_gate_open(struct case_gate *gate) {
    __atomic_store_n(&gate->is_open, 1, __ATOMIC_SEQ_CST);
}

void case_gate_pass(struct case_gate *gate) {
    while (!__atomic_load_n(&gate->is_open, __ATOMIC_SEQ_CST))
        sched_yield();
}

char case_state(pid_t pid) {
    struct fp_proc process;
    return fp_proc_read(pid, &process) ? process.state : '\0';
}

void case_await_state(pid_t thread, char state) {
    char now;
    if (state == 'S')
        case_cannot("to know whether a thread sleeps");
    while ((now = case_state(thread)) != state) {
        if (!now)
            case_broken("the process that was watched is gone");
        sched_yield();
    }
}

int case_zombies(void) {
    struct fp_proc_list all;
    struct fp_proc process;
    int count = 0;
    if (!fp_proc_list_all(&all))
        case_cannot("a list of processes");
    for (pid_t pid; (pid = fp_proc_list_next(&all));)
        count += fp_proc_read(pid, &process) && process.ppid == getpid() && process.state == 'Z';
    fp_proc_list_end(&all);
    return count;
}
