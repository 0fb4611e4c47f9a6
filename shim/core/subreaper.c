#include "subreaper.h"

#include <errno.h>
#include <sys/prctl.h>

#include "sys.h"
#include "table.h"

static bool ask(void) {
    int set = 0;
    long result = fp_sys_prctl(PR_GET_CHILD_SUBREAPER, (long)&set, 0, 0, 0);
    return result == 0 ? set != 0 : result != -EINVAL; // a kernel that has no subreapers
}

bool fp_subreaper_is(void) {
    struct fp_table *table = fp_table();
    unsigned seen = table ? atomic_load(&table->counts->subreaper) : FP_UNKNOWN;
    if (fp_known_answer(seen) != FP_UNKNOWN)
        return fp_known_answer(seen) == FP_IT_IS;
    bool answer = ask();
    if (table)
        fp_known_learn(&table->counts->subreaper, seen, answer);
    return answer;
}

static void change(int option, enum fp_answer now) {
    struct fp_table *table = fp_table();
    if (option == PR_SET_CHILD_SUBREAPER && table)
        fp_known_change(&table->counts->subreaper, now);
}

/* No thread may reap early from before the first adoption on. */
long fp_subreaper_prctl(int option, long a, long b, long c, long d) {
    change(option, a ? FP_IT_IS : FP_UNKNOWN);
    long result = fp_sys_prctl(option, a, b, c, d);
    change(option, FP_UNKNOWN);
    return result;
}
