#include "replay.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scene_inner.h"

/* Numbers above are not followed; together the processes have no more than so many. */
enum { FD_LIMIT = 16384, HELD_LIMIT = 1 << 22 };

static const struct fp_held nothing = {FP_NO_EVENT, FP_NO_EVENT, FP_NO_EVENT,
                                       FP_NO_PIPE,  false,       false};

struct table {
    struct fp_held *held; /* by number */
    size_t count;
    size_t image;
    bool has_begun;
};

struct fp_replay {
    struct fp_scene *scene;
    struct table *tables; /* by life */
    size_t *children;     /* by event: the life that it forked */
    size_t held_count;    /* of all tables */
};

struct fp_scene *fp_replay_scene(const struct fp_replay *replay) {
    return replay->scene;
}

size_t fp_replay_all(const struct fp_replay *replay, size_t life, const struct fp_held **ret) {
    *ret = replay->tables[life].held;
    return replay->tables[life].count;
}

const struct fp_held *fp_replay_held(const struct fp_replay *replay, size_t life, int fd) {
    const struct table *table = &replay->tables[life];
    if (fd < 0 || (size_t)fd >= table->count)
        return NULL;
    const struct fp_held *held = &table->held[fd];
    return held->opened == FP_NO_EVENT && held->closed == FP_NO_EVENT ? NULL : held;
}

size_t fp_replay_image(const struct fp_replay *replay, size_t life) {
    return replay->tables[life].image;
}

bool fp_held_is_open(const struct fp_held *held) {
    return held && held->opened != FP_NO_EVENT && held->closed == FP_NO_EVENT;
}

/* --- tables --- */

static bool grow(struct fp_replay *replay, struct table *table, size_t count) {
    if (count <= table->count)
        return true;
    size_t more = count + count / 2 + 8;
    if (replay->held_count + more - table->count > HELD_LIMIT)
        return false;
    struct fp_held *held = realloc(table->held, more * sizeof *held);
    if (!held) {
        replay->scene->inner->is_failed = true;
        return false;
    }
    replay->held_count += more - table->count;
    for (size_t i = table->count; i < more; i++)
        held[i] = nothing;
    table->held = held;
    table->count = more;
    return true;
}

static struct fp_held *slot(struct fp_replay *replay, size_t life, int fd) {
    bool is_followed =
        fd >= 0 && fd < FD_LIMIT && grow(replay, &replay->tables[life], (size_t)fd + 1);
    return is_followed ? &replay->tables[life].held[fd] : NULL;
}

static void empty(struct fp_replay *replay, struct table *table) {
    replay->held_count -= table->count;
    free(table->held);
    table->held = NULL;
    table->count = 0;
}

/* A child has what its parent has, unless that is gone already. */
static void begin(struct fp_replay *replay, size_t life) {
    const struct fp_life *of = &replay->scene->lives[life];
    struct table *table = &replay->tables[life];
    if (table->has_begun || of->event_count == 0)
        return;
    table->has_begun = true;
    if (of->parent == FP_RECORD_NONE)
        return;
    const struct table *from = &replay->tables[of->parent];
    table->image = from->image;
    if (!from->held || !grow(replay, table, from->count))
        return;
    memcpy(table->held, from->held, from->count * sizeof *table->held);
}

/* --- what events do --- */

static void opens(struct fp_replay *replay, size_t life, int fd, size_t number, unsigned flags,
                  enum fp_pipe_end end) {
    struct fp_held *held = slot(replay, life, fd);
    if (held)
        *held = (struct fp_held){.opened = number,
                                 .made = number,
                                 .closed = FP_NO_EVENT,
                                 .end = end,
                                 .is_marked = flags & O_CLOEXEC};
}

static void copies(struct fp_replay *replay, size_t life, int fd, int other, size_t number) {
    const struct fp_held *known = fp_replay_held(replay, life, fd);
    struct fp_held from = known ? *known : nothing;
    struct fp_held *held = fd == other ? NULL : slot(replay, life, other);
    if (!held)
        return;
    *held = from;
    held->opened = number;
    held->closed = FP_NO_EVENT;
    held->is_copy = true;
}

/* Those that are known to be open: what others were is not. */
static void closes_range(struct fp_replay *replay, size_t life, size_t number,
                         const struct fp_audit_descriptor *what) {
    struct table *table = &replay->tables[life];
    size_t first = what->fd > 0 ? (size_t)what->fd : 0;
    for (size_t fd = first; fd < table->count && (int)fd <= what->other; fd++) {
        struct fp_held *held = &table->held[fd];
        if (!fp_held_is_open(held))
            continue;
        if (what->flags & FP_TOUCHED_ON_EXEC)
            held->is_marked = true;
        else
            held->closed = number;
    }
}

