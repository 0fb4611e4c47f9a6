/* The library that is preloaded into the program, and the environment that does it. */
#ifndef FP_PRELOAD_H
#define FP_PRELOAD_H

#include <stdbool.h>

/*
 * The path of the library of that name, allocated: beside the command, or as FORKPROOF_LIBRARY
 * says, which names one of them; another one lies beside it. -errno after one line on stderr. Where
 * objects for other classes of programs lie beside the library it has $PLATFORM in it, which
 * glibc's loader replaces, and leads to the library itself as it stands.
 */
int fp_preload_find(const char *name, char **ret_path);

/* What is loaded of that path into an image for this machine (EM_...): a path, allocated, or NULL.
 */
char *fp_preload_object(const char *library, unsigned machine);

/* Whether an audit is around us: what we run belongs to it as well. */
bool fp_preload_is_audited(void);

struct fp_preload {
    const char *library, *run_id;
    const char *ledger, *record; /* paths under which members find them; NULL: none */
    const char *options;
};

/*
 * The caller's environment with the library added to LD_PRELOAD (once, after what is there), and
 * with what members find the rest by. Allocated. -ENOMEM.
 */
int fp_preload_environment(const struct fp_preload *preload, char ***ret_environment);

#endif
