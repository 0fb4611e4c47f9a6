/* The events of a record in order of time, and whose they are. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "bisect.h"
#include "record_parts.h"

#define TICK 10000000 /* nanoseconds: the clock tick of /proc/PID/stat */

/*
 * The events that one process wrote in one image: from an exec or a fork to the next exec. A vfork
 * child writes in the image of its parent, under its own number.
 */
struct group {
    uint32_t image;
    pid_t pid;
    size_t first; /* event */
    size_t process;
    const struct fp_audit_image *as; /* NULL: it does not say what it is */
};

struct groups {
    struct group *of; /* by image, then pid */
    size_t count;
    struct group **by_time;
    struct latest { /* by pid */
        pid_t pid;
        size_t process; /* the newest so far; FP_RECORD_NONE */
        bool is_over;   /* it has told that it ends, or was waited for */
    } * latest;
    size_t latest_count;
};

static int compare(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int by_image(const void *one, const void *other) {
    const struct group *a = one, *b = other;
    int by = compare(a->image, b->image);
    if (by == 0)
        by = compare((uint64_t)a->pid, (uint64_t)b->pid);
    return by ? by : compare(a->first, b->first);
}

static int by_first(const void *one, const void *other) {
    return compare((*(struct group *const *)one)->first, (*(struct group *const *)other)->first);
}

static int by_pid(const void *one, const void *other) {
    return compare((uint64_t)((const struct latest *)one)->pid,
                   (uint64_t)((const struct latest *)other)->pid);
}

static int by_time(const void *one, const void *other) {
    const struct fp_record_entry *a = one, *b = other;
    int by = compare(a->time, b->time);
    return by ? by : compare(a->offset, b->offset);
}

static int by_mapped(const void *one, const void *other) {
    const struct fp_record_mapped *a = one, *b = other;
    int by = compare(a->image, b->image);
    return by ? by : compare(a->event, b->event);
}

static struct group key_of(const struct fp_record *record, size_t event) {
    const struct fp_record_entry *entry = &record->entries[event];
    return (struct group){
        .image = record->chunks[entry->chunk].first, .pid = entry->at->pid, .first = event};
}

static struct group *find_group(const struct groups *groups, uint32_t image, pid_t pid) {
    size_t low = 0, high = groups->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct group *at = &groups->of[middle];
        if (at->image == image && at->pid == pid)
            return at;
        if (at->image < image || (at->image == image && at->pid < pid))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* --- which groups there are --- */

static void keep_one_of_each(struct groups *groups, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct group *last = groups->count ? &groups->of[groups->count - 1] : NULL;
        if (!last || last->image != groups->of[i].image || last->pid != groups->of[i].pid)
            groups->of[groups->count++] = groups->of[i];
    }
}

static void keep_one_of_each_pid(struct groups *groups) {
    for (size_t i = 0; i < groups->count; i++)
        groups->latest[i] = (struct latest){groups->of[i].pid, FP_RECORD_NONE, false};
    qsort(groups->latest, groups->count, sizeof *groups->latest, by_pid);
    for (size_t i = 0; i < groups->count; i++)
        if (i == 0 || groups->latest[i].pid != groups->latest[groups->latest_count - 1].pid)
            groups->latest[groups->latest_count++] = groups->latest[i];
}

static int make_groups(const struct fp_record *record, struct groups *groups) {
    size_t count = record->entry_count;
    groups->of = calloc(count + 1, sizeof *groups->of);
    if (!groups->of)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        groups->of[i] = key_of(record, i);
    qsort(groups->of, count, sizeof *groups->of, by_image);
    keep_one_of_each(groups, count);
    groups->by_time = calloc(groups->count + 1, sizeof(struct group *));
    groups->latest = calloc(groups->count + 1, sizeof *groups->latest);
    if (!groups->by_time || !groups->latest)
        return -ENOMEM;
    for (size_t i = 0; i < groups->count; i++)
        groups->by_time[i] = &groups->of[i];
    qsort(groups->by_time, groups->count, sizeof(struct group *), by_first);
    keep_one_of_each_pid(groups);
    return 0;
}

/* --- which process each is of --- */

static struct latest *latest_of(const struct groups *groups, pid_t pid) {
    struct latest key = {.pid = pid};
    return bsearch(&key, groups->latest, groups->latest_count, sizeof key, by_pid);
}

/* What each says first that it is. */
static void find_images(const struct fp_record *record, const struct groups *groups) {
    for (size_t i = 0; i < record->entry_count; i++) {
        const struct fp_audit_event *event = record->entries[i].at;
        if (event->kind != FP_AUDIT_IMAGE)
            continue;
        struct group key = key_of(record, i);
        struct group *group = find_group(groups, key.image, key.pid);
        if (group && !group->as)
            group->as = (const void *)(event + 1);
    }
}

/* One that was there before, of the same number, has executed this image. Without its start, which
 * an image that does nothing does not tell, unless it was over. */
static bool is_same(const struct latest *latest, const struct fp_record_process *before,
                    const struct fp_audit_image *image) {
    if (!image || image->start == 0)
        return image && !latest->is_over;
    return before->start ? before->start == image->start : image->start <= before->first / TICK;
}

static void begin_process(struct fp_record *record, const struct groups *groups,
                          struct group *group) {
    const struct fp_audit_image *image = group->as;
    const struct fp_record_chunk *chunk = &record->chunks[group->image - 1];
    pid_t parent = image ? image->parent : chunk->pid == group->pid ? chunk->parent : chunk->pid;
    const struct latest *above = latest_of(groups, parent);
    group->process = record->process_count++;
    record->processes[group->process] = (struct fp_record_process){
        .pid = group->pid,
        .parent = parent,
        .first = record->entries[group->first].time,
        .begin = group->first,
        .starter = above && parent != group->pid ? above->process : FP_RECORD_NONE,
        .image = FP_RECORD_NONE,
    };
}

static void find_process(struct fp_record *record, const struct groups *groups,
                         struct group *group) {
    struct latest *latest = latest_of(groups, group->pid);
    if (!latest)
        return; // there is one for every group
    if (latest->process != FP_RECORD_NONE &&
        is_same(latest, &record->processes[latest->process], group->as))
        group->process = latest->process;
    else
        begin_process(record, groups, group);
    latest->process = group->process;
    latest->is_over = false;
    if (group->as && group->as->start)
        record->processes[group->process].start = group->as->start;
}

/* Of whom the event says that it ends or has ended; 0: of nobody. */
static pid_t ended_by(const struct fp_audit_event *event) {
    const struct fp_audit_wait *wait = (const void *)(event + 1);
    if (event->kind == FP_AUDIT_EXIT)
        return event->pid;
    if (event->kind != FP_AUDIT_WAIT || wait->got <= 0 || wait->options & WNOWAIT)
        return 0;
    bool is_end = wait->flags & FP_WAIT_HAS_STATUS
                      ? WIFEXITED(wait->status) || WIFSIGNALED(wait->status)
                      : !(wait->options & (WUNTRACED | WCONTINUED));
    return is_end ? wait->got : 0;
}

static void find_processes(struct fp_record *record, const struct groups *groups) {
    size_t next = 0;
    for (size_t i = 0; i < record->entry_count; i++) {
        while (next < groups->count && groups->by_time[next]->first == i)
            find_process(record, groups, groups->by_time[next++]);
        struct latest *ended = latest_of(groups, ended_by(record->entries[i].at));
        if (ended)
            ended->is_over = true;
    }
}

/* --- who started whom --- */

/* By the memory that it was forked with: sure, where a number is not. */
static const struct group *forker_of(const struct fp_record *record, const struct groups *groups,
                                     const struct group *group) {
    const struct fp_record_chunk *chunk = &record->chunks[group->image - 1];
    if (chunk->pid != group->pid) // a vfork child, in the image of its parent
        return find_group(groups, group->image, chunk->pid);
    return chunk->from ? find_group(groups, chunk->from, record->chunks[chunk->from - 1].pid)
                       : NULL;
}

static void find_starters(struct fp_record *record, const struct groups *groups) {
    for (size_t i = 0; i < groups->count; i++) {
        const struct group *group = groups->by_time[i];
        struct fp_record_process *process = &record->processes[group->process];
        const struct group *forker = forker_of(record, groups, group);
        if (forker && group->first == process->begin && forker->process != group->process)
            process->starter = forker->process;
    }
}

/* What members have written may go round; nobody who follows it shall. */
static int cut_rings(struct fp_record *record) {
    size_t *seen = calloc(record->process_count + 1, sizeof *seen);
    if (!seen)
        return -ENOMEM;
    for (size_t i = 0; i < record->process_count; i++) {
        size_t at = i;
        while (at != FP_RECORD_NONE && !seen[at]) {
            struct fp_record_process *process = &record->processes[at];
            seen[at] = i + 1;
            at = process->starter;
            if (at == FP_RECORD_NONE || seen[at] != i + 1)
                continue;
            process->starter = FP_RECORD_NONE;
            fp_record_damage(record, record->entries[process->begin].offset,
                             "process %d, which would be its own starter's starter",
                             (int)process->pid);
        }
    }
    free(seen);
    return 0;
}

/* --- what each did --- */

static void count_events(struct fp_record *record, const struct groups *groups) {
    for (size_t i = 0; i < record->entry_count; i++) {
        struct fp_record_entry *entry = &record->entries[i];
        struct group key = key_of(record, i);
        const struct group *group = find_group(groups, key.image, key.pid);
        if (!group)
            continue; // there is one for every event
        struct fp_record_process *of = &record->processes[group->process];
        entry->process = (uint32_t)group->process;
        of->events++;
        of->last = entry->time;
        if (entry->at->kind == FP_AUDIT_IMAGE)
            of->image = i;
        if (entry->at->kind == FP_AUDIT_MAPPING)
            record->mapped_count++;
    }
}

static int list_mapped(struct fp_record *record) {
    record->mapped = calloc(record->mapped_count + 1, sizeof *record->mapped);
    if (!record->mapped)
        return -ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < record->entry_count; i++)
        if (record->entries[i].at->kind == FP_AUDIT_MAPPING)
            record->mapped[count++] = (struct fp_record_mapped){key_of(record, i).image, i};
    qsort(record->mapped, count, sizeof *record->mapped, by_mapped);
    return 0;
}

