/*
 * The next definition of a function after ours, as dlsym(RTLD_NEXT) finds it, for code where dlsym
 * may not be called: in signal handlers, in freshly forked children of threaded programs, before
 * libc is ready. Reads the loader's list of objects without a lock: the objects a program starts
 * with are never unlinked, and libc is one of them.
 */
#ifndef FP_SYS_SYMBOL_H
#define FP_SYS_SYMBOL_H

/* NULL when no object after ours defines it (the default version, where there are several). */
void *fp_symbol_next(const char *name);

/* The same for one version of it, or for a definition that has none, as the loader takes it. */
void *fp_symbol_next_version(const char *name, const char *version);

/* The path that this object was loaded by, or NULL. */
const char *fp_symbol_own_path(void);

#endif
