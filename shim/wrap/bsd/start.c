/* What happens when the object is loaded: what is behind ours is looked up, the environment read.
 */
#include "environ.h"
#include "group.h"
#include "origin.h"
#include "sigpipe.h"
#include "wrap.h"

#if defined(__OpenBSD__)
/*
 * A program that has pledged not to open files is killed when we do it. An image does not see what
 * the one before has pledged for it, so here nothing is contained but when it is asked for.
 */
static void hold_back(void) {
    const char *text = fp_settings.text ? fp_settings.text : "";
    if (!strstr(text, "contain="))
        fp_settings.options.contain = FP_CONTAIN_OFF;
}

bool fp_sys_is_pledged;

FP_WRAP(int, pledge, (const char *promises, const char *promises_of_next)) {
    fp_sys_is_pledged = true;
    fp_settings.options.contain = FP_CONTAIN_OFF;
    fp_settings.options.kill = FP_KILL_PROCESS;
    return FP_REAL(pledge)(promises, promises_of_next);
}
#else
static void hold_back(void) {}
#endif

__attribute__((constructor)) static void start(void) {
    char **own = fp_sys_environ();
    fp_real_find();
    if (!own)
        return;
    fp_settings_read(own);
    hold_back();
    fp_environ_strip(own);
    fp_group_load(fp_settings.group);
    fp_environ_hide(own, &fp_settings);
    if (fp_settings.options.exec == FP_EXEC_PARENT_DIR)
        fp_origin_begin();
    if (fp_settings.options.sigpipe == FP_SIGPIPE_EPIPE)
        fp_sigpipe_replace(SIG_DFL);
}
