/* `forkproof report`: what an audit has recorded, told again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/command/analysis.h"
#include "audit/command/command.h"
#include "contract.h"
#include "say.h"
#include "tell.h"

static const char help[] =
    "Usage: forkproof report [OPTION]... RECORD\n"
    "Says what an audit has found, of the record that forkproof audit --record kept.\n\n"
    "  --format=FORMAT      text, json, sarif, junit, html, trace (text)\n"
    "  --output=FILE        there, not to standard output; belongs to the --format\n"
    "                       before it\n"
    "  --fail-on=SEVERITY   what makes it fail: error, warning, note, never (error)\n"
    "  --error-exitcode=N   its exit status then (99)\n"
    "  --suppressions=FILE  findings that are meant: lines RULE:PATTERN; repeatable\n"
    "  --baseline=FILE      findings that are known: an earlier report in JSON\n"
    "  -q, --quiet          not a word when nothing is found\n"
    "  -h, --help           this text\n\n"
    "Exit status: 0; --error-exitcode when something was found; 125 forkproof failed.\n";

#define OPTIONS 16

static void list_options(struct option ret[OPTIONS]) {
    size_t count = 0;
    for (const struct option *o = fp_audit_shared_options; o->name && count + 3 < OPTIONS; o++)
        ret[count++] = *o;
    ret[count++] = (struct option){"quiet", no_argument, NULL, 'q'};
    ret[count++] = (struct option){"help", no_argument, NULL, 'h'};
    ret[count] = (struct option){NULL, 0, NULL, 0};
}

/* 1: help was printed. */
static int parse(int argc, char **argv, struct fp_audit_options *ret) {
    struct option options[OPTIONS];
    int option, r = 0;
    list_options(options);
    opterr = 0;
    optind = 1;
    while (r == 0 && (option = getopt_long(argc, argv, ":qh", options, NULL)) != -1)
        if (option == 'h')
            return fp_tell_text(help) == 0 ? 1 : -EIO;
        else if (option == 'q')
            ret->quiet = true;
        else
            r = option >= FP_AUDIT_OPTION_FIRST
                    ? fp_audit_options_set(ret, "report", option, optarg)
                    : fp_tell_complain("report", option, argv);
    if (r == 0 && optind != argc - 1) {
        fp_say("report: %s; see forkproof report --help",
               optind == argc ? "no record given" : "more than one record given");
        r = -EINVAL;
    }
    if (r == 0)
        ret->record = argv[optind];
    return r < 0 ? r : fp_audit_options_check(ret, "report");
}

static int open_tellings(struct fp_audit_options *options) {
    char name[64];
    int r = 0;
    for (size_t i = 0; r == 0 && i < options->telling_count; i++) {
        snprintf(name, sizeof name, "%d.%zu", (int)getpid(), i);
        r = fp_report_open_as(&options->tellings[i].file, "report", options->tellings[i].path,
                              name);
    }
    return r;
}

/* A fifo in its place would keep us waiting for ever. */
static int open_record(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0)
        return fd;
    fp_say("cannot read %s: %s", path, strerror(errno));
    return -errno;
}

static int tell(struct fp_audit_options *options) {
    int fd = open_record(options->record);
    if (fd < 0 || open_tellings(options) < 0)
        return FP_EXIT_FAILED;
    struct fp_analysis analysis = {.options = options,
                                   .subcommand = "report",
                                   .record_fd = fd,
                                   .out_fd = STDOUT_FILENO,
                                   .text_fd = STDOUT_FILENO,
                                   .say_fd = STDERR_FILENO,
                                   .signal_fd = -1,
                                   .quiet = options->quiet};
    return fp_analysis_run(&analysis);
}

int fp_report_main(int argc, char **argv) {
    static struct fp_audit_options options;
    fp_audit_options_init(&options);
    int r = parse(argc, argv, &options);
    if (r != 0)
        return r > 0 ? 0 : FP_EXIT_FAILED;
    return fp_analysis_check(&options, "report") < 0 ? FP_EXIT_FAILED : tell(&options);
}
