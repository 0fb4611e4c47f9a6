#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contract.h"
#include "fds.h"
#include "guard.h"
#include "preload.h"
#include "proc.h"
#include "say.h"
#include "tell.h"

void fp_run_note_rung(struct fp_run *run) {
    run->facts->rung = run->contain.ops->rung;
    memcpy(run->facts->why_not, run->contain.why_not, sizeof run->facts->why_not);
}

bool fp_run_ends_members(const struct fp_run *run) {
    return fp_contain_ends(&run->contain) && !run->cli.no_kill;
}

void fp_run_conclude(struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    if (facts->failed)
        fp_report_discard(&run->report);
    else
        fp_report_write(run);
    fp_pids_close(&run->pids);
    fp_rundir_remove(&run->rundir);
}

void fp_run_keep_only(const struct fp_run *run, const int *own, size_t count) {
    int keep[12 + 8 + FP_AUDIT_FDS] = {
        run->rundir.base_fd,   run->rundir.fd,       run->report.fd,         run->report.dir_fd,
        run->contain.procs_fd, run->contain.kill_fd, run->contain.events_fd, run->contain.alive_fd,
        run->guard_fd,         run->rundir.name_fd,  run->attribution.fd,    run->pids.procs_fd};
    size_t used = 12;
    for (size_t i = 0; i < count; i++)
        keep[used++] = own[i];
    used += fp_audit_list_fds(run, keep + used);
    fp_fds_keep(keep, used);
}

/* Children that whoever became us by exec had before: none of ours. */
static void note_strangers(struct fp_run *run) {
    struct fp_scope scope = {.top = getpid(), .contain = &run->contain};
    (void)fp_walk_list(&scope, &run->strangers);
}

static int share_facts(struct fp_run *run) {
    void *memory =
        mmap(NULL, sizeof *run->facts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        fp_say("cannot map memory: %s", strerror(errno));
        return -errno;
    }
    run->facts = memory;
    return 0;
}

/* What can be found wrong without leaving a trace. */
static int check(struct fp_run *run) {
    const char *problem = fp_proc_problem();
    if (problem) {
        fp_say("%s", problem);
        return -ENOENT;
    }
    int r = run->cli.is_audit ? fp_audit_check(run) : 0;
    bool audits = run->cli.is_audit || fp_preload_is_audited();
    if (r == 0)
        r = fp_preload_find(audits ? FP_AUDIT_LIBRARY_NAME : FP_LIBRARY_NAME, &run->library);
    if (r == 0)
        r = share_facts(run);
    if (r < 0)
        return r;
    fp_image_inspect(run->cli.program[0], run->library, &run->image);
    return 0;
}

static void take_signals(struct fp_run *run) {
    sigset_t all;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &run->inherited_mask);
    sigaction(SIGCHLD, &standard, &run->inherited_sigchld);
}

static enum fp_rung wanted_rung(const struct fp_run *run) {
    return run->cli.contain == FP_RUNG_AUTO ? FP_RUNG_CGROUP : run->cli.contain;
}

void fp_run_tell_rung(const struct fp_run *run) {
    if (!run->cli.quiet)
        fp_say("cannot contain by %s, doing it by %s: %s", fp_rung_name(wanted_rung(run)),
               run->contain.ops->name, run->contain.why_not);
}

static int check_rung(struct fp_run *run) {
    const struct fp_cli *cli = &run->cli;
    enum fp_rung wanted = wanted_rung(run);
    if (run->contain.ops->rung == wanted)
        return 0;
    if (cli->strict) {
        fp_say("cannot contain by %s (--strict): %s", fp_rung_name(wanted), run->contain.why_not);
        return -EPERM;
    }
    run->is_weaker = cli->contain != FP_RUNG_AUTO;
    return 0;
}

/* By the hooks, and where it can be had by the kernel, which holds images without hooks, too. */
static int set_limit(struct fp_run *run) {
    struct fp_ledger *ledger = run->attribution.ledger;
    unsigned limit = run->cli.max_procs;
    if (limit == 0)
        return 0;
    if (ledger)
        atomic_store(&ledger->limit, limit);
    bool has_cgroup = run->contain.ops == &fp_contain_cgroup;
    fp_pids_open(&run->pids, run->rundir.id, has_cgroup ? run->contain.directory : NULL, limit);
    if (!ledger && run->pids.tasks == 0) {
        fp_say("cannot count processes (--max-procs): %s", run->attribution.why_not);
        return -ENOTSUP;
    }
    return 0;
}

