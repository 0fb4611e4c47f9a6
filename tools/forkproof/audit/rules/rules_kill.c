/* Signals to pids that are somebody else's by now, or nobody's; and kills that nobody waits for. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../format.h"
#include "rules_identity.h"
#include "values.h"

/* A script cannot know what its shell has reaped meanwhile. */
static bool is_shell(const struct fp_scene *scene, size_t life) {
    static const char *const shells[] = {"sh",   "bash", "dash",  "ash", "ksh",
                                         "mksh", "zsh",  "rbash", NULL};
    const char *image = scene->audit.processes[life].image;
    for (const char *const *shell = shells; image && *shell; shell++)
        if (strcmp(fp_path_base(image), *shell) == 0)
            return true;
    return false;
}

static bool is_by_number(const struct fp_audit_kill *kill) {
    return kill->target > 0 && (kill->how == FP_KILLED_KILL || kill->how == FP_KILLED_SIGQUEUE ||
                                kill->how == FP_KILLED_TGKILL);
}

/* --- of a child that this process had reaped --- */

static void find_own(struct fp_identity *identity, size_t number, size_t target) {
    struct fp_scene *scene = identity->scene;
    struct fp_record_event event = fp_scene_event(scene, number);
    const struct fp_life *life = &scene->lives[target];
    struct fp_record_event wait = fp_scene_event(scene, life->reaped);
    bool is_race = wait.tid != event.tid || fp_scene_in_handler(scene, life->reaped);
    struct fp_found *found =
        fp_find(scene, is_race ? "kill-wait-race" : "recycled-pid", event.process, "killed here",
                number, "%s sent %s to %d, the pid of a child that it had reaped %s before",
                fp_scene_name(scene, event.process),
                event.kill->signal ? fp_signal_name(event.kill->signal) : "signal 0",
                event.kill->target, fp_identity_span(identity, wait.time, event.time));
    fp_found_place(found, "reaped here", life->reaped);
    fp_found_place(found, "forked here", life->forked);
    if (event.kill->result != 0)
        fp_found_line(found, "This time nobody was hit: there was no such process");
    if (event.kill->signal == 0)
        fp_found_severity(found, FP_NOTE);
    else if (is_shell(scene, event.process))
        fp_found_severity(found, FP_WARNING);
}

/* --- of a process that somebody else had --- */

/* To ask with signal 0 whether it is there yet is how a stranger has to wait. */
static void find_stale(struct fp_identity *identity, size_t number, size_t target) {
    struct fp_scene *scene = identity->scene;
    struct fp_record_event event = fp_scene_event(scene, number);
    const struct fp_life *life = &scene->lives[target];
    struct fp_record_event wait = fp_scene_event(scene, life->reaped);
    if (event.kill->signal == 0 || event.kill->result == -EPERM)
        return;
    bool is_hit = event.kill->result == 0;
    struct fp_found *found = fp_find(
        scene, "stale-pidfile", event.process, "killed here", number,
        "%s sent %s to %d, which had been the pid of %s until %s before",
        fp_scene_name(scene, event.process), fp_signal_name(event.kill->signal), event.kill->target,
        fp_scene_name(scene, target), fp_identity_span(identity, wait.time, event.time));
    fp_found_place(found, "reaped here", life->reaped);
    fp_found_line(found, is_hit ? "Some other process was hit"
                                : "This time nobody was hit: there was no such process");
    if (!is_hit || is_shell(scene, event.process))
        fp_found_severity(found, FP_WARNING);
}

/* A kill has the time of before it was sent, a wait that of after it has taken somebody: one that
 * is told later was sent later. */
static void see_target(struct fp_identity *identity, size_t number) {
    const struct fp_scene *scene = identity->scene;
    struct fp_record_event event = fp_scene_event(scene, number);
    if (!is_by_number(event.kill))
        return;
    size_t target = fp_scene_newest(scene, event.kill->target, event.time);
    if (target == FP_RECORD_NONE || scene->lives[target].reaped == FP_NO_EVENT)
        return;
    struct fp_record_event wait = fp_scene_event(scene, scene->lives[target].reaped);
    if (wait.time >= event.time)
        return;
    if (wait.process == event.process)
        find_own(identity, number, target);
    else
        find_stale(identity, number, target);
}

