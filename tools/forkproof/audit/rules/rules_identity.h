/* What the rules on pids, waits and ends share. */
#ifndef FP_RULES_IDENTITY_H
#define FP_RULES_IDENTITY_H

#include "scene.h"

#define FP_SECONDS UINT64_C(1000000000)

struct fp_identity {
    struct fp_scene *scene;
    /* By life. */
    bool *is_deaf;   /* its SIGCHLD is ignored: no child of it becomes a zombie */
    bool *is_killed; /* by its own parent */
    size_t *last;    /* its last fork or wait; FP_NO_EVENT: none */
};

/* rules_identity.c: a child that the life forked itself, not by way of libc, and that it has to
 * wait for. */
bool fp_identity_is_own(const struct fp_identity *identity, size_t child);

/* The life went on after that time, and not only to its end: it forked or waited, or a second
 * passed. */
bool fp_identity_lived_on(const struct fp_identity *identity, size_t life, uint64_t time);

void fp_identity_kills(struct fp_identity *identity); /* rules_kill.c */
void fp_identity_waits(struct fp_identity *identity); /* rules_wait.c */
void fp_identity_ends(struct fp_identity *identity);  /* rules_zombie.c */

/* "0.25 s", kept in the scene. */
const char *fp_identity_span(const struct fp_identity *identity, uint64_t from, uint64_t to);

#endif
