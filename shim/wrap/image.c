#include "image.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "symbol.h"
#include "wrap.h"

/* False when this libc has no such function, which no libc with posix_spawn is known to be. */
static bool add_default(posix_spawnattr_t *attributes, int number) {
    __typeof__(&posix_spawnattr_getflags) get_flags = FP_NEXT(posix_spawnattr_getflags);
    __typeof__(&posix_spawnattr_setflags) set_flags = FP_NEXT(posix_spawnattr_setflags);
    __typeof__(&posix_spawnattr_getsigdefault) get = FP_NEXT(posix_spawnattr_getsigdefault);
    __typeof__(&posix_spawnattr_setsigdefault) set = FP_NEXT(posix_spawnattr_setsigdefault);
    sigset_t signals = {0};
    uint64_t first;
    short flags = 0;
    if (!get_flags || !set_flags || !get || !set || get_flags(attributes, &flags) != 0)
        return false;
    if (flags & POSIX_SPAWN_SETSIGDEF) // without it the set counts for nothing
        (void)get(attributes, &signals);
    memcpy(&first, &signals, sizeof first);
    first |= UINT64_C(1) << (number - 1);
    memcpy(&signals, &first, sizeof first);
    return set(attributes, &signals) == 0 &&
           set_flags(attributes, (short)(flags | POSIX_SPAWN_SETSIGDEF)) == 0;
}

const posix_spawnattr_t *fp_image_attributes(const posix_spawnattr_t *attributes,
                                             posix_spawnattr_t *ret_changed) {
    if (fp_settings.options.sigpipe != FP_SIGPIPE_EPIPE || !fp_sigpipe_stands())
        return attributes;
    __typeof__(&posix_spawnattr_init) init = FP_NEXT(posix_spawnattr_init);
    if (attributes)
        *ret_changed = *attributes;
    else if (!init || init(ret_changed) != 0)
        return attributes;
    return add_default(ret_changed, SIGPIPE) ? ret_changed : attributes;
}
