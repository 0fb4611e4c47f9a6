/*
 * The wait-for graph: who of a run is blocked in which call, on what, and who could end the wait.
 * All of it is read from /proc; nobody is stopped, and no pipe is opened or read from. One look is
 * not atomic, so two must agree before anything is called a cycle.
 *
 * What is not seen, and therefore never claimed or claimed in spite of it: a descriptor that is on
 * its way through a socket; one held by a process of another user outside of the run; a timer that
 * will interrupt a call by a signal. Waits in poll (but for nothing), select, epoll, sockets and
 * splice, and those of images of another word size, are not followed: who is in one counts as able
 * to go on. Who waits for a signal counts as idle only when no member is left that could send one.
 *
 * Names and paths are as /proc has them, which may be anything; the tellers escape them.
 */
#ifndef FP_WAITS_H
#define FP_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum fp_wait_kind {
    FP_WAIT_OTHER,     /* it runs, or waits for what is not followed here: can go on by itself */
    FP_WAIT_READ,      /* pipe or fifo that is empty */
    FP_WAIT_WRITE,     /* pipe or fifo that is full */
    FP_WAIT_OPEN_READ, /* fifo */
    FP_WAIT_OPEN_WRITE,
    FP_WAIT_CHILD, /* to end */
    FP_WAIT_VFORK, /* child to exec or end */
    FP_WAIT_LOCK,  /* of a file */
    FP_WAIT_FUTEX, /* in memory that is not shared with another process */
    FP_WAIT_SIGNAL,
};

/* A thread of a member. */
struct fp_wait {
    size_t process; /* its place among the processes */
    pid_t tid;
    char state; /* as in /proc/PID/stat */
    enum fp_wait_kind kind;
    long call;             /* number, as this build has it; -1: none, or not known */
    uint64_t at[8];        /* its arguments, stack and program pointer */
    char where[32];        /* function of the kernel (wchan); "" */
    uint64_t switches;     /* times it was scheduled */
    int fd;                /* -1 */
    id_t child;            /* which children FP_WAIT_CHILD is for… */
    int child_type;        /* …a P_ of waitid */
    char key[64];          /* names the pipe, fifo or lock among the ends; "" */
    char *object;          /* "pipe:[34]" or a path; NULL */
    bool is_idiom;         /* reads a fifo that it holds open for writing by the same descriptor */
    bool is_stuck;         /* whoever could end the wait is stuck, too */
    long queued, capacity; /* bytes, of a pipe in a cycle; -errno when it could not be asked */
};

/* A descriptor for a pipe, fifo or locked file that somebody waits for. */
struct fp_end {
    size_t process;
    int fd;
    char key[64];
    bool reads, writes; /* by its mode; of a lock: both */
    unsigned flags;     /* of fdinfo */
};

/* Members, and whoever else there is: one who is no member can always go on. */
struct fp_looked {
    pid_t pid, parent, group;
    uint64_t born; /* clock ticks since boot */
    char name[64];
    bool is_member, is_alive;
    bool is_closed;      /* its descriptors could not be read: it may hold any */
    size_t first, count; /* its threads among the waits */
};

/* One look. Processes are in the order of their pids. */
struct fp_waits {
    struct fp_looked *processes;
    size_t process_count;
    struct fp_wait *waits;
    size_t wait_count;
    struct fp_end *ends;
    size_t end_count;
};

/* Processes that wait for each other and for nobody else. */
struct fp_cycle {
    size_t *waits; /* those that tell the story */
    size_t wait_count;
    size_t chain; /* so many of the first: each waits for the process of the next… */
    bool is_ring; /* …and the last for that of the first */
    size_t process_count;
    bool by_signal; /* one only waits for a signal, which somebody outside may send */
    bool by_name;   /* somebody outside may open a fifo */
};

struct fp_cycles {
    struct fp_cycle *at;
    size_t count;
};

/* Who has vanished meanwhile, and the caller, is left out. -ENOMEM, or what opening /proc gave. */
int fp_waits_look(const pid_t *pids, size_t count, struct fp_waits *ret);

/* The same for all descendants of the process, not itself; of any of them. */
int fp_waits_look_below(pid_t top, struct fp_waits *ret);
int fp_waits_look_below_all(const pid_t *tops, size_t count, struct fp_waits *ret);

void fp_waits_free(struct fp_waits *waits);

/*
 * What both looks agree on: the same threads in the same calls, not scheduled between. Sets
 * is_stuck in both, and queued and capacity in `now`. -ENOMEM.
 */
int fp_waits_cycles(struct fp_waits *before, struct fp_waits *now, struct fp_cycles *ret);
void fp_cycles_free(struct fp_cycles *cycles);

/*
 * Calls `visit` with the place of each process that could end the wait, until it returns false.
 * False: somebody could who is not known, or a visit returned false.
 */
bool fp_waits_each_waker(const struct fp_waits *waits, const struct fp_wait *wait,
                         bool visit(size_t process, void *data), void *data);

/* "cat (12) waits to write pipe:[34], which is full and which only filter (13) reads" */
void fp_wait_tell(FILE *out, const struct fp_waits *waits, const struct fp_wait *wait);

/* All of them, and ": neither can go on". No newline. */
void fp_cycle_tell(FILE *out, const struct fp_waits *waits, const struct fp_cycle *cycle);

/* A few lines; in ASCII without `utf8`. */
void fp_cycle_draw(FILE *out, const struct fp_waits *waits, const struct fp_cycle *cycle,
                   bool utf8);

#endif
