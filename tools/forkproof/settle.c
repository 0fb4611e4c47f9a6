#include "settle.h"

#include "proc.h"

#define SHARE 3 /* clock ticks of a processor: more than an end needs */

static struct fp_runner *find(struct fp_settling *settling, const struct fp_proc_stat *stat) {
    for (size_t i = 0; i < settling->count; i++)
        if (settling->at[i].pid == stat->pid && settling->at[i].start == stat->start)
            return &settling->at[i];
    if (settling->count == FP_SETTLING)
        return NULL;
    struct fp_runner *runner = &settling->at[settling->count++];
    *runner = (struct fp_runner){stat->pid, stat->start, stat->ticks};
    return runner;
}

static bool may_end(struct fp_settling *settling, pid_t pid) {
    struct fp_proc_stat stat;
    if (fp_proc_is_ending(pid))
        return true;
    if (!fp_proc_is_running(pid) || fp_proc_stat(pid, &stat) < 0)
        return false;
    const struct fp_runner *runner = find(settling, &stat);
    return runner && stat.ticks - runner->ticks < SHARE;
}

bool fp_settle_look(struct fp_settling *settling, struct fp_teardown *t) {
    bool is_due = false;
    (void)fp_teardown_list(t);
    for (size_t i = 0; i < t->now.count && t->now.count <= FP_SETTLING_OF; i++) {
        const struct fp_member *member = &t->now.at[i];
        if (!fp_teardown_spares(t, member) && member->start != FP_MEMBER_HIDDEN)
            is_due |= may_end(settling, member->pid);
    }
    return is_due && settling->count < FP_SETTLING;
}
