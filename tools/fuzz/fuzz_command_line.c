/* Command lines: the words of an input, one a line, are what follows the name of the command. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "audit/command/options.h"
#include "audit/command/store_size.h"
#include "audit/format.h"
#include "cli.h"
#include "fuzz.h"
#include "say.h"
#include "values.h"

enum { WORDS = 64 };

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    fp_say_to(-1);
    return 0;
}

static int split(char *text, char **ret_words) {
    int count = 0;
    for (char *rest = text, *word; count < WORDS && (word = strsep(&rest, "\n"));)
        ret_words[count++] = word;
    return count;
}

/* getopt may be in the middle of a word of an earlier input. */
static void forget(void) {
    static char name[] = "forkproof";
    char *none[] = {name, NULL};
    optind = 0;
    (void)getopt(1, none, "");
}

static void check_value(const char *word) {
    int64_t ns = 0;
    int sig = 0;
    if (fp_value_duration(word, &ns) == 0)
        FP_CLAIM(ns >= 0 && ns <= INT64_C(3650) * 86400 * FP_SECOND);
    if (fp_value_signal(word, &sig) == 0)
        FP_CLAIM(sig > 0 && sig <= 64 && *fp_signal_name(sig));
}

static void check_reports(const struct fp_audit_options *audit) {
    FP_CLAIM(audit->telling_count > 0 && audit->telling_count <= FP_TELLINGS);
    FP_CLAIM(audit->suppression_count <= FP_SUPPRESSION_FILES);
    FP_CLAIM(audit->error_exitcode >= 0 && audit->error_exitcode <= 255);
    FP_CLAIM(audit->record_size >= FP_STORE_LEAST && audit->record_size <= FP_AUDIT_SIZE_MAX);
    FP_CLAIM(audit->fail_on >= FP_NOTE && audit->fail_on <= FP_NEVER && audit->stall_ns >= 0);
    for (size_t i = 0; i < audit->telling_count; i++)
        FP_CLAIM(audit->tellings[i].as >= FP_TOLD_TEXT && audit->tellings[i].as <= FP_TOLD_TRACE);
}

static void check_words(char *subcommand, int argc, char **argv) {
    struct fp_cli cli;
    argv[0] = subcommand;
    forget();
    int r = fp_cli_parse(argc, argv, &cli);
    FP_CLAIM(r == 0 || r == -EINVAL);
    if (r == 0 && !cli.help) {
        FP_CLAIM(cli.program > argv && *cli.program && cli.keep_count <= FP_KEEP_MAX);
        FP_CLAIM(cli.signal > 0 && cli.grace_ns >= 0 && cli.max_procs <= FP_MAX_PROCS);
    }
    if (r == 0 && !cli.help && cli.is_audit)
        check_reports(&cli.audit);
    free(cli.options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char run[] = "run", audit[] = "audit";
    char *text = fp_fuzz_text(data, size), *argv[WORDS + 2] = {run};
    int count = split(text, argv + 1);
    for (int i = 1; i <= count; i++)
        check_value(argv[i]);
    check_words(run, count + 1, argv);
    check_words(audit, count + 1, argv);
    free(text);
    return 0;
}
