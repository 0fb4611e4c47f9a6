/*
 * What the rules look at: a record in which it is known who was whose child, from when to when, and
 * who reaped, signalled and executed what; and how a rule says what it has found.
 *
 * A rule is a function over the scene. It decides by events alone; stacks are unwound when a
 * finding is made, and by those rules that ask for frames. All texts live as long as the scene.
 */
#ifndef FP_RULES_SCENE_H
#define FP_RULES_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../finding.h"
#include "../record.h"
#include "../unwind.h"
#include "explain/gotcha.h"

#define FP_NO_EVENT SIZE_MAX

/*
 * A process, from its birth to its end. Its place is that of the record's process, and that in the
 * audit while rules run. Behind those of the record come the silent ones, which wrote nothing: that
 * somebody forked, or that were left.
 */
struct fp_life {
    const struct fp_record_process *process; /* NULL: a silent one */
    pid_t pid;
    size_t *events; /* its own, in order of time: places in the record */
    size_t event_count;
    size_t parent;       /* life that forked it; FP_RECORD_NONE: not known */
    size_t forked;       /* event in the parent that made it; FP_NO_EVENT: none */
    size_t executed;     /* its first exec that succeeded; FP_NO_EVENT: none */
    size_t ended;        /* its FP_AUDIT_EXIT; FP_NO_EVENT: by a signal, or not known */
    size_t reaped;       /* FP_AUDIT_WAIT that took it; FP_NO_EVENT: none did, that is recorded */
    size_t seen;         /* the first FP_AUDIT_WAIT with WNOWAIT that found it dead; FP_NO_EVENT */
    size_t left;         /* FP_AUDIT_LEFT, by forkproof; FP_NO_EVENT */
    uint64_t born, died; /* nanoseconds since boot; died 0: not known, or alive at the end */
    int status;          /* as of waitpid; -1: not known */
    bool is_daemon;      /* detached on purpose: child of daemon() */
    bool is_ours;        /* forkproof itself, which wrote what was left: no rule is about it */
};

struct fp_scene {
    const struct fp_record *record;
    const struct fp_gotcha *gotchas;
    size_t gotcha_count;
    struct fp_life *lives;
    size_t life_count;
    size_t root;   /* life of the program that was run; FP_RECORD_NONE */
    uint64_t over; /* when the root ended, or the last event: nanoseconds since boot */
    struct fp_audit audit;
    struct fp_scene_inner *inner;
};

struct fp_scene_options {
    const char *directory; /* sources below it are shown relative; NULL: that of the record */
    const struct fp_gotcha *gotchas;
    size_t gotcha_count;
};

/* 0, -ENOMEM. The record is the caller's and outlives the scene. Fills `audit` but its findings. */
int fp_scene_open(const struct fp_record *record, const struct fp_scene_options *options,
                  struct fp_scene **ret);
void fp_scene_close(struct fp_scene *scene);

/* All rules (rules.c): fills in audit.findings, most severe first, then in order of time, with
 * their fingerprints; takes forkproof itself out of audit.processes. Once. 0, -ENOMEM. */
int fp_rules_run(struct fp_scene *scene);

/* The end of that, for tests of one rule: after its fp_rules_… */
int fp_scene_finish(struct fp_scene *scene);

/* --- for rules --- */

struct fp_record_event fp_scene_event(const struct fp_scene *scene, size_t event);

/* Who had the pid at that time; FP_RECORD_NONE: nobody that is recorded. */
size_t fp_scene_who(const struct fp_scene *scene, pid_t pid, uint64_t time);

/* The newest that had the pid by that time, dead or alive; and who had that number before. */
size_t fp_scene_newest(const struct fp_scene *scene, pid_t pid, uint64_t time);
size_t fp_scene_former(const struct fp_scene *scene, size_t life);

/* Children of a life, in order of birth. */
size_t fp_scene_children(const struct fp_scene *scene, size_t life, const size_t **ret_lives);

/* The next event of that kind of the life, from `*place` in its events on; FP_NO_EVENT: none. Moves
 * *place behind it. */
size_t fp_scene_next(const struct fp_scene *scene, size_t life, enum fp_audit_kind kind,
                     size_t *place);

/* Value of the stack pointer, and of the program counter, of the wrapper that wrote the event; 0:
 * not known. Two events of one kind with the same values were called from the same frame. */
uint64_t fp_scene_sp(const struct fp_scene *scene, size_t event);
uint64_t fp_scene_pc(const struct fp_scene *scene, size_t event);

/* Same call in the program: the stacks, which are unwound, have the same frames, as far as they are
 * known. False when one has none. */
bool fp_scene_same_place(struct fp_scene *scene, size_t a, size_t b);

/* Frames without those of our own library, the innermost first; NULL and 0 when there are none. */
const struct fp_stack *fp_scene_stack(struct fp_scene *scene, size_t event);

/* The name of a process for a sentence: its program's base name and pid, "worker 4711". */
const char *fp_scene_name(struct fp_scene *scene, size_t life);

/* The event happened in a signal handler, as far as its stack is known. */
bool fp_scene_in_handler(struct fp_scene *scene, size_t event);

/* Whether that wait took a child that had ended. */
bool fp_scene_is_reap(const struct fp_record_event *event);

/* A text that lasts as long as the scene; "?" without memory. */
const char *fp_scene_format(struct fp_scene *scene, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A finding, of the gotcha's severity unless another is given. NULL without memory; all functions
 * here take that. `life` is whom it is about, `event` where it is reported (FP_NO_EVENT: no place).
 * More places and lines of evidence may be added until the next fp_find: then it is compared with
 * the others, and only counted if the same program has done the same at the same places before.
 */
struct fp_found;
struct fp_found *fp_find(struct fp_scene *scene, const char *rule, size_t life, const char *what,
                         size_t event, const char *message, ...)
    __attribute__((format(printf, 6, 7)));
void fp_found_place(struct fp_found *found, const char *what, size_t event);
void fp_found_line(struct fp_found *found, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void fp_found_severity(struct fp_found *found, enum fp_severity severity);

/* Text of the program's, fit for a sentence: escaped, cut off at 80 columns, allocated in the
 * scene. */
const char *fp_scene_text(struct fp_scene *scene, struct fp_record_text text);

/* --- the families of rules, each in a file of its own --- */

void fp_rules_identity(struct fp_scene *scene); /* rules_identity.c: pids, waits, kills, statuses */
void fp_rules_containment(
    struct fp_scene *scene);                 /* rules_containment.c: what is left, and forks */
void fp_rules_child(struct fp_scene *scene); /* rules_child.c: between fork and exec, handlers */
void fp_rules_exec(struct fp_scene *scene);  /* rules_exec.c: paths, variables, masks, shells */
void fp_rules_descriptors(struct fp_scene *scene); /* rules_descriptors.c: pipes, leaks, bad ones */
void fp_rules_stall(struct fp_scene *scene); /* rules_stall.c: FP_AUDIT_STALL, died of SIGPIPE */

#endif
