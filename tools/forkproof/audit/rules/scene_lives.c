/* Who was whose child, from when to when: forks and waits matched with those who wrote. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "scene_inner.h"

/* What is seen of a pid. */
struct sight {
    pid_t pid;
    size_t event;
    enum { FORKED, WRITES, SEEN, REAPED } what;
};

/* One process that had the pid, as far as it is seen. */
struct bearer {
    pid_t pid;
    size_t forked, seen, reaped; /* events */
    size_t process;              /* of the record */
};

struct seer {
    struct fp_scene *scene;
    struct sight *sights;
    size_t sight_count;
    struct bearer *bearers;
    size_t bearer_count;
};

bool fp_scene_is_reap(const struct fp_record_event *event) {
    const struct fp_audit_wait *wait = event->wait;
    if (event->kind != FP_AUDIT_WAIT || wait->got <= 0 || wait->options & WNOWAIT)
        return false;
    if (wait->flags & FP_WAIT_HAS_STATUS)
        return WIFEXITED(wait->status) || WIFSIGNALED(wait->status);
    return !(wait->options & (WUNTRACED | WCONTINUED));
}

static bool is_look(const struct fp_record_event *event) {
    const struct fp_audit_wait *wait = event->wait;
    return event->kind == FP_AUDIT_WAIT && wait->got > 0 && wait->options & WNOWAIT &&
           wait->flags & FP_WAIT_HAS_STATUS &&
           (WIFEXITED(wait->status) || WIFSIGNALED(wait->status));
}

/* --- what is seen of each pid --- */

static int by_pid(const void *one, const void *other) {
    const struct sight *a = one, *b = other;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return a->event != b->event ? (a->event < b->event ? -1 : 1) : (int)a->what - (int)b->what;
}

static void see(struct seer *seer, pid_t pid, size_t event, unsigned what) {
    seer->sights[seer->sight_count++] = (struct sight){pid, event, what};
}

static int gather(struct seer *seer) {
    const struct fp_record *record = seer->scene->record;
    size_t events = fp_record_event_count(record), processes = fp_record_process_count(record);
    seer->sights = calloc(events + processes + 1, sizeof *seer->sights);
    seer->bearers = calloc(events + processes + 1, sizeof *seer->bearers);
    if (!seer->sights || !seer->bearers)
        return -ENOMEM;
    for (size_t i = 0; i < processes; i++)
        see(seer, fp_record_process(record, i)->pid, fp_record_process(record, i)->begin, WRITES);
    for (size_t i = 0; i < events; i++) {
        struct fp_record_event event = fp_record_event(record, i);
        if (event.kind == FP_AUDIT_FORK && event.fork->child > 0)
            see(seer, event.fork->child, i, FORKED);
        else if (fp_scene_is_reap(&event))
            see(seer, event.wait->got, i, REAPED);
        else if (is_look(&event))
            see(seer, event.wait->got, i, SEEN);
    }
    qsort(seer->sights, seer->sight_count, sizeof *seer->sights, by_pid);
    return 0;
}

/* --- who had it --- */

static const struct bearer nobody = {
    .forked = FP_NO_EVENT, .seen = FP_NO_EVENT, .reaped = FP_NO_EVENT, .process = FP_RECORD_NONE};

static struct bearer *another(struct seer *seer, pid_t pid) {
    struct bearer *bearer = &seer->bearers[seer->bearer_count++];
    *bearer = nobody;
    bearer->pid = pid;
    return bearer;
}

static size_t writer_of(const struct seer *seer, size_t event) {
    return fp_record_event(seer->scene->record, event).process;
}

/*
 * What is known of who started it is no word against that parent. A parent that had written nothing
 * when it forked is not in the memory that the child has: the two look like children of one. Nor is
 * it told, to a child that has executed, from another that had its number before.
 */
static bool may_be_child(const struct seer *seer, size_t process, size_t parent) {
    const struct fp_record *record = seer->scene->record;
    size_t starter = fp_record_process(record, process)->starter;
    if (process == parent)
        return false;
    return starter == FP_RECORD_NONE || starter == parent ||
           starter == fp_record_process(record, parent)->starter ||
           fp_record_process(record, starter)->pid == fp_record_process(record, parent)->pid;
}

/* The parent writes after the fork, so that the child may have written before. */
static struct bearer *see_fork(struct seer *seer, struct bearer *last, const struct sight *sight) {
    size_t parent = writer_of(seer, sight->event);
    bool is_early = last && last->forked == FP_NO_EVENT &&
                    (last->reaped == FP_NO_EVENT || writer_of(seer, last->reaped) == parent);
    if (!is_early || !may_be_child(seer, last->process, parent))
        last = another(seer, sight->pid);
    last->forked = sight->event;
    return last;
}

/* One that was forked and is not seen to have ended writes; or it has ended, unseen, and the next
 * one of its number writes before its own parent does. */
static struct bearer *see_writer(struct seer *seer, struct bearer *last, const struct sight *sight,
                                 const struct sight *next) {
    size_t process = writer_of(seer, sight->event);
    bool is_new = !last || last->process != FP_RECORD_NONE || last->reaped != FP_NO_EVENT;
    if (!is_new && !may_be_child(seer, process, writer_of(seer, last->forked)))
        is_new = next && next->what == FORKED &&
                 may_be_child(seer, process, writer_of(seer, next->event));
    if (is_new)
        last = another(seer, sight->pid);
    last->process = process;
    return last;
}

