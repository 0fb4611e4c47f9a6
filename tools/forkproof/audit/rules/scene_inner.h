/* What the files of the scene share. No rule includes it. */
#ifndef FP_SCENE_INNER_H
#define FP_SCENE_INNER_H

#include <stdarg.h>

#include "scene.h"

struct fp_scene_inner {
    struct fp_piece { /* memory that lasts as long as the scene */
        struct fp_piece *next;
        max_align_t bytes[];
    } * pieces;
    bool is_failed; /* there was no memory, at some time */
    size_t *places; /* of all lives' events */
    struct fp_stay {
        pid_t pid;
        size_t life;
        uint64_t from;
    } * stays; /* by pid, then time */
    size_t stay_count;
    size_t *children, *child_begins; /* by life; one begin more than there are lives */
    struct fp_unwinder *unwinder;
    const struct fp_stack **stacks; /* by event; NULL: not asked for yet */
    void *seen, *known;             /* trees: of raw stacks, and of unwound ones */
    void *mapped;                   /* tree: lists of mappings that were built */
    void *found_before;             /* tree */
    struct fp_found **found;
    size_t found_count, found_room;
    struct fp_found *open; /* the newest, which may get more places */
};

/* Zeroed memory that lasts as long as the scene; NULL: is_failed. */
void *fp_scene_keep(struct fp_scene *scene, size_t size);
char *fp_scene_keep_text(struct fp_scene *scene, const char *text, size_t size);

const char *fp_scene_format_list(struct fp_scene *scene, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Nanoseconds since the run began. */
uint64_t fp_scene_time(const struct fp_scene *scene, uint64_t since_boot);

/* Who was whose child: scene_lives.c. -ENOMEM. */
int fp_scene_find_lives(struct fp_scene *scene);

/* One more life, of somebody who wrote nothing and whom nobody forked; there is room for those that
 * forkproof tells of. */
size_t fp_scene_add_silent(struct fp_scene *scene, pid_t pid, uint64_t time);

/* What each did and how it ended: scene_ends.c. -ENOMEM. */
int fp_scene_find_ends(struct fp_scene *scene);

/* Their programs and all else that the audit says of the run: scene_program.c. -ENOMEM. */
int fp_scene_fill_audit(struct fp_scene *scene);

/* scene_stack.c */
int fp_scene_open_stacks(struct fp_scene *scene, const char *directory);
void fp_scene_close_stacks(struct fp_scene *scene);

/* find.c */
void fp_scene_close_found(struct fp_scene *scene);

#endif
