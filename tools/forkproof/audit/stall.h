/*
 * A run that hangs is told of while it hangs: `forkproof audit --stall=10s`.
 *
 * A thread of the guard looks at the wait-for graph (waits.h) again and again. Who has waited all
 * the time, for nobody but each other, is told on stderr, once, with a small drawing; for the
 * report it is kept here until somebody writes it into the record. A thread, not a child: Yama
 * lets nobody but an ancestor see what a process waits for. The looks delay no signal.
 */
#ifndef FP_STALL_H
#define FP_STALL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "waits.h"

struct fp_facts;

#define FP_STALLED_MAX 8
#define FP_STALLED_TEXT 3072

/* As FP_AUDIT_STALL has it (shim/record/audit.h), the text with no newline at its end. */
struct fp_stalled {
    pid_t pid;     /* as members know it */
    uint64_t time; /* nanoseconds since boot */
    size_t length;
    char text[FP_STALLED_TEXT];
};

struct fp_stall {
    int64_t after_ns; /* 0: never */
    bool ends;        /* the run, then */
    const struct fp_facts *facts;
    pid_t init;    /* of the run's own pid namespace; 0: it has none */
    int stderr_fd; /* -1: it is told to nobody */
    int over_fd;   /* readable once the run is to be ended; -1 */
    int stop_fd;   /* tells the thread that it is no longer needed */
    bool is_running, is_over;
    pthread_t thread;
    atomic_size_t count;
    struct fp_stalled found[FP_STALLED_MAX];
};

#define FP_STALL_CLOSED                                                                            \
    { .stderr_fd = -1, .over_fd = -1, .stop_fd = -1 }

/*
 * All of these are the guard's. What is above over_fd is filled in. Starts nothing when it is never
 * to look. -errno: nobody looks.
 */
int fp_stall_start(struct fp_stall *stall);

/* When over_fd can be read. True: the run is to be ended, which has been said; only once. */
bool fp_stall_ends_run(struct fp_stall *stall);

/* Nobody looks any more; what was found stays. */
void fp_stall_stop(struct fp_stall *stall);

/* What was found, of which there is a rule. */
size_t fp_stall_count(const struct fp_stall *stall);
const struct fp_stalled *fp_stall_get(const struct fp_stall *stall, size_t number);

/* --- which gotcha it is (stall_rule.c) --- */

enum fp_stall_kind {
    FP_STALL_MEANT,   /* it may be what the program is for: not a word */
    FP_STALL_UNNAMED, /* told, but no gotcha's */
    FP_STALL_NAMED,
};

/* root: the program that was run. The rule is a gotcha's id. */
enum fp_stall_kind fp_stall_judge(const struct fp_waits *waits, const struct fp_cycle *cycle,
                                  pid_t root, const char **ret_rule);

#endif
