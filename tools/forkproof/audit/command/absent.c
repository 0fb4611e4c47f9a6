/* Without libdw there are no stacks, and so no audit. */
#include "audit/command/analysis.h"
#include "audit/stall.h"

#include <errno.h>

#include "contract.h"
#include "say.h"

int fp_analysis_check(struct fp_audit_options *options, const char *subcommand) {
    (void)options;
    fp_say("%s: not in this forkproof, which was built without libdw", subcommand);
    return -ENOTSUP;
}

/* Nor a look for a stall. */
int fp_stall_start(struct fp_stall *stall) {
    (void)stall;
    return -ENOTSUP;
}

bool fp_stall_ends_run(struct fp_stall *stall) {
    (void)stall;
    return false;
}

void fp_stall_stop(struct fp_stall *stall) {
    (void)stall;
}

size_t fp_stall_count(const struct fp_stall *stall) {
    (void)stall;
    return 0;
}

const struct fp_stalled *fp_stall_get(const struct fp_stall *stall, size_t number) {
    return &stall->found[number];
}

int fp_analysis_run(const struct fp_analysis *analysis) {
    (void)analysis;
    return FP_EXIT_FAILED;
}
