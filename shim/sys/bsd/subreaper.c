/* A process that adopts orphans: FreeBSD's reaper, which it has become by itself. */
#include "subreaper.h"

#include "sys.h"

#if defined(__FreeBSD__)
#include "freebsd/reaper.h"

/* Not remembered: procctl is not wrapped. */
bool fp_subreaper_is(void) {
    return fp_reaper_is();
}
#else
bool fp_subreaper_is(void) {
    return false;
}
#endif
