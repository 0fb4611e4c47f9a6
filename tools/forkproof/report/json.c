/* The report's format, schema 1. */
#include "report/report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "contract.h"
#include "escape.h"
#include "forkproof_version.h"
#include "run.h"
#include "values.h"

/* Whatever the bytes, a JSON string. */
static json_t *text(const char *bytes, size_t length) {
    char *clean = malloc(3 * length + 1);
    if (!clean)
        return NULL;
    size_t n = fp_escape_utf8(bytes, length, clean, 3 * length + 1);
    json_t *json = json_stringn(clean, n);
    free(clean);
    return json;
}

static json_t *string(const char *s) {
    return text(s, strlen(s));
}

static json_t *strings(char *const *list) {
    json_t *array = json_array();
    for (size_t i = 0; list[i]; i++)
        json_array_append_new(array, string(list[i]));
    return array;
}

static json_t *arguments(const char *bytes, size_t length) {
    json_t *array = json_array();
    for (size_t i = 0; i < length;) {
        size_t n = strnlen(bytes + i, length - i);
        json_array_append_new(array, text(bytes + i, n));
        i += n + 1;
    }
    return array;
}

static json_t *seconds(int64_t ns) {
    return json_real((double)(ns > 0 ? ns / 1000 : 0) / 1e6);
}

static json_t *usage(const struct rusage *u) {
    double user = (double)u->ru_utime.tv_sec + (double)u->ru_utime.tv_usec / 1e6;
    double system = (double)u->ru_stime.tv_sec + (double)u->ru_stime.tv_usec / 1e6;
    return json_pack("{s:f,s:f,s:I}", "user_s", user, "system_s", system, "max_rss_kib",
                     (json_int_t)u->ru_maxrss);
}

static json_t *root(const struct fp_facts *facts) {
    json_t *object = json_pack("{s:i}", "pid", (int)facts->root);
    int status = facts->root_status;
    if (!facts->root_ended) {
        json_object_set_new(object, "ended", json_false());
        return object;
    }
    json_object_set_new(object, "ended", json_true());
    if (WIFSIGNALED(status)) {
        json_object_set_new(object, "signal", json_string(fp_signal_name(WTERMSIG(status))));
        json_object_set_new(object, "core", json_boolean(WCOREDUMP(status)));
    } else {
        json_object_set_new(object, "exited", json_integer(WEXITSTATUS(status)));
    }
    json_object_set_new(object, "usage", usage(&facts->root_usage));
    return object;
}

static int exit_of(const struct fp_facts *facts) {
    if (!facts->root_ended)
        return FP_EXIT_FAILED;
    return WIFSIGNALED(facts->root_status) ? 128 + WTERMSIG(facts->root_status)
                                           : WEXITSTATUS(facts->root_status);
}

static const char *ended(const struct fp_left *left) {
    switch (left->ended) {
    case FP_ENDED_ITSELF:
        return "by itself";
    case FP_LEFT_RUNNING:
        return "left running";
    case FP_LEFT_DENIED:
        return "denied";
    case FP_LEFT_STUCK:
        return "stuck";
    case FP_LEFT_KEPT:
        return "kept";
    default:
        return fp_signal_name(left->ended);
    }
}

static json_t *chain(const struct fp_origin *origin) {
    json_t *array = json_array();
    for (uint32_t i = origin->count; i > 0; i--) {
        const struct fp_ancestor *ancestor = &origin->chain[i - 1];
        json_t *object = json_pack("{s:i}", "pid", (int)ancestor->pid);
        json_object_set_new(object, "argv", arguments(ancestor->argv, ancestor->length));
        json_array_append_new(array, object);
    }
    return array;
}

static void add_origin(json_t *object, const struct fp_left *left, uint64_t run_start) {
    const struct fp_origin *origin = &left->origin;
    int64_t ticks = (int64_t)(left->start - run_start);
    json_object_set_new(object, "born_s", seconds(ticks * FP_LEDGER_TICK));
    json_object_set_new(object, "left_by", string(fp_how_text(origin->how)));
    json_object_set_new(object, "starters", chain(origin));
    json_object_set_new(object, "starters_whole", json_boolean(origin->is_whole));
    json_object_set_new(object, "hooks",
                        origin->hooks < 0 ? json_null() : json_boolean(origin->hooks));
}

