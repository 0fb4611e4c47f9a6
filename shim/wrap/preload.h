/* The environment of an exec or a spawn, for use in the wrapper's own frame. */
#ifndef FP_WRAP_PRELOAD_H
#define FP_WRAP_PRELOAD_H

#include <alloca.h>
#include <stddef.h>

#include "environ.h"
#include "settings.h"

extern char **environ __attribute__((weak));

static inline char **fp_own_environ(void) {
    return &environ ? environ : NULL;
}

/* envp with the preload kept in it; gone when the calling function returns. */
#define FP_WITH_PRELOAD(envp)                                                                      \
    __extension__({                                                                                \
        struct fp_environ plan_;                                                                   \
        char *const *envp_ = (envp);                                                               \
        if (fp_environ_lacks(&plan_, &fp_settings, envp_)) {                                       \
            char **filled_ = alloca(fp_environ_slots(&plan_) * sizeof *filled_);                   \
            fp_environ_fill(&plan_, &fp_settings, filled_, alloca(plan_.text_length));             \
            envp_ = filled_;                                                                       \
        }                                                                                          \
        envp_;                                                                                     \
    })

#endif
