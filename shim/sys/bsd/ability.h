/* The column of systems.h that is this system's: FP_HAS(zombies) == FULL. */
#ifndef FP_SYS_BSD_ABILITY_H
#define FP_SYS_BSD_ABILITY_H

#include "systems.h"

#define FP_HAVE(id, what, a, b, c, d, why)                                                         \
    FP_HAVE_##id = FP_ABILITY(FP_##a, FP_##b, FP_##c, FP_##d),
enum { FP_ABILITIES(FP_HAVE) FP_HAVE_ALL };
#undef FP_HAVE

#define FP_HAS(id) FP_HAVE_##id

#endif