static json_t *left_one(const struct fp_left *left, uint64_t run_start) {
    json_t *object = json_pack("{s:i,s:i,s:I,s:b,s:s}", "pid", (int)left->pid, "ppid",
                               (int)left->ppid, "start_ticks", (json_int_t)left->start, "late",
                               (int)left->late, "ended", ended(left));
    json_object_set_new(object, "comm", string(left->comm));
    json_object_set_new(object, "argv", arguments(left->argv, left->argv_length));
    json_object_set_new(object, "argv_cut", json_boolean(left->argv_length >= FP_LEFT_ARGV - 1));
    add_origin(object, left, run_start);
    return object;
}

static json_t *left(const struct fp_facts *facts) {
    json_t *array = json_array();
    for (uint32_t i = 0; i < facts->recorded; i++)
        json_array_append_new(array, left_one(&facts->left[i], facts->root_start));
    return array;
}

static json_t *hooks(const struct fp_image *image) {
    json_t *object = json_pack("{s:b}", "hooks", (int)image->hooks);
    json_object_set_new(object, "image", string(image->kind));
    json_object_set_new(object, "why", image->hooks ? json_null() : string(image->why));
    return object;
}

static json_t *rung(const struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    static const char *const mechanisms[] = {"none", "pidfd", "kill"};
    json_t *object =
        json_pack("{s:s,s:s,s:s}", "wanted", fp_rung_name(run->cli.contain), "obtained",
                  fp_rung_name(facts->rung), "mechanism", mechanisms[facts->mechanism]);
    json_object_set_new(object, "escapes", json_string(fp_rung_ops(facts->rung)->escapes));
    json_object_set_new(object, "why_not_stronger",
                        *facts->why_not ? string(facts->why_not) : json_null());
    return object;
}

static json_t *keep(const struct fp_run *run) {
    json_t *array = json_array();
    for (size_t i = 0; i < run->cli.keep_count; i++) {
        json_t *object = json_pack("{s:I}", "matched", (json_int_t)run->facts->keep_matched[i]);
        json_object_set_new(object, "pattern", string(run->cli.keep[i]));
        json_array_append_new(array, object);
    }
    return array;
}

static void add_controls(json_t *report, const struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    const char *until = run->cli.until == FP_UNTIL_EMPTY ? "empty" : "root";
    json_object_set_new(report, "name", run->cli.name ? string(run->cli.name) : json_null());
    json_object_set_new(report, "until", json_string(until));
    json_object_set_new(report, "keep", keep(run));
    json_object_set_new(report, "kept_total", json_integer(facts->kept_total));
    json_object_set_new(report, "no_orders",
                        facts->control_error ? string(strerror(facts->control_error))
                                             : json_null());
}

/* What the ledger was worth: members write it, so these are counts and no proof. */
static json_t *ledger(const struct fp_attribution *a) {
    if (!a->ledger)
        return json_pack("{s:b,s:s}", "kept", 0, "why", a->why_not);
    return json_pack("{s:b,s:b,s:I,s:I,s:I}", "kept", 1, "intact",
                     a->ledger->magic == FP_LEDGER_MAGIC, "images",
                     (json_int_t)atomic_load(&a->ledger->images), "births_lost",
                     (json_int_t)atomic_load(&a->ledger->lost_births), "starters_lost",
                     (json_int_t)atomic_load(&a->ledger->lost_starters));
}

