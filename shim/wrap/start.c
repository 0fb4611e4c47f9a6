/* What happens when the object is loaded: the environment is read, and what its options ask for. */
#include <link.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "environ.h"
#include "group.h"
#include "note.h"
#include "origin.h"
#include "settings.h"
#include "sigpipe.h"

extern char **environ __attribute__((weak));
extern struct r_debug _r_debug __attribute__((weak)); // glibc has it

/*
 * glibc starts this object before all others, so that no constructor sees what an exec has added;
 * its own environ is not set then, but it hands the environment to constructors, as musl does not.
 */
__attribute__((constructor)) static void start(int argc, char **argv, char **envp) {
    (void)argc;
    (void)argv; // but for an audit
    char **given = &_r_debug ? envp : NULL;
    char **own = &environ && environ ? environ : given;
    if (!own)
        return;
    fp_settings_read(own);
    if (FP_AUDIT)
        fp_watch_begin(&_r_debug ? argv : NULL, own);
    fp_environ_strip(own);
    fp_group_load(fp_settings.group);
    fp_environ_hide(own, &fp_settings);
    if (fp_settings.options.exec == FP_EXEC_PARENT_DIR)
        fp_origin_begin();
    if (fp_settings.options.sigpipe == FP_SIGPIPE_EPIPE)
        fp_sigpipe_replace(SIG_DFL);
}
