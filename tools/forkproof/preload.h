/* The library that is preloaded into the program, and the environment that does it. */
#ifndef FP_PRELOAD_H
#define FP_PRELOAD_H

/* The library's path, allocated. -errno after one line on stderr. */
int fp_preload_find(char **ret_path);

/*
 * The caller's environment with the library added to LD_PRELOAD (once, after what is there), the
 * run's id and the options. Allocated. -ENOMEM.
 */
int fp_preload_environment(const char *library, const char *run_id, const char *options,
                           char ***ret_environment);

#endif
