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

#endif
