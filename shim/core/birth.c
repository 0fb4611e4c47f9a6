#include "birth.h"

#include "child.h"
#include "group.h"
#include "ledger.h"
#include "limit.h"
#include "origin.h"
#include "pending.h"
#include "settings.h"
#include "stash.h"
#include "table.h"

int fp_birth_begin(void) {
    fp_group_enter();
    int result = fp_limit_take(fp_ledger_enter());
    if (result < 0)
        return result;
    fp_pending_settle(); // the child may go on with an interrupted wait, too
    fp_fork_begin();
    return 0;
}

static void enter(pid_t pid) {
    struct fp_ledger *ledger = fp_ledger();
    if (ledger && pid > 0)
        fp_ledger_born(ledger, pid);
    else
        fp_limit_give_back(ledger);
}

pid_t fp_birth_end(pid_t pid, struct fp_birth how) {
    enter(pid);
    fp_fork_end(pid, how.pinned);
    if (pid > 0) {
        fp_group_add(pid, how.leads);
        fp_stash_bound(fp_settings.options.zombies);
    }
    return pid;
}

int fp_birth_begin_elsewhere(void) {
    return fp_limit_take(fp_ledger_enter());
}

pid_t fp_birth_end_elsewhere(pid_t pid) {
    enter(pid);
    return pid;
}

void fp_birth_child(void) {
    fp_table_forget();
    fp_origin_child();
}
