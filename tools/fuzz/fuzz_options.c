/* FORKPROOF_OPTIONS, as shim and command read it. */
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "fuzz.h"
#include "options.h"

static void check_values(const struct fp_options *options) {
    FP_CLAIM(options->zombies <= FP_MAX_ZOMBIES && options->verbose <= 1);
    FP_CLAIM(options->stale <= FP_STALE_ALLOW && options->kill <= FP_KILL_TREE);
    FP_CLAIM(options->env <= FP_ENV_OFF && options->sigpipe <= FP_SIGPIPE_EPIPE);
    FP_CLAIM(options->pipes <= FP_PIPES_CLOEXEC && options->exec <= FP_EXEC_PARENT_DIR);
    FP_CLAIM(options->contain <= FP_CONTAIN_OFF && options->confine <= FP_CONFINE_ON);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fp_options options;
    struct fp_options_error error = {0};
    char *text = fp_fuzz_text(data, size);
    bool good = fp_options_parse(text, &options, &error);
    check_values(&options);
    if (!good) {
        FP_CLAIM(error.what && error.length > 0 && error.at >= text);
        FP_CLAIM(error.at + error.length <= text + strlen(text));
    }
    free(text);
    return 0;
}
