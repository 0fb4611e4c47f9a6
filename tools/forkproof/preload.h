/* The library that is preloaded into the program, and the environment that does it. */
#ifndef FP_PRELOAD_H
#define FP_PRELOAD_H

/*
 * The library's path, allocated. -errno after one line on stderr. Where objects for other classes
 * of programs lie beside the library it has $PLATFORM in it, which glibc's loader replaces, and
 * leads to the library itself as it stands.
 */
int fp_preload_find(char **ret_path);

/* What is loaded of that path into an image for this machine (EM_...): a path, allocated, or NULL.
 */
char *fp_preload_object(const char *library, unsigned machine);

/*
 * The caller's environment with the library added to LD_PRELOAD (once, after what is there), the
 * run's id, the path under which members find the ledger (NULL: none) and the options. Allocated.
 * -ENOMEM.
 */
int fp_preload_environment(const char *library, const char *run_id, const char *ledger,
                           const char *options, char ***ret_environment);

#endif
