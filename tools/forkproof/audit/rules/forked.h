/*
 * What the rules about forked children share: which children run their parent's code in memory of
 * their own, and what two stacks tell of the function that forked.
 */
#ifndef FP_RULES_FORKED_H
#define FP_RULES_FORKED_H

#include "scene.h"

/* Whether that fork made a child that goes on in the program's code, with memory of its own. */
bool fp_fork_is_copy(const struct fp_record_event *event);

/* The fork that made the life, if it is such a one; else FP_NO_EVENT. */
size_t fp_forked_copy(const struct fp_scene *scene, size_t life);

/* Of the life's events the first that is later. Its place among them. */
size_t fp_events_after(const struct fp_life *life, size_t event);

/* Whether the life wrote the event before it executed anything else. */
bool fp_is_before_exec(const struct fp_life *life, size_t event);

/*
 * Whether what the process does is said by a script: then one place in the interpreter stands for
 * many in the script, and says nothing about the program.
 */
bool fp_is_interpreter(const struct fp_scene *scene, size_t life);

/* Whether both ran the same program, with the same arguments. */
bool fp_is_same_program(const struct fp_scene *scene, size_t a, size_t b);

/* Whether it is a function of the heap, of libc's or the program's own. */
bool fp_is_allocator(const char *function);

/* The same call from the same frame: the same stack pointer, and whole stacks that are the same. */
bool fp_is_same_call(struct fp_scene *scene, size_t a, size_t b);

/* Function that made the call, for a sentence; "a function" when it has no name. */
const char *fp_caller_name(struct fp_scene *scene, size_t event);

enum fp_forker { FP_FORKER_UNKNOWN, FP_FORKER_THERE, FP_FORKER_GONE };

/*
 * Whether the function that made the fork was still being executed at the event of its child, by
 * the frames from the outermost on. Unknown unless both stacks are whole. With FP_FORKER_THERE
 * *ret_frame is its place among the event's frames.
 */
enum fp_forker fp_forker_at(struct fp_scene *scene, size_t fork, size_t event, size_t *ret_frame);

/* --- rules that have a file of their own --- */

void fp_rules_forks(struct fp_scene *scene);    /* rules_forks.c: who forks where its parent does */
void fp_rules_returns(struct fp_scene *scene);  /* rules_returns.c: who left the forking function */
void fp_rules_vfork(struct fp_scene *scene);    /* rules_vfork.c */
void fp_rules_handlers(struct fp_scene *scene); /* rules_handlers.c: handlers of signals */

#endif
