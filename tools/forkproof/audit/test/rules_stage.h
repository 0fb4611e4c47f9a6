/*
 * Records made by hand for tests of rules: who did what, in order of time. No event has a stack
 * unless one is set, so that all places are the same and a rule is found once a program.
 */
#ifndef FP_RULES_STAGE_H
#define FP_RULES_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "record.h"
#include "rules/scene.h"

/* Begins a record; fp_stage_run reads and ends it. */
void fp_stage_begin(void);

/* A program is executed, by a new process or by one that was forked. argv: each ended by NUL. */
void fp_stage_image(pid_t pid, pid_t parent, const char *path, const char *argv, size_t argv_size);
#define IMAGE(pid, parent, path, argv) fp_stage_image(pid, parent, path, argv, sizeof(argv))

/* By that thread of the parent. */
void fp_stage_fork(pid_t parent, pid_t tid, pid_t child);

/* A child that writes before its parent tells of it, in a copy of the memory of `wrote`: the
 * nearest above it that had written. */
void fp_stage_child(pid_t child, pid_t parent, pid_t wrote);

/* A fork of any kind. */
void fp_stage_forked(pid_t parent, pid_t tid, const struct fp_audit_fork *fork);

/* Any event, with a text. */
void fp_stage_event(enum fp_audit_kind kind, pid_t pid, pid_t tid, const void *body, size_t size,
                    const char *text);
#define EVENT(kind, pid, text, ...)                                                                \
    fp_stage_event(kind, pid, pid, &(__VA_ARGS__), sizeof(__VA_ARGS__), text)

/* The events from here on are of a function at that address, with that stack pointer; 0: of none.
 * A mapping has to be there. */
void fp_stage_stack(uint64_t pc, uint64_t sp);

/* The events from here on have these frames, the innermost first, which have to outlive the run;
 * NULL and 0: none. Of the same array the stacks are the same. */
void fp_stage_frames(struct fp_frame *frames, size_t count);
#define FRAMES(frames) fp_stage_frames(frames, sizeof(frames) / sizeof *(frames))

/* Of the newest event: nanoseconds since boot. */
uint64_t fp_stage_time(void);

/* --- what tests of descriptors do all the time --- */

void fp_stage_pipe(pid_t pid, pid_t tid, int reading, int writing, unsigned flags);
void fp_stage_touch(pid_t pid, enum fp_audit_touched what, int fd, int other, int result);
void fp_stage_open(pid_t pid, int fd, const char *path, unsigned flags);
void fp_stage_inherited(pid_t pid, int fd, unsigned mode);
void fp_stage_exec(pid_t pid, const char *path, unsigned flags, int result);
void fp_stage_reaped(pid_t pid, pid_t child, int status);

/* --- what comes of it --- */

/* Runs the rules; all that were found, until the next fp_stage_begin or fp_stage_run. */
const struct fp_audit *fp_stage_run(void rules(struct fp_scene *scene));

/* How often a rule was found; -1: something else was found. */
int fp_stage_found(void rules(struct fp_scene *scene), const char *rule);

/* Claims that nothing was found. */
void fp_stage_claim_quiet(void rules(struct fp_scene *scene));

#endif
