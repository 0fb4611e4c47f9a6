/* What is known about a run, in memory that guard and supervisor share: either can report it. */
#ifndef FP_FACTS_H
#define FP_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

#include "attribution.h"
#include "cli.h"
#include "contain/contain.h"

#define FP_LEFT_MAX 256
#define FP_LEFT_ARGV 4096

/* How something left behind ended: a positive value is the signal it was sent. */
enum {
    FP_ENDED_ITSELF = 0,
    FP_LEFT_RUNNING = -1,
    FP_LEFT_DENIED = -2,
    FP_LEFT_STUCK = -3,
    FP_LEFT_KEPT = -4
};

struct fp_left {
    pid_t pid, ppid;
    pid_t inner; /* its number in the members' pid namespace; 0: not known */
    uint64_t start;
    char comm[64];
    uint32_t argv_length;
    int asked; /* the signal it was asked to end by, 0 = none */
    int sent;  /* last signal sent to it, 0 = none */
    bool over; /* `ended` is final */
    bool late; /* born after the root had ended */
    bool kept; /* by --keep: counted apart */
    int ended;
    char argv[FP_LEFT_ARGV];
    struct fp_origin origin;
};

struct fp_facts {
    pid_t guard, keeper, supervisor, root;
    uint64_t root_start; /* clock ticks since boot */
    int root_level;      /* pid namespaces that it has a number in: ours is the first */
    pid_t root_inner;    /* its number in the last of them */
    pid_t root_session;  /* there */
    bool root_started;   /* the exec succeeded */
    bool root_ended;
    int root_status; /* as waitpid tells it */
    struct rusage root_usage;
    int failed; /* errno of what kept the root from starting */
    char failed_at[40];
    bool exec_failed;
    bool guard_lost, keeper_lost, supervisor_lost; /* one of us was killed */
    bool stop_told;    /* the guard was told to stop, and has not said that it runs again */
    int control_error; /* errno of what keeps orders from reaching the run */
    enum fp_rung rung;
    char why_not[200];
    enum fp_mechanism mechanism;
    struct timespec began; /* CLOCK_REALTIME */
    int64_t started_ns, root_ended_ns, finished_ns;
    int64_t waited_ns; /* after the root's end, for --until=empty */
    uint32_t left_total, late_total, kept_total, recorded;
    uint32_t keep_matched[FP_KEEP_MAX]; /* processes, by pattern */
    bool uncounted;                     /* there was no memory to count all that was left */
    bool unlisted; /* something was left that could not be listed, and so not ended */
    struct fp_left left[FP_LEFT_MAX];
};

#endif
