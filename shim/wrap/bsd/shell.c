/*
 * system, popen, pclose: passed through. libc makes their children where nobody sees it and does
 * not tell their pids, so a member of a contained program must be one before; the shell finds the
 * register through its parent, and children of popen that are left are entered when the process
 * ends (core/group.h).
 */
#include "group.h"
#include "wrap.h"

FP_WRAP(int, system, (const char *command)) {
    if (command)
        fp_group_enter();
    return FP_REAL(system)(command);
}

FP_WRAP(FILE *, popen, (const char *command, const char *type)) {
    fp_group_enter();
    FILE *stream = FP_REAL(popen)(command, type);
    if (stream)
        fp_group_unentered(1);
    return stream;
}

FP_WRAP(int, pclose, (FILE * stream)) {
    int status = FP_REAL(pclose)(stream);
    if (status != -1)
        fp_group_unentered(-1);
    return status;
}
