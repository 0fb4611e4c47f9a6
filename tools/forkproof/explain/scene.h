/* What came of one run, judged, and as lines for people. */
#ifndef FP_SCENE_H
#define FP_SCENE_H

#include "explain/world.h"

enum fp_block {
    FP_BLOCK_STEPS,
    FP_BLOCK_END,
    FP_BLOCK_LEFT,
    FP_BLOCK_STRANGERS,
    FP_BLOCK_KERNEL,
    FP_BLOCK_OUT,
    FP_BLOCK_ERR,
    FP_BLOCK_FORKPROOF, /* what forkproof itself said */
    FP_BLOCKS
};

struct fp_scene {
    const struct fp_outcome *outcome; /* NULL: none that is known */
    char *blocks[FP_BLOCKS];          /* lines; "" when there is nothing */
};

/* -errno after one line: it could not be had here, or did not work. */
int fp_scene_make(const struct fp_gotcha *gotcha, enum fp_mode mode, const struct fp_played *played,
                  struct fp_scene *ret);

void fp_scene_free(struct fp_scene *scene);

/* What threads wait for, from the warden's file of states: a line each. NULL without memory. */
char *fp_state_lines(const char *state);

#endif
