#include "birth.h"

#include "child.h"
#include "group.h"
#include "origin.h"
#include "pending.h"
#include "settings.h"
#include "stash.h"
#include "table.h"

void fp_birth_begin(void) {
    fp_group_enter();
    fp_pending_settle(); // the child may go on with an interrupted wait, too
    fp_fork_begin();
}

pid_t fp_birth_end(pid_t pid, struct fp_birth how) {
    fp_fork_end(pid, how.pinned);
    if (pid > 0) {
        fp_group_add(pid, how.leads);
        fp_stash_bound(fp_settings.options.zombies);
    }
    return pid;
}

void fp_birth_child(void) {
    fp_table_forget();
    fp_origin_child();
}
