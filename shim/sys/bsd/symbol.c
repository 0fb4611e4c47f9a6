#include "symbol.h"

#include <dlfcn.h>
#include <stddef.h>

void *fp_symbol_next(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

const char *fp_symbol_own_path(void) {
    static const char here;
    Dl_info info;
    return dladdr(&here, &info) ? info.dli_fname : NULL;
}
