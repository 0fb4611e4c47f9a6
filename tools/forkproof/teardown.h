/*
 * The end of the members: list, record, signal, reap, kill until nothing is left. Used by the
 * supervisor, and by the guard when the supervisor was killed.
 */
#ifndef FP_TEARDOWN_H
#define FP_TEARDOWN_H

#include <stdbool.h>

#include "run.h"

struct fp_teardown {
    struct fp_run *run;
    struct fp_scope scope; /* top is the calling process */
    int signal_fd;         /* readable when a child has changed */
    bool root_over;        /* the root has ended: what is alive now was left behind */
    bool keeping;          /* --keep was given, and the end has begun */
    bool held_still;       /* by order: to stay so */
    bool no_stroke;        /* the rung holds some that are kept: no killing at a stroke */
    bool starved;          /* no memory for the whole of the last listing */
    int asked_signal;
    struct fp_members now;    /* the last listing */
    pid_t newest;             /* the pid given out last before that; 0: not known */
    struct fp_members ending; /* when they were listed first: those outlive nothing */
    struct fp_members seen;   /* all that were counted, the unrecorded ones included */
    struct fp_members asked;  /* to end, by asked_signal */
    struct fp_members kept;
};

/* A child reaped or changed that was not asked about. */
typedef void (*fp_child_changed)(void *data, pid_t pid, int status, const struct rusage *usage);

/* Goes on by walk, and has it reported, if the rung is lost. */
void fp_teardown_check_rung(struct fp_teardown *t);

/* Lists living members into t->now; returns how many there are to end. Lets kept ones go. */
size_t fp_teardown_list(struct fp_teardown *t);

/* A listed one that is not to be ended. */
bool fp_teardown_spares(const struct fp_teardown *t, const struct fp_member *member);

/* Adds the listed to the report's record; late: born after the root had ended. */
void fp_teardown_record(struct fp_teardown *t, bool late);

/* Asks each listed one to end, once; a stopped one is continued to hear it. */
void fp_teardown_ask(struct fp_teardown *t, int sig);

/* Takes every changed child. False when there are no children. */
bool fp_teardown_reap(struct fp_teardown *t, fp_child_changed changed, void *data);

/* Nothing left to end: no child, and the rung holds nobody. */
bool fp_teardown_is_empty(struct fp_teardown *t);

/* Kills until nothing is left, or what is left cannot be killed: that is recorded. */
void fp_teardown_kill(struct fp_teardown *t, fp_child_changed changed, void *data);

/*
 * By whoever adopts the members of a supervisor that was killed: kills them but for those to be
 * kept, if the run ends members at all, and undoes the rung.
 */
void fp_teardown_orphans(struct fp_teardown *t);

/* Says of those that are kept, at the end: they were. */
void fp_teardown_keep(struct fp_teardown *t);

/* Says of all recorded that did not end: they were left running. */
void fp_teardown_leave(struct fp_teardown *t);

#endif
