/*
 * The environment of an exec, with the preload kept in it, and out of the program's sight.
 *
 * Programs exec with cleared and with hand-made environments; without LD_PRELOAD the hooks would
 * end there. The new environment is the caller's, in the caller's order, with only the missing
 * variables added, and lives in memory that the caller lends (its stack), so that a vfork child
 * leaves nothing behind in its parent. What was added is taken out again when the new image loads:
 * the program sees the environment it was given, and one that re-execs itself until LD_PRELOAD is
 * gone does not loop.
 */
#ifndef FP_ENVIRON_H
#define FP_ENVIRON_H

#include <stdbool.h>
#include <stddef.h>

#include "settings.h"

/* What is missing from one environment. */
struct fp_environ {
    char *const *from;
    size_t count;             /* variables in `from` */
    size_t list_at;           /* where its effective LD_PRELOAD stands; `count` when it has none */
    size_t text_length;       /* bytes for the strings to be made */
    char added[8 + FP_AUDIT]; /* the FP_KEPT_ letters, terminated */
    const char *group;        /* the register of the contained program, or NULL */
};

/*
 * Looks at envp; NULL is an empty one, as for the kernel. False when it is to be passed on as it
 * is: complete, or keeping is off, or some of it cannot be read, which is then the kernel's to say.
 * group: the register that the next image is to find, or NULL.
 * Async-signal-safe.
 */
bool fp_environ_lacks(struct fp_environ *ret_plan, const struct fp_settings *settings,
                      const char *group, char *const *envp);

/* Pointers that fp_environ_fill needs room for, the closing NULL included. */
size_t fp_environ_slots(const struct fp_environ *plan);

/* Writes the new environment: fp_environ_slots pointers and plan->text_length bytes. */
void fp_environ_fill(const struct fp_environ *plan, const struct fp_settings *settings,
                     char **ret_envp, char *ret_text);

/* In the new image: takes out of envp, in place, what the exec before it added. */
void fp_environ_strip(char **envp);

/*
 * Under env=restore, after that: takes our items out of LD_PRELOAD, or all of it when it holds no
 * others, and our own variables. Does nothing when exec could not add them again.
 */
void fp_environ_hide(char **envp, const struct fp_settings *settings);

#endif
