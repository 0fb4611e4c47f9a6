#include "chld.h"

#include <signal.h>

#include "sys.h"
#include "table.h"

static bool ask(void) {
    void (*handler)(int);
    unsigned long flags;
    if (fp_sys_disposition(SIGCHLD, &handler, &flags) < 0)
        return false;
    return handler == SIG_IGN || (flags & SA_NOCLDWAIT);
}

bool fp_chld_is_automatic(void) {
    struct fp_table *table = fp_table();
    unsigned seen = table ? atomic_load(&table->counts->chld) : FP_UNKNOWN;
    if (fp_known_answer(seen) != FP_UNKNOWN)
        return fp_known_answer(seen) == FP_IT_IS;
    bool answer = ask();
    if (table && answer)
        fp_known_change(&table->counts->chld, FP_IT_IS);
    else if (table)
        fp_known_learn(&table->counts->chld, seen, answer);
    return answer;
}

void fp_chld_changes(bool automatic) {
    struct fp_table *table = fp_table();
    if (table && automatic)
        fp_known_change(&table->counts->chld, FP_IT_IS);
    else if (table)
        (void)fp_chld_is_automatic();
}

void fp_chld_changed(void) {
    struct fp_table *table = fp_table();
    if (table)
        fp_known_forget_no(&table->counts->chld);
}
