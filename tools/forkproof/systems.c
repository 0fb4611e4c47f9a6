#include "systems.h"

#define SYSTEM(id, name, preload) {#id, name, preload},
const struct fp_system fp_systems[FP_SYSTEM_COUNT] = {FP_SYSTEMS(SYSTEM)};

#define ABILITY(id, what, macos, freebsd, netbsd, openbsd, why)                                    \
    {#id, what, {FP_##macos, FP_##freebsd, FP_##netbsd, FP_##openbsd}, why},
const struct fp_ability_of fp_abilities[] = {FP_ABILITIES(ABILITY)};

const int fp_ability_count = sizeof fp_abilities / sizeof *fp_abilities;

int fp_count_abilities(int system, enum fp_ability ability) {
    int count = 0;
    for (int i = 0; i < fp_ability_count; i++)
        count += fp_abilities[i].on[system] == ability;
    return count;
}

const char *fp_ability_name(enum fp_ability ability) {
    return ability == FP_FULL ? "full" : ability == FP_WEAK ? "weak" : "none";
}
