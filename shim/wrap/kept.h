/* The environment of an exec or a spawn, for use in the wrapper's own frame. */
#ifndef FP_WRAP_KEPT_H
#define FP_WRAP_KEPT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "environ.h"
#include "group.h"
#include "settings.h"
#include "sys.h"

/* The environment to exec with. */
struct fp_kept {
    char *const *envp;
    bool changed;
    void *mapped;
    size_t size;
};

/* Larger ones are mapped: threads may have stacks of 16 KiB. */
#define FP_KEPT_STACK_BYTES 1024

/*
 * An exec that succeeds in a vfork child leaves its mapping in the parent. It is noted for the
 * thread that both of them are; before such a child is made nothing is noted, afterwards the parent
 * reclaims what is.
 */
void fp_kept_note(void *at, size_t size);
void fp_kept_reclaim(void);

static inline bool fp_kept_needs(struct fp_kept *kept, struct fp_environ *ret_plan,
                                 char *const *envp) {
    *kept = (struct fp_kept){.envp = envp};
    fp_group_join();
    kept->changed = fp_environ_lacks(ret_plan, &fp_settings, fp_group_path(), envp);
    kept->size =
        kept->changed ? fp_environ_slots(ret_plan) * sizeof(char *) + ret_plan->text_length : 0;
    if (kept->size > FP_KEPT_STACK_BYTES) {
        kept->mapped = fp_sys_map(kept->size);
        kept->changed = kept->mapped != NULL;
        fp_kept_note(kept->mapped, kept->size);
    }
    return kept->changed;
}

static inline void fp_kept_fill(struct fp_kept *kept, const struct fp_environ *plan, void *memory) {
    char **envp = memory;
    fp_environ_fill(plan, &fp_settings, envp, (char *)(envp + fp_environ_slots(plan)));
    kept->envp = envp;
}

/* In the frame of the wrapper, on its stack. */
#define FP_KEEP(kept, envp)                                                                        \
    do {                                                                                           \
        struct fp_environ plan_;                                                                   \
        if (fp_kept_needs(&(kept), &plan_, (envp)))                                                \
            fp_kept_fill(&(kept), &plan_, (kept).mapped ? (kept).mapped : alloca((kept).size));    \
    } while (0)

/* The exec has failed. True when it is to be tried with the program's own environment: what we
 * added was too much. */
static inline bool fp_kept_was_too_big(struct fp_kept *kept, long error) {
    if (kept->mapped) {
        fp_kept_note(NULL, 0);
        fp_sys_unmap(kept->mapped, kept->size);
    }
    return kept->changed && error == E2BIG;
}

#endif
