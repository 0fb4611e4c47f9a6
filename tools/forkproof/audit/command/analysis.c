#include "audit/command/analysis.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/baseline.h"
#include "audit/fingerprint.h"
#include "audit/format.h"
#include "audit/record.h"
#include "audit/rules/scene.h"
#include "audit/suppress.h"
#include "contract.h"
#include "fds.h"
#include "say.h"
#include "values.h"

/* What it may use beside the record, which is read into memory. */
#define MEMORY (UINT64_C(2) << 30)
#define SECONDS 300
#define DAMAGES_SAID 3

/* Its exit status: what has come of it. */
enum outcome { PASSED, FAILED_AUDIT, BROKEN };

struct fp_known {
    struct fp_suppressions suppressions;
    struct fp_baseline baseline;
};

/* Read before the program runs, once: a file may be a pipe. */
int fp_analysis_check(struct fp_audit_options *options, const char *subcommand) {
    struct fp_known *known = options->known = calloc(1, sizeof *known);
    if (!known) {
        fp_say("%s: %s", subcommand, strerror(ENOMEM));
        return -ENOMEM;
    }
    int r = 0;
    for (size_t i = 0; r == 0 && i < options->suppression_count; i++)
        r = fp_suppressions_read(&known->suppressions, options->suppressions[i], fp_gotchas,
                                 fp_gotcha_count);
    if (r == 0 && options->baseline)
        r = fp_baseline_read(&known->baseline, options->baseline);
    return r;
}

/* --- in the process of its own --- */

/* Each resource's number is of a type of its own, or of int: that differs by libc. */
#define LIMIT(resource, most)                                                                      \
    do {                                                                                           \
        struct rlimit limit;                                                                       \
        if (getrlimit((resource), &limit) == 0 && limit.rlim_cur > (most)) {                       \
            limit.rlim_cur = (most);                                                               \
            (void)setrlimit((resource), &limit);                                                   \
        }                                                                                          \
    } while (0)

/* Stops from the terminal are for who waits for us. */
static void confine(const struct fp_analysis *analysis) {
    struct stat record = {0};
    sigset_t stops;
    (void)fstat(analysis->record_fd, &record);
    sigemptyset(&stops);
    sigaddset(&stops, SIGTSTP);
    sigaddset(&stops, SIGTTIN);
    sigaddset(&stops, SIGTTOU);
    sigaddset(&stops, SIGPIPE);
    sigprocmask(SIG_SETMASK, &stops, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "fp-analysis");
#ifndef __SANITIZE_ADDRESS__ /* which maps terabytes */
    LIMIT(RLIMIT_AS, MEMORY + 2 * (uint64_t)record.st_blocks * 512);
#endif
    LIMIT(RLIMIT_CPU, SECONDS);
    LIMIT(RLIMIT_CORE, 0);
}

static const char *name_of_record(const struct fp_analysis *analysis) {
    return analysis->options->record ? analysis->options->record : "the record";
}

typedef int format_function(FILE *, const struct fp_audit *, const struct fp_format *);

static int make_text(const struct fp_audit *audit, const struct fp_format *format, int as,
                     char **ret, size_t *ret_length) {
    static format_function *const formats[] = {
        [FP_TOLD_TEXT] = fp_format_text,   [FP_TOLD_JSON] = fp_format_json,
        [FP_TOLD_SARIF] = fp_format_sarif, [FP_TOLD_JUNIT] = fp_format_junit,
        [FP_TOLD_HTML] = fp_format_html,   [FP_TOLD_TRACE] = fp_format_trace,
    };
    FILE *out = open_memstream(ret, ret_length);
    if (!out)
        return -errno;
    int r = formats[as](out, audit, format);
    if (fclose(out) != 0 && r == 0)
        r = -errno;
    return r;
}

static bool shows_colour(int fd) {
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fd) && (!no_colour || !*no_colour) && term && *term && strcmp(term, "dumb") != 0;
}

