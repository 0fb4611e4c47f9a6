/* One run of a gotcha's program in a world of its own: conformance/driver/warden.c. */
#ifndef FP_WORLD_H
#define FP_WORLD_H

#include "explain/gotcha.h"

struct fp_world {
    char *self, *warden, *program; /* paths */
    char *directory;               /* private; nothing of it is left at the end */
    bool no_namespace;             /* none can be had */
    int ended_by;                  /* the signal that asked us to end; 0: none has */
};

/* What came of one run: files, as strings. */
struct fp_played {
    int status;     /* of the warden; 77: such a world cannot be had */
    char *facts;    /* what it printed: see warden.c */
    char *problems; /* what it complained of */
    char *words;    /* what the program told: see conformance/cases/case.c */
    char *out, *err, *state;
};

/* -errno after one line. */
int fp_world_open(const struct fp_gotcha *gotcha, struct fp_world *ret);

bool fp_world_needs(const struct fp_gotcha *gotcha, const char *what);

/*
 * Bare or under `forkproof run`; nothing of it is left when this returns. -errno after one line;
 * -EINTR without one: a signal asked us to end.
 */
int fp_world_play(struct fp_world *world, const struct fp_gotcha *gotcha, enum fp_mode mode,
                  struct fp_played *ret);

void fp_played_free(struct fp_played *played);

/* Takes the signal that asked us to end, when there was one. */
void fp_world_close(struct fp_world *world);

#endif
