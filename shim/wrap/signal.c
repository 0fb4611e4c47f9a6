/* kill, killpg. */
#include <signal.h>

#include "deliver.h"
#include "settings.h"
#include "wrap.h"

FP_EXPORT int kill(pid_t pid, int signal) {
    return (int)fp_wrap_result(fp_deliver_kill(pid, signal, fp_settings.options.stale));
}

/* As libc's own: a group is signalled by its negated id, which is never a single pid here. */
FP_EXPORT int killpg(pid_t group, int signal) {
    if (group < 0)
        return (int)fp_wrap_result(-EINVAL);
    return kill(-group, signal);
}