static size_t count_told(const struct fp_audit *audit, int severity) {
    size_t count = 0;
    for (size_t i = 0; i < audit->finding_count; i++)
        count += !audit->findings[i].is_suppressed &&
                 (severity < 0 || (int)audit->findings[i].severity == severity);
    return count;
}

static int tell(const struct fp_analysis *analysis, const struct fp_audit *audit,
                struct fp_telling *telling) {
    int own = telling->as == FP_TOLD_TEXT ? analysis->text_fd : analysis->out_fd;
    int fd = telling->path ? telling->file.fd : own;
    struct fp_format format = {.gotchas = fp_gotchas,
                               .gotcha_count = fp_gotcha_count,
                               .fail_on = analysis->options->fail_on,
                               .colour = shows_colour(fd)};
    char *text = NULL;
    size_t length = 0;
    bool is_silent = telling->as == FP_TOLD_TEXT && !telling->path && analysis->quiet;
    if (fd < 0 || (is_silent && count_told(audit, -1) == 0))
        return 0;
    int r = make_text(audit, &format, telling->as, &text, &length);
    if (r == 0)
        r = telling->path ? fp_report_commit(&telling->file, text) : fp_fds_write(fd, text, length);
    free(text);
    if (r < 0 && !(r == -EPIPE && !telling->path))
        fp_say("cannot write the report%s%s: %s", telling->path ? " " : "",
               telling->path ? telling->path : "", strerror(-r));
    return r;
}

static bool has_text(const struct fp_analysis *analysis) {
    const struct fp_audit_options *options = analysis->options;
    for (size_t i = 0; i < options->telling_count; i++)
        if (options->tellings[i].as == FP_TOLD_TEXT && !options->tellings[i].path)
            return true;
    return false;
}

static void put_count(char *line, size_t size, size_t count, enum fp_severity severity) {
    size_t used = strlen(line);
    if (count)
        snprintf(line + used, size - used, "%s%zu %s%s", used ? ", " : "", count,
                 fp_severity_word(severity), count == 1 ? "" : "s");
}

/* For whoever reads no report. */
static void sum_up(const struct fp_analysis *analysis, const struct fp_audit *audit) {
    char line[120] = "";
    size_t told = count_told(audit, -1), suppressed = audit->finding_count - told;
    if (has_text(analysis) || analysis->quiet)
        return;
    for (int i = FP_ERROR; i >= FP_NOTE; i--)
        put_count(line, sizeof line, count_told(audit, i), (enum fp_severity)i);
    char behind[48] = "";
    if (suppressed)
        snprintf(behind, sizeof behind, " (%zu suppressed)", suppressed);
    fp_say("%s: %s%s in %zu process%s", analysis->subcommand, *line ? line : "nothing found",
           behind, audit->process_count, audit->process_count == 1 ? "" : "es");
}

static void say_damage(const struct fp_analysis *analysis, const struct fp_record *record) {
    const struct fp_record_losses *losses = fp_record_losses(record);
    uint64_t said = losses->damaged < DAMAGES_SAID ? losses->damaged : DAMAGES_SAID;
    for (uint64_t i = 0; i < said; i++)
        fp_say("%s: damaged at offset %" PRIu64 ": %s", name_of_record(analysis),
               losses->damages[i].offset, losses->damages[i].why);
    if (losses->damaged > said)
        fp_say("%s: damaged in %" PRIu64 " more places", name_of_record(analysis),
               losses->damaged - said);
}

static int find(const struct fp_analysis *analysis, struct fp_scene *scene) {
    struct fp_known *known = analysis->options->known;
    int r = fp_rules_run(scene);
    if (r == 0)
        r = fp_fingerprint_all(&scene->audit);
    if (r == 0)
        r = fp_suppressions_apply(&known->suppressions, &scene->audit);
    if (r == 0)
        fp_baseline_apply(&known->baseline, &scene->audit);
    return r;
}

