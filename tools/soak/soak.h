/*
 * What the parts of the load share: the ledger of statuses, and the gate at which all of them stand
 * still so that the ledger can be audited and the load be looked at from outside.
 *
 * Every child ends with a status that is known beforehand. It is promised to the child's pid when
 * the child is made and told by whichever wait gets it, in any order: who reaps may be faster than
 * the fork that returns. A pid's promises and what was told of it must agree at each audit.
 */
#ifndef SOAK_H
#define SOAK_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

enum {
    PID_LIMIT = 1 << 22,
    DESCRIPTORS = 128,      /* RLIMIT_NOFILE of all that is the load's */
    STALE_SIGNAL = SIGUSR2, /* ignored by all that is the load's; sent to whom it concerns not */
};

enum soak_phase { RUNNING, QUIET, OVER };

/* What is done wrong on purpose, to see it noticed. */
enum soak_sabotage { NOTHING, LEAK_FD, LOSE, TELL_TWICE, TELL_WRONG, ZOMBIE, STRANGER, MEMORY };

struct soak_entry {
    atomic_int due;       /* statuses promised and not told */
    atomic_ullong digest; /* of those promised, less those told */
};

/* Shared by all processes of the load. */
struct soak {
    atomic_int phase;
    atomic_int parked;    /* workers that stand still */
    atomic_bool starving; /* descriptors are to be used up */
    atomic_long forked, told;
    atomic_long lost, twice, wrong;  /* statuses, as the audits found */
    atomic_long no_process, no_file; /* calls refused with EAGAIN, EMFILE */
    atomic_long refused;             /* kills of a child that was certainly there, which failed */
    atomic_long stale, stale_sent;   /* kills of pids that were waited for, and those answered 0 */
    atomic_long unreaped;            /* most children of the part that does not wait */
    atomic_int newest;               /* highest pid promised or told */
    struct soak_entry of[PID_LIMIT];
};

extern struct soak *soak;
extern enum soak_sabotage soak_sabotage;

/* Statuses are as waitpid's. */
static inline int soak_exited(int code) {
    return code << 8;
}

void soak_promise(pid_t pid, int status);
void soak_tell(pid_t pid, int status); /* async-signal-safe */

/* Both at once, of a child that libc made and waited for by itself. */
void soak_compare(int promised, int told);

/* To be called while all stand still: what does not agree is counted and forgotten. */
void soak_audit(void);

/* A call was refused for want of something; true when that is nothing to wonder about. */
bool soak_refused(void);

/* Whether to go on making children. Uses up descriptors, or gives them back, when asked to. */
bool soak_running(void);

/* A worker without children stands still; false when the load is over. */
bool soak_park(void);

/* Runs so many threads; each is given its number, an unsigned. */
void soak_run_threads(void *(*const run[])(void *), int count);

/* A moment, shorter when the phase changes: for those who have to wait for others. */
void soak_pause(void);

/*
 * The parts: each is a process that treats its children as some program does, until the load is
 * over. The names say how it waits (waiters.c) or how it starts them (starters.c).
 */
void soak_run_pool(void);
void soak_run_handler(void);
void soak_run_late(void);
void soak_run_spawner(void);
void soak_run_groups(void);
void soak_run_daemons(void);
void soak_run_pump(void);

/* Threads of a part that stop at the gate. */
enum { SOAK_POOL_WORKERS = 5, SOAK_SPAWNER_WORKERS = 2 };

#endif