static json_t *limit(const struct fp_run *run) {
    const struct fp_ledger *shared = run->attribution.ledger;
    if (run->cli.max_procs == 0)
        return json_null();
    json_t *object = json_pack("{s:I,s:I}", "processes", (json_int_t)run->cli.max_procs, "refused",
                               (json_int_t)(shared ? atomic_load(&shared->denied) : 0));
    json_object_set_new(object, "counted_by_hooks", json_boolean(shared));
    json_object_set_new(object, "kernel_tasks",
                        run->pids.tasks ? json_integer(run->pids.tasks) : json_null());
    json_object_set_new(object, "without_hooks",
                        json_string(run->pids.tasks ? "held by kernel_tasks" : "not counted"));
    return object;
}

static json_t *refusals(const struct fp_run *run) {
    const struct fp_ledger *shared = run->attribution.ledger;
    json_t *list = json_array();
    struct fp_refusal refusal;
    for (size_t i = 0; fp_report_refusal(run, i, &refusal); i++) {
        json_t *one = json_pack("{s:i,s:i}", "pid", (int)refusal.by, "target", (int)refusal.target);
        json_object_set_new(one, "name", text(refusal.by_name, strcspn(refusal.by_name, "\n")));
        json_object_set_new(one, "target_name",
                            text(refusal.target_name, strcspn(refusal.target_name, "\n")));
        json_object_set_new(one, "signal", json_string(fp_signal_name(refusal.number)));
        json_array_append_new(list, one);
    }
    return json_pack("{s:I,s:o}", "total", (json_int_t)(shared ? atomic_load(&shared->refused) : 0),
                     "first", list);
}

static json_t *times(const struct fp_facts *facts) {
    struct tm tm;
    char began[40], whole[24];
    gmtime_r(&facts->began.tv_sec, &tm);
    strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(began, sizeof began, "%s.%06uZ", whole,
             (unsigned)(facts->began.tv_nsec / 1000) % 1000000u);
    int64_t end = facts->root_ended ? facts->root_ended_ns : facts->finished_ns;
    json_t *object = json_pack("{s:s}", "start", began);
    json_object_set_new(object, "root_s", seconds(end - facts->started_ns));
    json_object_set_new(object, "waited_s", seconds(facts->waited_ns));
    json_object_set_new(object, "teardown_s", seconds(facts->finished_ns - end - facts->waited_ns));
    return object;
}

char *fp_report_json(const struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    json_t *report =
        json_pack("{s:i,s:s,s:s,s:o,s:o,s:o,s:o}", "schema", 1, "forkproof", FORKPROOF_VERSION,
                  "run", run->rundir.id, "argv", strings(run->cli.program), "root", root(facts),
                  "hooks", hooks(&run->image), "rung", rung(run));
    json_object_set_new(report, "left", left(facts));
    json_object_set_new(report, "left_total", json_integer(facts->left_total));
    json_object_set_new(report, "late_total", json_integer(facts->late_total));
    json_object_set_new(
        report, "left_lost",
        json_integer(facts->left_total + facts->late_total + facts->kept_total - facts->recorded));
    json_object_set_new(report, "unlisted", json_boolean(facts->unlisted));
    add_controls(report, run);
    json_object_set_new(report, "ledger", ledger(&run->attribution));
    json_object_set_new(report, "hooks_known_of",
                        json_string("the program, and the first 32 that were left behind; not of "
                                    "images that have ended"));
    json_object_set_new(report, "limit", limit(run));
    json_object_set_new(report, "refused_signals", refusals(run));
    json_object_set_new(report, "signal", json_string(fp_signal_name(run->cli.signal)));
    json_object_set_new(report, "grace_s", json_real((double)run->cli.grace_ns / FP_SECOND));
    json_object_set_new(report, "guard_killed", json_boolean(facts->guard_lost));
    json_object_set_new(report, "keeper_killed", json_boolean(facts->keeper_lost));
    json_object_set_new(report, "supervisor_killed", json_boolean(facts->supervisor_lost));
    json_object_set_new(report, "times", times(facts));
    json_object_set_new(report, "exit", json_integer(exit_of(facts)));
    char *line = json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(9) | JSON_ENSURE_ASCII);
    json_decref(report);
    char *result = NULL;
    if (line && asprintf(&result, "%s\n", line) < 0)
        result = NULL;
    free(line);
    return result;
}