/* In a pid namespace of its own the program does not see us, but its init. */
static int make_environment(struct fp_run *run) {
    int holder = run->contain.init ? 1 : (int)getpid();
    int ledger_fd = run->attribution.fd, record_fd = run->audit.store.fd;
    char ledger[64], record[64];
    snprintf(ledger, sizeof ledger, "/proc/%d/fd/%d", holder, ledger_fd);
    snprintf(record, sizeof record, "/proc/%d/fd/%d", holder, record_fd);
    struct fp_preload preload = {.library = run->library,
                                 .run_id = run->rundir.id,
                                 .ledger = ledger_fd < 0 ? NULL : ledger,
                                 .record = record_fd >= 0            ? record
                                           : fp_preload_is_audited() ? getenv(FP_ENV_RECORD)
                                                                     : NULL,
                                 .options = run->cli.options};
    int r = fp_preload_environment(&preload, &run->environment);
    if (r < 0)
        fp_say("cannot make the environment: %s", strerror(-r));
    return r;
}

/* What leaves a trace, and is undone by conclude(). */
static int prepare(struct fp_run *run) {
    int r = fp_rundir_create(&run->rundir);
    if (r < 0)
        return r;
    r = fp_rundir_claim(&run->rundir, run->cli.name);
    if (r < 0)
        return r;
    snprintf(run->marker, sizeof run->marker, FP_ENV_RUN "=%s", run->rundir.id);
    r = fp_report_open(&run->report, run->cli.report, run->rundir.id);
    if (r < 0)
        return r;
    if (run->cli.is_audit)
        r = fp_audit_prepare(run);
    if (r < 0)
        return r;
    fp_attribution_open(&run->attribution);
    run->contain.argv = run->argv;
    run->contain.lent_fd = run->attribution.fd;
    run->contain.lent_record_fd = run->audit.store.fd;
    fp_contain_open(&run->contain, run->cli.contain, run->rundir.id);
    fp_run_note_rung(run);
    r = check_rung(run);
    if (r == 0)
        r = make_environment(run);
    if (r == 0)
        r = set_limit(run);
    if (r < 0) {
        fp_contain_close(&run->contain);
        fp_pids_close(&run->pids);
    }
    return r;
}

static void say_without_hooks(const struct fp_run *run) {
    const struct fp_image *image = &run->image;
    if (image->path && !image->hooks && !image->missing && !run->cli.quiet)
        fp_say("%s %s: its own calls are not hardened; it is still contained", run->cli.program[0],
               image->why);
}

static int run_program(struct fp_run *run) {
    take_signals(run);
    note_strangers(run); /* before we have children of our own */
    int r = prepare(run);
    if (r < 0) {
        fp_report_discard(&run->report);
        fp_audit_discard(run);
        fp_rundir_remove(&run->rundir);
        return FP_EXIT_FAILED;
    }
    say_without_hooks(run);
    return fp_guard_main(run);
}

/* Our processes wipe the arguments that ps shows, and still have to report them. */
static char **copy_of(int argc, char **argv) {
    char **copy = calloc((size_t)argc + 1, sizeof *copy);
    for (int i = 0; copy && i < argc; i++)
        if (!(copy[i] = strdup(argv[i]))) {
            free(copy);
            return NULL;
        }
    return copy;
}

int fp_run_main(int argc, char **argv, char **all_argv) {
    static struct fp_run run = {.report = {.fd = -1, .dir_fd = -1},
                                .rundir = {.base_fd = -1, .fd = -1, .name_fd = -1},
                                .attribution = {.fd = -1},
                                .pids = {.procs_fd = -1},
                                .audit = FP_AUDIT_RUN_CLOSED,
                                .guard_fd = -1};
    char **words = copy_of(argc, argv);
    run.argv = all_argv;
    run.closed_standard = fp_fds_fill_standard();
    run.stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    fp_say_to(run.stderr_fd);
    if (!words)
        fp_say("cannot keep the arguments: %s", strerror(ENOMEM));
    if (!words || fp_cli_parse(argc, words, &run.cli) < 0)
        return FP_EXIT_FAILED;
    if (run.cli.help)
        return fp_tell_text(run.cli.is_audit ? fp_audit_help : fp_cli_run_help);
    return check(&run) < 0 ? FP_EXIT_FAILED : run_program(&run);
}
