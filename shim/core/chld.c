#include "chld.h"

#include <signal.h>

#include "sys.h"
#include "table.h"

enum { UNKNOWN, MANUAL, AUTOMATIC };

static bool ask(void) {
    void (*handler)(int);
    unsigned long flags;
    if (fp_sys_disposition(SIGCHLD, &handler, &flags) < 0)
        return false;
    return handler == SIG_IGN || (flags & SA_NOCLDWAIT);
}

bool fp_chld_is_automatic(void) {
    struct fp_table *table = fp_table();
    if (!table)
        return ask();
    int known = atomic_load(&table->counts->chld);
    if (known == UNKNOWN) {
        // A change meanwhile forgets what is stored here: it comes after it, or finds it UNKNOWN.
        known = ask() ? AUTOMATIC : MANUAL;
        atomic_store(&table->counts->chld, known);
    }
    return known == AUTOMATIC;
}

void fp_chld_forget(void) {
    struct fp_table *table = fp_table();
    if (table)
        atomic_store(&table->counts->chld, UNKNOWN);
}
