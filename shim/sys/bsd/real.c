#include "real.h"

#include "symbol.h"

#if !defined(__APPLE__)
struct fp_real fp_real;

/* fork is the last: who finds it there finds all of them. */
void fp_real_find(void) {
    struct fp_real found;
#define FIND(name, symbol) found.name = (__typeof__(found.name))fp_symbol_next(symbol);
    FP_REALS(FIND)
#undef FIND
    __typeof__(found.fork) last = found.fork;
    found.fork = NULL;
    if (!fp_real.fork)
        fp_real = found;
    __atomic_store_n(&fp_real.fork, last, __ATOMIC_RELEASE);
}
#endif
