/* The systems that forkproof compiles for and has not been run on, and what of it there is there.
 */
#ifndef FP_TOOLS_SYSTEMS_H
#define FP_TOOLS_SYSTEMS_H

#include "../../shim/record/systems.h"

#define FP_SYSTEM(id, name, preload) FP_SYSTEM_##id,
enum fp_system_number { FP_SYSTEMS(FP_SYSTEM) FP_SYSTEM_COUNT };
#undef FP_SYSTEM

/* How it is said everywhere. */
#define FP_NOT_RUN "compiles, not run"

struct fp_system {
    const char *id, *name, *preload;
};

struct fp_ability_of {
    const char *id, *what;
    enum fp_ability on[FP_SYSTEM_COUNT];
    const char *why; /* not in full; "" */
};

extern const struct fp_system fp_systems[FP_SYSTEM_COUNT];
extern const struct fp_ability_of fp_abilities[];
extern const int fp_ability_count;

/* How many of them are so there. */
int fp_count_abilities(int system, enum fp_ability ability);

const char *fp_ability_name(enum fp_ability ability);

#endif