static void see_end(struct seer *seer, struct bearer *last, const struct sight *sight) {
    if (!last || last->reaped != FP_NO_EVENT || writer_of(seer, sight->event) == last->process)
        return;
    if (sight->what == REAPED)
        last->reaped = sight->event;
    else if (last->seen == FP_NO_EVENT)
        last->seen = sight->event;
}

static void tell_apart(struct seer *seer) {
    struct bearer *last = NULL;
    for (size_t i = 0; i < seer->sight_count; i++) {
        const struct sight *sight = &seer->sights[i], *next = sight + 1;
        if (i > 0 && sight->pid != sight[-1].pid)
            last = NULL;
        if (i + 1 == seer->sight_count || next->pid != sight->pid)
            next = NULL;
        if (sight->what == FORKED)
            last = see_fork(seer, last, sight);
        else if (sight->what == WRITES)
            last = see_writer(seer, last, sight, next);
        else
            see_end(seer, last, sight);
    }
}

/* --- lives --- */

static void begin_life(struct fp_scene *scene, struct fp_life *life, const struct bearer *bearer) {
    const struct fp_record *record = scene->record;
    *life = (struct fp_life){.pid = bearer->pid,
                             .parent = FP_RECORD_NONE,
                             .forked = bearer->forked,
                             .executed = FP_NO_EVENT,
                             .ended = FP_NO_EVENT,
                             .reaped = bearer->reaped,
                             .seen = bearer->seen,
                             .left = FP_NO_EVENT,
                             .status = -1};
    if (bearer->process != FP_RECORD_NONE) {
        life->process = fp_record_process(record, bearer->process);
        life->parent = life->process->starter;
        life->born = life->process->first;
    }
    if (bearer->forked != FP_NO_EVENT) {
        struct fp_record_event fork = fp_record_event(record, bearer->forked);
        life->parent = fork.process;
        life->is_daemon = fork.fork->how == FP_FORKED_DAEMON;
        if (!life->born || fork.time < life->born)
            life->born = fork.time;
    }
}

static int begin_lives(struct seer *seer) {
    struct fp_scene *scene = seer->scene;
    size_t processes = fp_record_process_count(scene->record), left = 0;
    for (size_t i = 0; i < fp_record_event_count(scene->record); i++)
        left += fp_record_event(scene->record, i).kind == FP_AUDIT_LEFT;
    scene->lives = calloc(seer->bearer_count + left + 1, sizeof *scene->lives);
    if (!scene->lives)
        return -ENOMEM;
    scene->life_count = processes;
    for (size_t i = 0; i < seer->bearer_count; i++) {
        size_t process = seer->bearers[i].process;
        size_t life = process != FP_RECORD_NONE ? process : scene->life_count++;
        begin_life(scene, &scene->lives[life], &seer->bearers[i]);
    }
    return 0;
}

/* What members have written may go round; nobody who follows it shall. */
static int cut_rings(struct fp_scene *scene) {
    size_t *seen = calloc(scene->life_count + 1, sizeof *seen);
    if (!seen)
        return -ENOMEM;
    for (size_t i = 0; i < scene->life_count; i++) {
        size_t at = i;
        while (at != FP_RECORD_NONE && !seen[at]) {
            seen[at] = i + 1;
            size_t parent = scene->lives[at].parent;
            if (parent != FP_RECORD_NONE && seen[parent] == i + 1)
                parent = scene->lives[at].parent = FP_RECORD_NONE;
            at = parent;
        }
    }
    free(seen);
    return 0;
}

size_t fp_scene_add_silent(struct fp_scene *scene, pid_t pid, uint64_t time) {
    struct bearer bearer = nobody;
    bearer.pid = pid;
    begin_life(scene, &scene->lives[scene->life_count], &bearer);
    scene->lives[scene->life_count].born = time;
    return scene->life_count++;
}

/* --- children --- */

struct child {
    size_t parent, life;
    uint64_t born;
};

static int by_birth(const void *one, const void *other) {
    const struct child *a = one, *b = other;
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    return a->born != b->born ? (a->born < b->born ? -1 : 1)
                              : (a->life > b->life) - (a->life < b->life);
}

static int list_children(struct fp_scene *scene) {
    size_t count = 0;
    size_t *begins = scene->inner->child_begins = calloc(scene->life_count + 2, sizeof *begins);
    size_t *lives = scene->inner->children = calloc(scene->life_count + 1, sizeof *lives);
    struct child *children = calloc(scene->life_count + 1, sizeof *children);
    if (!begins || !lives || !children) {
        free(children);
        return -ENOMEM;
    }
    for (size_t i = 0; i < scene->life_count; i++) {
        const struct fp_life *life = &scene->lives[i];
        if (life->parent == FP_RECORD_NONE)
            continue;
        children[count++] = (struct child){life->parent, i, life->born};
        begins[life->parent + 1]++;
    }
    qsort(children, count, sizeof *children, by_birth);
    for (size_t i = 0; i < count; i++)
        lives[i] = children[i].life;
    for (size_t i = 0; i < scene->life_count; i++)
        begins[i + 1] += begins[i];
    free(children);
    return 0;
}

static int tell_lives(struct seer *seer) {
    int r = gather(seer);
    if (r < 0)
        return r;
    tell_apart(seer);
    return begin_lives(seer);
}

int fp_scene_find_lives(struct fp_scene *scene) {
    struct seer seer = {.scene = scene};
    int r = tell_lives(&seer);
    free(seer.sights);
    free(seer.bearers);
    if (r == 0)
        r = fp_scene_find_ends(scene);
    if (r == 0)
        r = cut_rings(scene);
    return r == 0 ? list_children(scene) : r;
}
