/*
 * The writer of the audit's record (record/audit.h), in a member of the run.
 *
 * Mapped once an image; without the record, or once it is full, everything here does nothing but
 * count. No function fails, blocks, allocates from libc or touches errno; all are async-signal-safe
 * and allowed in a forked child. A vfork child shares the chunk of its parent: fp_log_prepare comes
 * before any fork. `here` is where the program is, or NULL: then no stack is kept.
 */
#ifndef FP_AUDIT_LOG_H
#define FP_AUDIT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit.h"
#include "registers.h"

/*
 * Maps the record that the path leads to. False, and for good, when it is none: not a memfd sealed
 * against shrinking, of another layout, of another pid namespace, or no address space.
 */
bool fp_log_open(const char *path);

/* Whether an event would find its way into the record, as far as it is known. */
bool fp_log_is_on(void);

/* How much memory of this process the record is, and where; 0: none. */
size_t fp_log_memory(const void **ret_at);

/* Before a fork: takes this process its chunk, if it has none; a child will have none. */
void fp_log_prepare(void);

/* In a forked child, where the kernel does not wipe memory (before 4.14): it has no chunk yet. */
void fp_log_child(void);

/* Memory of this process for whoever uses the log: zeroed in a forked child, shared with a vfork
 * child; NULL when there is none. */
#define FP_LOG_ROOM 4080
void *fp_log_room(void);

/* What lies on the first thread's stack from here on, arguments and environment, is not kept. */
void fp_log_stack_end(const void *end);

/* Bytes for an event; all of them are the shim's own and can be read. */
struct fp_log_part {
    const void *at;
    size_t size;
};

/* Any event: the body's structure, then the parts of its text. A longer one is counted as lost.
 * Where the body is in the record; NULL: nowhere. */
#define FP_LOG_BODY 4096
#define FP_LOG_PARTS 3
struct fp_log_event {
    enum fp_audit_kind kind;
    unsigned flags;
    unsigned stack; /* bytes of it that are kept; 0: FP_AUDIT_STACK */
    uint64_t time;  /* as of fp_log_now; 0: now */
    struct fp_log_part parts[FP_LOG_PARTS];
};
void *fp_log(const struct fp_log_event *event, const struct fp_here *here);

/* For what is told after it was done, and counts from before. */
uint64_t fp_log_now(void);

/* An event whose body has no text. */
#define fp_log_body(kind_, body, here)                                                             \
    (void)fp_log(                                                                                  \
        &(const struct fp_log_event){.kind = (kind_), .parts = {{(body), sizeof *(body)}}}, here)

/* For events that come in great numbers. */
#define FP_LOG_SHORT_STACK 1024

/* Text that is kept is cut off at this. */
#define FP_LOG_TEXT 1024

/* The image's arguments, as they were given to it, or NULL: from /proc; and its executable. */
void fp_log_image(char *const *argv);

/* What it has mapped for execution, from /proc, with build-ids; and in the event above its start.
 */
void fp_log_mappings(void);

/*
 * The same, before the next event that has a stack, or when settled. Most programs that are soon
 * over have no such event, and a fresh process pays much for all that it asks /proc about itself.
 */
void fp_log_mappings_due(void);
void fp_log_mappings_settle(void);

/* The path is the program's and may be a bad pointer. */
void fp_log_exec(const char *user_path, int result, const struct fp_here *here);
void fp_log_opened(const struct fp_audit_descriptor *what, const char *user_path,
                   const struct fp_here *here);

static inline void fp_log_fork(enum fp_audit_forked how, int child, const struct fp_here *here) {
    struct fp_audit_fork body = {.child = child, .how = how};
    fp_log_body(FP_AUDIT_FORK, &body, here);
}

static inline void fp_log_exit(enum fp_audit_ended how, int status, const struct fp_here *here) {
    struct fp_audit_exit body = {.status = status, .how = how};
    fp_log_body(FP_AUDIT_EXIT, &body, here);
}

static inline void fp_log_wait(const struct fp_audit_wait *body, const struct fp_here *here) {
    fp_log_body(FP_AUDIT_WAIT, body, here);
}

static inline void fp_log_kill(const struct fp_audit_kill *body, const struct fp_here *here) {
    fp_log_body(FP_AUDIT_KILL, body, here);
}

static inline void fp_log_discard(enum fp_audit_discarded how, int child, int status,
                                  const struct fp_here *here) {
    struct fp_audit_discard body = {.child = child, .status = status, .how = how};
    fp_log_body(FP_AUDIT_DISCARD, &body, here);
}

static inline void fp_log_descriptor(const struct fp_audit_descriptor *body,
                                     const struct fp_here *here) {
    fp_log(&(const struct fp_log_event){.kind = FP_AUDIT_DESCRIPTOR,
                                        .stack = FP_LOG_SHORT_STACK,
                                        .parts = {{body, sizeof *body}}},
           here);
}

static inline void fp_log_handler(const struct fp_audit_handler *body, const struct fp_here *here) {
    fp_log_body(FP_AUDIT_HANDLER, body, here);
}

static inline void fp_log_pdeathsig(const struct fp_audit_pdeathsig *body,
                                    const struct fp_here *here) {
    fp_log_body(FP_AUDIT_PDEATHSIG, body, here);
}

#endif
