/* prctl: passed through; whether the process is a subreaper is remembered. */
#include <stdarg.h>
#include <sys/prctl.h>

#include "note.h"
#include "subreaper.h"
#include "wrap.h"

/* As libc's own: five arguments, whatever the option makes of them. */
FP_EXPORT int prctl(int option, ...) {
    FP_NOTE(note);
    long arguments[4];
    va_list list;
    va_start(list, option);
    for (int i = 0; i < 4; i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    long result =
        fp_subreaper_prctl(option, arguments[0], arguments[1], arguments[2], arguments[3]);
    if (option == PR_SET_PDEATHSIG)
        fp_note_pdeathsig(&note, arguments[0], result);
    return (int)fp_wrap_result(result);
}