/* Where the image's begin among all. */
static size_t first_mapped(const struct fp_record *record, uint32_t image) {
    return FP_BISECT(i, record->mapped_count, record->mapped[i].image < image);
}

size_t fp_record_mappings(const struct fp_record *record, size_t event, size_t *ret_events,
                          size_t room) {
    size_t count = 0;
    // Who was forked has a higher number than its forker.
    for (uint32_t image = key_of(record, event).image; image && count == 0;
         image = record->chunks[image - 1].from)
        for (size_t i = first_mapped(record, image);
             i < record->mapped_count && record->mapped[i].image == image; i++, count++)
            if (count < room)
                ret_events[count] = record->mapped[i].event;
    return count;
}

/* A chunk that goes on must go on from a first one, unless nothing is known of that. */
static void check_firsts(struct fp_record *record) {
    for (size_t i = 0; i < record->chunk_count; i++) {
        struct fp_record_chunk *chunk = &record->chunks[i];
        uint32_t first = chunk->first;
        if (first == 0 || first == i + 1 || record->chunks[first - 1].first == first ||
            record->chunks[first - 1].first == 0)
            continue;
        fp_record_damage(record, FP_AUDIT_HEAD + (uint64_t)i * FP_AUDIT_CHUNK,
                         "a chunk that continues one that is not a process's first");
        chunk->first = (uint32_t)i + 1;
    }
}

int fp_record_arrange(struct fp_record *record) {
    check_firsts(record);
    struct groups groups = {.count = 0};
    if (record->entry_count)
        qsort(record->entries, record->entry_count, sizeof *record->entries, by_time);
    int r = make_groups(record, &groups);
    if (r == 0) {
        record->processes = calloc(groups.count + 1, sizeof *record->processes);
        r = record->processes ? 0 : -ENOMEM;
    }
    if (r == 0) {
        find_images(record, &groups);
        find_processes(record, &groups);
        find_starters(record, &groups);
        count_events(record, &groups);
        r = cut_rings(record);
    }
    if (r == 0)
        r = list_mapped(record);
    free(groups.of);
    free(groups.by_time);
    free(groups.latest);
    return r;
}
