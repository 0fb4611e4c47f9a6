/* What an exec or a spawn owes the next image, besides its environment (kept.h). */
#ifndef FP_WRAP_IMAGE_H
#define FP_WRAP_IMAGE_H

#include <signal.h>
#include <spawn.h>
#include <stdbool.h>

#include "origin.h"
#include "settings.h"
#include "sigpipe.h"
#include "sys.h"

/* exec=parent-dir: the program's path, in the frame of the wrapper, on its stack. */
#define FP_PLACE(path)                                                                             \
    do {                                                                                           \
        if (fp_origin_is_elsewhere()) {                                                            \
            char *room_ = alloca(FP_PLACE_SIZE);                                                   \
            (path) = fp_origin_place((path), room_);                                               \
        }                                                                                          \
    } while (0)

/* The same for a spawn, whose child may change its directory before it execs. */
#define FP_PLACE_SPAWN(path, actions)                                                              \
    do {                                                                                           \
        if ((actions) && fp_origin_is_on()) {                                                      \
            char *room_ = alloca(FP_PLACE_SIZE);                                                   \
            (path) = fp_origin_place_here((path), room_);                                          \
        }                                                                                          \
    } while (0)

/* Right before an exec: SIGPIPE as the program left it. The answer is for fp_image_failed. */
static inline bool fp_image_begin(void) {
    return fp_settings.options.sigpipe == FP_SIGPIPE_EPIPE && fp_sigpipe_disarm();
}

/* Right after a failed one. */
static inline void fp_image_failed(bool disarmed) {
    if (disarmed)
        fp_sigpipe_replace(SIG_DFL);
}

/*
 * The attributes to spawn with: the caller's, or *ret_changed, a copy with SIGPIPE among the
 * signals that are set to their default.
 */
const posix_spawnattr_t *fp_image_attributes(const posix_spawnattr_t *attributes,
                                             posix_spawnattr_t *ret_changed);

#endif