static void touches(struct fp_replay *replay, size_t life, size_t number,
                    const struct fp_audit_descriptor *what) {
    struct fp_held *held;
    if (what->result < 0)
        return;
    switch ((enum fp_audit_touched)what->what) {
    case FP_TOUCHED_PIPE:
        opens(replay, life, what->fd, number, what->flags, FP_READING_END);
        opens(replay, life, what->other, number, what->flags, FP_WRITING_END);
        return;
    case FP_TOUCHED_SOCKETPAIR:
        opens(replay, life, what->other, number, what->flags, FP_NO_PIPE);
        opens(replay, life, what->fd, number, what->flags, FP_NO_PIPE);
        return;
    case FP_TOUCHED_OPEN:
        opens(replay, life, what->fd, number, what->flags, FP_NO_PIPE);
        return;
    case FP_TOUCHED_DUP:
        copies(replay, life, what->fd, what->other, number);
        return;
    case FP_TOUCHED_CLOSE_RANGE:
        closes_range(replay, life, number, what);
        return;
    case FP_TOUCHED_CLOSE:
    case FP_TOUCHED_FLAGS:
        held = slot(replay, life, what->fd);
        if (held && what->what == FP_TOUCHED_CLOSE)
            held->closed = number;
        else if (held)
            held->is_marked = true;
        return;
    case FP_TOUCHED_READ:
    case FP_TOUCHED_WRITE:
    case FP_TOUCHED_KINDS:
        return;
    }
}

static void take_effect(struct fp_replay *replay, size_t number,
                        const struct fp_record_event *event) {
    struct table *table = &replay->tables[event->process];
    if (event->kind == FP_AUDIT_DESCRIPTOR) {
        touches(replay, event->process, number, event->descriptor);
    } else if (event->kind == FP_AUDIT_IMAGE) {
        empty(replay, table);
        table->image = number;
    } else if (event->kind == FP_AUDIT_FORK && replay->children[number] != FP_RECORD_NONE) {
        begin(replay, replay->children[number]);
    }
}

/* Who looks. */
struct looker {
    fp_look *look;
    fp_look_last *last;
    void *data;
};

static void step(struct fp_replay *replay, size_t number, const struct looker *looker) {
    struct fp_record_event event = fp_scene_event(replay->scene, number);
    const struct fp_life *life = &replay->scene->lives[event.process];
    begin(replay, event.process);
    if (looker->look)
        looker->look(replay, number, &event, looker->data);
    take_effect(replay, number, &event);
    if (number != life->events[life->event_count - 1])
        return;
    if (looker->last)
        looker->last(replay, event.process, looker->data);
    empty(replay, &replay->tables[event.process]);
}

static void walk(struct fp_replay *replay, const struct looker *looker) {
    const struct fp_scene *scene = replay->scene;
    size_t count = fp_record_event_count(scene->record);
    for (size_t i = 0; i < count; i++)
        replay->children[i] = FP_RECORD_NONE;
    for (size_t i = 0; i < scene->life_count; i++) {
        replay->tables[i].image = FP_NO_EVENT;
        if (scene->lives[i].forked != FP_NO_EVENT)
            replay->children[scene->lives[i].forked] = i;
    }
    for (size_t i = 0; i < count; i++)
        step(replay, i, looker);
    for (size_t i = 0; i < scene->life_count; i++)
        free(replay->tables[i].held);
}

void fp_replay(struct fp_scene *scene, fp_look *look, fp_look_last *last, void *data) {
    struct looker looker = {look, last, data};
    struct fp_replay replay = {
        .scene = scene,
        .tables = calloc(scene->life_count + 1, sizeof *replay.tables),
        .children = calloc(fp_record_event_count(scene->record) + 1, sizeof *replay.children)};
    if (replay.tables && replay.children)
        walk(&replay, &looker);
    else
        scene->inner->is_failed = true;
    free(replay.tables);
    free(replay.children);
}

/* --- programs --- */

bool fp_replay_is_shell(const struct fp_replay *replay, size_t life) {
    static const char *const shells[] = {"sh",   "bash", "dash",  "ash",    "busybox", "ksh",
                                         "mksh", "zsh",  "yash",  "fish",   "tcsh",    "csh",
                                         "posh", "env",  "flock", "setlock"};
    size_t image = fp_replay_image(replay, life);
    if (image == FP_NO_EVENT)
        return false;
    struct fp_record_text path = fp_scene_event(replay->scene, image).exe;
    const char *slash = path.size ? memrchr(path.at, '/', path.size) : NULL;
    const char *name = slash ? slash + 1 : path.at;
    size_t size = path.size - (size_t)(name - path.at);
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strlen(shells[i]) == size && memcmp(name, shells[i], size) == 0)
            return true;
    return false;
}

static bool is_digit(struct fp_record_text text, size_t at) {
    return at < text.size && text.at[at] >= '0' && text.at[at] <= '9';
}

bool fp_image_names(const struct fp_scene *scene, size_t image, int fd) {
    char digits[12];
    if (image == FP_NO_EVENT || fd < 0)
        return false;
    struct fp_record_text argv = fp_scene_event(scene, image).text;
    size_t size = (size_t)snprintf(digits, sizeof digits, "%d", fd);
    for (size_t i = 0; i + size <= argv.size; i++)
        if (memcmp(argv.at + i, digits, size) == 0 && !(i > 0 && is_digit(argv, i - 1)) &&
            !is_digit(argv, i + size))
            return true;
    return false;
}