/* --- what is no pid --- */

static void find_failed(struct fp_identity *identity, size_t number, size_t failed) {
    struct fp_scene *scene = identity->scene;
    struct fp_record_event event = fp_scene_event(scene, number);
    bool is_all = event.kill->target == -1;
    struct fp_found *found = fp_find(
        scene, "failed-fork-as-pid", event.process, "killed here", number, "%s sent %s to %s%s",
        fp_scene_name(scene, event.process), fp_signal_name(event.kill->signal),
        is_all ? "every process that it may signal" : "its own process group",
        failed != FP_NO_EVENT ? ", after a fork that had failed" : "");
    fp_found_place(found, "the fork that failed", failed);
    if (!is_all)
        fp_found_severity(found, FP_WARNING);
}

static void see_failures(struct fp_identity *identity, size_t life) {
    const struct fp_scene *scene = identity->scene;
    size_t failed = FP_NO_EVENT;
    for (size_t i = 0; i < scene->lives[life].event_count; i++) {
        size_t number = scene->lives[life].events[i];
        struct fp_record_event event = fp_scene_event(scene, number);
        if (event.kind == FP_AUDIT_FORK && event.fork->child < 0)
            failed = number;
        if (event.kind != FP_AUDIT_KILL || event.kill->signal == 0 ||
            event.kill->how != FP_KILLED_KILL)
            continue;
        if (event.kill->target == -1 || (event.kill->target == 0 && failed != FP_NO_EVENT))
            find_failed(identity, number, failed);
    }
}

/* --- killed, and not waited for --- */

static bool may_end(int number) {
    switch (number) {
    case 0:
    case SIGCHLD:
    case SIGCONT:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGURG:
    case SIGWINCH:
        return false;
    default:
        return true;
    }
}

static bool is_dead(const struct fp_life *life, const struct fp_record_event *kill) {
    return kill->kill->signal == SIGKILL || life->died >= kill->time;
}

static void see_kill(struct fp_identity *identity, size_t number, bool *is_told) {
    struct fp_scene *scene = identity->scene;
    struct fp_record_event event = fp_scene_event(scene, number);
    size_t target = is_by_number(event.kill) || event.kill->how == FP_KILLED_PIDFD
                        ? fp_scene_who(scene, event.kill->target, event.time)
                        : FP_RECORD_NONE;
    if (target == FP_RECORD_NONE || event.kill->result != 0 || !may_end(event.kill->signal))
        return;
    const struct fp_life *life = &scene->lives[target];
    if (is_told[target] || life->parent != event.process || life->reaped != FP_NO_EVENT ||
        !fp_identity_is_own(identity, target) || identity->is_deaf[event.process])
        return;
    if (!is_dead(life, &event) || !fp_identity_lived_on(identity, event.process, event.time))
        return;
    is_told[target] = true;
    struct fp_found *found = fp_find(
        scene, "kill-without-wait", event.process, "killed here", number,
        "%s killed its child %d by %s and has not waited for it",
        fp_scene_name(scene, event.process), (int)life->pid, fp_signal_name(event.kill->signal));
    fp_found_place(found, "forked here", life->forked);
}

void fp_identity_kills(struct fp_identity *identity) {
    struct fp_scene *scene = identity->scene;
    bool *is_told = calloc(scene->life_count + 1, sizeof *is_told);
    for (size_t i = 0; i < scene->life_count; i++)
        if (!scene->lives[i].is_ours)
            see_failures(identity, i);
    for (size_t i = 0; is_told && i < fp_record_event_count(scene->record); i++) {
        if (fp_scene_event(scene, i).kind != FP_AUDIT_KILL)
            continue;
        see_target(identity, i);
        see_kill(identity, i, is_told);
    }
    free(is_told);
}
