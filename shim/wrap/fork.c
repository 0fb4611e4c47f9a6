/* fork: the child is registered before anybody is told of it. */
#include <sys/types.h>
#include <unistd.h>

#include "child.h"
#include "pending.h"
#include "settings.h"
#include "stash.h"
#include "symbol.h"
#include "wrap.h"

FP_EXPORT pid_t fork(void) {
    __typeof__(&fork) next = FP_NEXT(fork);
    if (!next)
        return (pid_t)fp_wrap_result(-ENOSYS);
    fp_pending_settle(); // the child may go on with an interrupted wait, too
    fp_fork_begin();
    pid_t pid = next();
    if (pid == 0) {
        fp_table_forget();
        return 0;
    }
    fp_fork_end(pid);
    if (pid > 0)
        fp_stash_bound(fp_settings.options.zombies);
    return pid;
}
