/* wait, waitpid, wait3, wait4, waitid. */
#include <sys/resource.h>
#include <sys/wait.h>

#include "note.h"
#include "wrap.h"

FP_EXPORT pid_t wait(int *status) {
    FP_NOTE(note);
    return (pid_t)fp_wrap_result(fp_note_wait4(&note, -1, status, 0, NULL));
}
FP_EXPORT_AS(__wait, wait);

FP_EXPORT pid_t waitpid(pid_t pid, int *status, int options) {
    FP_NOTE(note);
    return (pid_t)fp_wrap_result(fp_note_wait4(&note, pid, status, options, NULL));
}
FP_EXPORT_AS(__waitpid, waitpid);

FP_EXPORT pid_t wait3(int *status, int options, struct rusage *usage) {
    FP_NOTE(note);
    return (pid_t)fp_wrap_result(fp_note_wait4(&note, -1, status, options, usage));
}

FP_EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage) {
    FP_NOTE(note);
    return (pid_t)fp_wrap_result(fp_note_wait4(&note, pid, status, options, usage));
}

FP_EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
    FP_NOTE(note);
    return (int)fp_wrap_result(fp_note_waitid(&note, (int)type, (long)id, info, options, NULL));
}
