/*
 * system, popen, pclose, wordexp: passed through. libc makes their children where nobody sees it
 * and does not tell their pids, so a member of a contained program must be one before; the shell
 * finds the register through its parent, and children of popen that are left are entered when the
 * process ends (group.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <wordexp.h>

#include "group.h"
#include "symbol.h"
#include "wrap.h"

FP_EXPORT int system(const char *command) {
    __typeof__(&system) next = FP_NEXT(system);
    if (command)
        fp_group_enter();
    return next ? next(command) : (int)fp_wrap_result(-ENOSYS);
}

FP_EXPORT FILE *popen(const char *command, const char *type) {
    __typeof__(&popen) next = FP_NEXT(popen);
    fp_group_enter();
    FILE *stream = next ? next(command, type) : NULL;
    if (stream)
        fp_group_unentered(1);
    return stream;
}

FP_EXPORT int pclose(FILE *stream) {
    __typeof__(&pclose) next = FP_NEXT(pclose);
    int status = next ? next(stream) : (int)fp_wrap_result(-ENOSYS);
    if (status != -1)
        fp_group_unentered(-1);
    return status;
}

FP_EXPORT int wordexp(const char *words, wordexp_t *result, int flags) {
    __typeof__(&wordexp) next = FP_NEXT(wordexp);
    if (!(flags & WRDE_NOCMD))
        fp_group_enter();
    return next ? next(words, result, flags) : WRDE_NOSPACE;
}
