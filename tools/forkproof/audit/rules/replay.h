/*
 * The record once more, event by event, with what each process has open at that moment, as far as
 * the calls that make, copy, mark and close descriptors are recorded: a forked child begins with
 * what its parent has, a new image with nothing that is known.
 */
#ifndef FP_RULES_REPLAY_H
#define FP_RULES_REPLAY_H

#include "scene.h"

enum fp_pipe_end { FP_NO_PIPE, FP_READING_END, FP_WRITING_END };

/* One number. */
struct fp_held {
    size_t opened; /* event that gave it its file; FP_NO_EVENT: none that is recorded */
    size_t made;   /* the same, of a copy that of what was copied */
    size_t closed; /* event; FP_NO_EVENT: it is open, or nothing is known */
    enum fp_pipe_end end;
    bool is_copy;   /* by dup or its like, which mostly are told the number */
    bool is_marked; /* close-on-exec when it was opened, or marked or unmarked since */
};

struct fp_replay;

/* Looks at each event before it takes effect, and at each life after its last one. */
typedef void fp_look(struct fp_replay *replay, size_t number, const struct fp_record_event *event,
                     void *data);
typedef void fp_look_last(struct fp_replay *replay, size_t life, void *data);

/* Either may be NULL. */
void fp_replay(struct fp_scene *scene, fp_look *look, fp_look_last *last, void *data);

struct fp_scene *fp_replay_scene(const struct fp_replay *replay);

/* For lives that have begun and not ended: that of the event that is looked at has. NULL: nothing
 * is known of that number. */
const struct fp_held *fp_replay_held(const struct fp_replay *replay, size_t life, int fd);

/* All numbers that something may be known of, by number. */
size_t fp_replay_all(const struct fp_replay *replay, size_t life, const struct fp_held **ret);

/* Its FP_AUDIT_IMAGE event at that moment, which a child has from its parent; FP_NO_EVENT. */
size_t fp_replay_image(const struct fp_replay *replay, size_t life);

/* A shell, or env or flock: what it opens, closes, passes on, ignores or blocks, and where it goes,
 * is what it was told. */
bool fp_replay_is_shell(const struct fp_replay *replay, size_t life);

bool fp_held_is_open(const struct fp_held *held);

/* --- what was done to descriptors --- */

/* The number is that, or one of those, that it was done to. */
bool fp_touch_has(const struct fp_audit_descriptor *what, int fd);

/* It is open no more after that. */
bool fp_touch_closes(const struct fp_audit_descriptor *what, int fd);

/* --- events beside an event --- */

/* What the same thread of the same process did next, or before; FP_NO_EVENT. */
size_t fp_thread_next(const struct fp_scene *scene, size_t number);
size_t fp_thread_before(const struct fp_scene *scene, size_t number);

/* The exec, or the call that spawns, that follows with what is told right before it. */
size_t fp_exec_of(const struct fp_scene *scene, size_t number);

enum fp_exec_end { FP_EXEC_WORKED, FP_EXEC_FAILED, FP_EXEC_SPAWNED };

/* What became of an exec, of which the record has the beginning. Spawned: the process that wrote it
 * did not execute it itself. */
enum fp_exec_end fp_exec_end(const struct fp_scene *scene, size_t number);

/* The image that an exec or a spawn began; FP_NO_EVENT: it has no hooks. */
size_t fp_exec_image(const struct fp_scene *scene, size_t number);

/* The path of an exec, for a sentence. */
const char *fp_exec_path(struct fp_scene *scene, size_t number);

/* An image's arguments hold that number, with no digit beside it. */
bool fp_image_names(const struct fp_scene *scene, size_t image, int fd);

#endif