static enum outcome tell_all(const struct fp_analysis *analysis, const struct fp_audit *audit) {
    struct fp_audit_options *options = analysis->options;
    int r = 0;
    for (size_t i = 0; i < options->telling_count; i++) {
        int one = tell(analysis, audit, &options->tellings[i]);
        r = r < 0 ? r : one;
    }
    sum_up(analysis, audit);
    if (r < 0)
        return BROKEN;
    for (size_t i = 0; i < audit->finding_count; i++)
        if (fp_finding_fails(&audit->findings[i], options->fail_on))
            return FAILED_AUDIT;
    return PASSED;
}

/* Nothing is freed: it ends. */
static enum outcome analyse(const struct fp_analysis *analysis) {
    struct fp_record *record;
    struct fp_scene *scene;
    char why[FP_RECORD_WHY];
    if (fp_record_read(analysis->record_fd, &record, why) < 0) {
        fp_say("cannot read %s: %s", name_of_record(analysis), why);
        return BROKEN;
    }
    say_damage(analysis, record);
    struct fp_scene_options options = {
        .directory = analysis->directory, .gotchas = fp_gotchas, .gotcha_count = fp_gotcha_count};
    int r = fp_scene_open(record, &options, &scene);
    if (r == 0)
        r = find(analysis, scene);
    if (r < 0) {
        fp_say("%s: the record cannot be analysed: %s", analysis->subcommand, strerror(-r));
        return BROKEN;
    }
    return tell_all(analysis, &scene->audit);
}

/* --- who waits for it --- */

/* -errno when it was ended early by who should. */
static int wait_for(pid_t child, int signal_fd, int *ret_status) {
    bool is_cut = false;
    for (;;) {
        pid_t pid = waitpid(child, ret_status, signal_fd < 0 ? 0 : WNOHANG);
        if (pid == child)
            return is_cut ? -EINTR : 0;
        if (pid < 0 && errno != EINTR)
            return -errno;
        if (signal_fd < 0)
            continue;
        struct signalfd_siginfo info;
        struct pollfd fd = {.fd = signal_fd, .events = POLLIN};
        (void)poll(&fd, 1, 1000);
        while (read(signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
            int sig = (int)info.ssi_signo;
            if (sig != SIGINT && sig != SIGTERM && sig != SIGQUIT && sig != SIGHUP)
                continue;
            is_cut = true;
            (void)kill(child, SIGKILL); /* it is not reaped yet */
        }
    }
}

static void discard(struct fp_audit_options *options) {
    for (size_t i = 0; i < options->telling_count; i++)
        fp_report_discard(&options->tellings[i].file);
}

/* What did not come to an end of its own. */
static void say_end(const struct fp_analysis *analysis, int waited, int status) {
    if (waited == -EINTR)
        fp_say("%s: the analysis was interrupted; there is no report", analysis->subcommand);
    else if (waited < 0)
        fp_say("%s: the analysis was lost: %s", analysis->subcommand, strerror(-waited));
    else if (WIFSIGNALED(status))
        fp_say("%s: the analysis was ended by %s; there is no report%s%s", analysis->subcommand,
               fp_signal_name(WTERMSIG(status)), analysis->kept ? ", but the record is kept: " : "",
               analysis->kept ? analysis->kept : "");
    else if (WEXITSTATUS(status) > BROKEN)
        fp_say("%s: the analysis failed", analysis->subcommand);
}

int fp_analysis_run(const struct fp_analysis *analysis) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        confine(analysis);
        fp_say_to(analysis->say_fd);
        _exit((int)analyse(analysis));
    }
    int r = child < 0 ? -errno : wait_for(child, analysis->signal_fd, &status);
    bool has_ended = r == 0 && WIFEXITED(status);
    if (has_ended && WEXITSTATUS(status) == PASSED)
        return 0;
    if (has_ended && WEXITSTATUS(status) == FAILED_AUDIT)
        return analysis->options->error_exitcode;
    say_end(analysis, r, status);
    discard(analysis->options);
    return FP_EXIT_FAILED;
}
