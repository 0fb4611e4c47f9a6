/* A /proc of a pid namespace's own that shows no more than the one outside. */
#ifndef FP_PROCFS_H
#define FP_PROCFS_H

#include <stdbool.h>

/* What protects the /proc that we have. */
struct fp_procfs {
    int id;
    char hiding[96]; /* its options for that */
    char below[64];  /* a mount below it that masks a part or makes it read-only; "" */
};

/* -errno. */
int fp_procfs_look(bool has_user_namespace, struct fp_procfs *ret);

/* Over /proc, in a mount namespace of our own, with the same options. -errno. */
int fp_procfs_mount(bool has_user_namespace);

#endif
