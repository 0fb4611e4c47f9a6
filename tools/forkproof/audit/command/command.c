#include "audit/command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/command/analysis.h"
#include "contract.h"
#include "run.h"
#include "say.h"
#include "values.h"

const char fp_audit_help[] =
    "Usage: forkproof audit [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
    "Runs PROGRAM as forkproof run does, and says what was wrong with its processes,\n"
    "where in the program, and how to mend it.\n\n"
    "  --format=FORMAT      text (to standard error), or to standard output: json,\n"
    "                       sarif, junit, html, trace\n"
    "  --output=FILE        there instead; belongs to the --format before it\n"
    "  --fail-on=SEVERITY   what makes it fail: error, warning, note, never (error)\n"
    "  --error-exitcode=N   its exit status then (99)\n"
    "  --suppressions=FILE  findings that are meant: lines RULE:PATTERN; repeatable\n"
    "  --baseline=FILE      findings that are known: an earlier report in JSON\n"
    "  --record=FILE        keep what was recorded, for forkproof report\n"
    "  --record-size=SIZE   room for that, from 1M to 4G (1G)\n"
    "  --stall=TIME[,end]   tell at once of processes that have waited for each other\n"
    "                       for so long (10s; never); end: the run fails and ends\n"
    "  -q, --quiet          not a word when nothing is found\n"
    "  -h, --help           this text\n\n"
    "All options of forkproof run are there, too: forkproof run --help.\n\n"
    "Exit status: that of forkproof run when the program has failed; else that of\n"
    "--error-exitcode when something was found; 125 forkproof failed.\n";

/* --- before --- */

int fp_audit_check(struct fp_run *run) {
    return fp_analysis_check(&run->cli.audit, "audit");
}

/* Text has a place on standard error. */
static bool uses_stdout(const struct fp_audit_options *options) {
    for (size_t i = 0; i < options->telling_count; i++)
        if (!options->tellings[i].path && options->tellings[i].as != FP_TOLD_TEXT)
            return true;
    return false;
}

static int keep_stdout(struct fp_run *run) {
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    bool is_closed = run->closed_standard & 1U << STDOUT_FILENO;
    if (!is_closed && (flags & O_ACCMODE) != O_RDONLY)
        run->audit.stdout_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (run->audit.stdout_fd >= 0)
        return 0;
    fp_say("audit: cannot write the report to standard output: %s",
           is_closed ? "it is closed" : strerror(EBADF));
    return -EBADF;
}

