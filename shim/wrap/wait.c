/* wait, waitpid, wait3, wait4, waitid. */
#include <sys/resource.h>
#include <sys/wait.h>

#include "reap.h"
#include "wrap.h"

FP_EXPORT pid_t wait(int *status) {
    return (pid_t)fp_wrap_result(fp_reap_wait4(-1, status, 0, NULL));
}
FP_EXPORT_AS(__wait, wait);

FP_EXPORT pid_t waitpid(pid_t pid, int *status, int options) {
    return (pid_t)fp_wrap_result(fp_reap_wait4(pid, status, options, NULL));
}
FP_EXPORT_AS(__waitpid, waitpid);

FP_EXPORT pid_t wait3(int *status, int options, struct rusage *usage) {
    return (pid_t)fp_wrap_result(fp_reap_wait4(-1, status, options, usage));
}

FP_EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage) {
    return (pid_t)fp_wrap_result(fp_reap_wait4(pid, status, options, usage));
}

FP_EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
    return (int)fp_wrap_result(fp_reap_waitid((int)type, (long)id, info, options, NULL));
}