/* It holds pieces of stacks: nobody else's business. */
static int open_record_file(struct fp_run *run) {
    struct fp_report_file *file = &run->audit.record;
    const char *path = run->cli.audit.record;
    struct stat status;
    int r = fp_report_open_as(file, "record", path, run->rundir.id);
    if (r < 0 || file->fd < 0)
        return r;
    if (fstat(file->fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        fp_say("cannot write the record %s: not a regular file", path);
        return -EINVAL;
    }
    file->mode = 0600;
    return 0;
}

static int open_tellings(struct fp_run *run) {
    struct fp_audit_options *options = &run->cli.audit;
    char name[96];
    int r = 0;
    for (size_t i = 0; r == 0 && i < options->telling_count; i++) {
        struct fp_telling *telling = &options->tellings[i];
        snprintf(name, sizeof name, "%s.%zu", run->rundir.id, i);
        r = fp_report_open_as(&telling->file, "report", telling->path, name);
    }
    return r;
}

/* By whatever names; what is not put into its place by its name may be written twice. */
static bool is_same_file(const struct fp_report_file *a, const struct fp_report_file *b) {
    struct stat in_a, in_b;
    return a->dir_fd >= 0 && b->dir_fd >= 0 && strcmp(a->name, b->name) == 0 &&
           fstat(a->dir_fd, &in_a) == 0 && fstat(b->dir_fd, &in_b) == 0 &&
           in_a.st_dev == in_b.st_dev && in_a.st_ino == in_b.st_ino;
}

static int check_files(const struct fp_run *run) {
    const struct fp_audit_options *options = &run->cli.audit;
    const struct fp_report_file *files[FP_TELLINGS + 2] = {&run->audit.record, &run->report};
    size_t count = 2;
    for (size_t i = 0; i < options->telling_count; i++)
        files[count++] = &options->tellings[i].file;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (is_same_file(files[i], files[j])) {
                fp_say("audit: two outputs are the same file: %s", files[i]->name);
                return -EINVAL;
            }
    return 0;
}

int fp_audit_prepare(struct fp_run *run) {
    int r = uses_stdout(&run->cli.audit) ? keep_stdout(run) : 0;
    run->audit.directory = getcwd(NULL, 0);
    if (r == 0)
        r = fp_store_open(&run->audit.store, run->cli.audit.record_size);
    if (r == 0)
        r = open_tellings(run);
    if (r == 0)
        r = open_record_file(run);
    return r < 0 ? r : check_files(run);
}

void fp_audit_begin(struct fp_run *run) {
    if (run->audit.store.fd >= 0)
        (void)fp_store_begin(&run->audit.store);
}

size_t fp_audit_list_fds(const struct fp_run *run, int *ret_fds) {
    const struct fp_audit_options *options = &run->cli.audit;
    size_t count = 0;
    if (!run->cli.is_audit)
        return 0;
    ret_fds[count++] = run->audit.store.fd;
    ret_fds[count++] = run->audit.record.fd;
    ret_fds[count++] = run->audit.record.dir_fd;
    ret_fds[count++] = run->audit.stdout_fd;
    for (size_t i = 0; i < options->telling_count; i++) {
        ret_fds[count++] = options->tellings[i].file.fd;
        ret_fds[count++] = options->tellings[i].file.dir_fd;
    }
    return count;
}

void fp_audit_watch(struct fp_run *run) {
    struct fp_stall *stall = &run->audit.stall;
    if (!run->cli.is_audit)
        return;
    stall->after_ns = run->cli.audit.stall_ns;
    stall->ends = run->cli.audit.stall_ends;
    stall->facts = run->facts;
    stall->init = run->contain.init;
    stall->stderr_fd = run->stderr_fd;
    int r = fp_stall_start(stall);
    if (r < 0)
        fp_say("audit: nobody looks for a stall: %s", strerror(-r));
}

static void discard_tellings(struct fp_audit_options *options) {
    for (size_t i = 0; i < options->telling_count; i++)
        fp_report_discard(&options->tellings[i].file);
}

void fp_audit_discard(struct fp_run *run) {
    discard_tellings(&run->cli.audit);
    fp_report_discard(&run->audit.record);
}

/* --- after --- */

/* Of our facts, which are monotonic. */
static uint64_t since_boot(int64_t monotonic_ns) {
    return (uint64_t)monotonic_ns + (fp_store_now() - (uint64_t)fp_now());
}

static int add_root(struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    const char *directory = run->audit.directory ? run->audit.directory : "";
    struct fp_audit_root root = {.pid = facts->root_inner > 0 ? facts->root_inner : facts->root,
                                 .status = facts->root_ended ? facts->root_status : -1,
                                 .ended = facts->root_ended ? since_boot(facts->root_ended_ns)
                                                            : fp_store_now()};
    return fp_store_add(&run->audit.store, FP_AUDIT_ROOT, fp_store_now(), &root, sizeof root,
                        directory, strlen(directory));
}

static int add_left(struct fp_run *run, const struct fp_left *left) {
    struct fp_audit_left body = {.pid = left->inner > 0 ? left->inner : left->pid,
                                 .signal = left->ended > 0 ? left->ended : 0,
                                 .start = left->start};
    /* Its number is not known, and that of outside is somebody else's among members. */
    if (left->inner <= 0 && run->facts->root_level > 1)
        return 0;
    return fp_store_add(&run->audit.store, FP_AUDIT_LEFT, fp_store_now(), &body, sizeof body,
                        left->comm, strlen(left->comm));
}

static int add_stall(struct fp_run *run, const struct fp_stalled *stalled) {
    struct fp_audit_stall body = {.pid = stalled->pid};
    return fp_store_add(&run->audit.store, FP_AUDIT_STALL, stalled->time, &body, sizeof body,
                        stalled->text, stalled->length);
}

/* What the members could not write themselves. */
static void complete(struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    int r = add_root(run);
    for (uint32_t i = 0; r == 0 && i < facts->recorded; i++)
        if (!facts->left[i].late)
            r = add_left(run, &facts->left[i]);
    for (size_t i = 0; r == 0 && i < fp_stall_count(&run->audit.stall); i++)
        r = add_stall(run, fp_stall_get(&run->audit.stall, i));
    if (r < 0)
        fp_say("audit: not all that forkproof knows is in the record: %s", strerror(-r));
}

static int save(struct fp_run *run) {
    struct fp_report_file *file = &run->audit.record;
    if (file->fd < 0)
        return 0;
    fp_report_empty(file);
    int r = fp_store_save(&run->audit.store, file->fd);
    if (r == 0)
        r = fp_report_place(file);
    if (r == 0)
        return 0;
    fp_say("cannot write the record %s: %s", run->cli.audit.record, strerror(-r));
    fp_report_discard(file);
    return FP_EXIT_FAILED;
}

int fp_audit_conclude(struct fp_run *run, int signal_fd) {
    if (!run->cli.is_audit || run->facts->failed) {
        fp_audit_discard(run);
        return 0;
    }
    complete(run);
    int saved = save(run);
    struct fp_analysis analysis = {.options = &run->cli.audit,
                                   .subcommand = "audit",
                                   .record_fd = run->audit.store.fd,
                                   .directory = run->audit.directory,
                                   .out_fd = run->audit.stdout_fd,
                                   .text_fd = run->stderr_fd,
                                   .say_fd = run->stderr_fd,
                                   .signal_fd = signal_fd,
                                   .quiet = run->cli.quiet,
                                   .kept = saved ? NULL : run->cli.audit.record};
    int told = fp_analysis_run(&analysis);
    return saved ? saved : told;
}
