/*
 * The record of an audit (shim/record/audit.h), read.
 *
 * Members may write whatever they like there, also while it is read. So each chunk is copied by two
 * read calls and then checked: the sizes of the first copy tell which events were whole before the
 * second was made, whose bytes count. The file is not mapped: a member that cuts it off would kill
 * us. What is wrong is left out, counted and told; only a file that is no record is an error.
 */
#ifndef FP_RECORD_H
#define FP_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../../shim/record/audit.h"

#define FP_RECORD_WHY 160
#define FP_RECORD_NONE SIZE_MAX

/* Bytes of the program's own; whatever may be in them, no NUL ends them. */
struct fp_record_text {
    const char *at;
    size_t size;
};

struct fp_record_event {
    enum fp_audit_kind kind;
    pid_t pid, tid;
    uint64_t time;   /* nanoseconds since boot */
    uint64_t offset; /* in the file */
    size_t process;
    union {
        const void *body;
        const struct fp_audit_image *image;
        const struct fp_audit_mapping *mapping;
        const struct fp_audit_fork *fork;
        const struct fp_audit_exec *exec;
        const struct fp_audit_exit *exit;
        const struct fp_audit_wait *wait;
        const struct fp_audit_kill *kill;
        const struct fp_audit_discard *discard;
        const struct fp_audit_descriptor *descriptor;
        const struct fp_audit_handler *handler;
        const struct fp_audit_pdeathsig *pdeathsig;
        const struct fp_audit_inherited *inherited;
        const struct fp_audit_variable_event *variable;
        const struct fp_audit_shell *shell;
        const struct fp_audit_unsafe *unsafe;
        const struct fp_audit_atexit *handler_of_exit;
        const struct fp_audit_left *left;
        const struct fp_audit_root *root;
        const struct fp_audit_stall *stall;
    };
    struct fp_record_text text; /* see audit.h; of an image its argv */
    struct fp_record_text exe;  /* of an image */
    bool is_cut;                /* text or exe is not whole */
    unsigned machine;           /* 0: no registers and no stack */
    uint64_t known;             /* bit n: register n */
    const uint64_t *registers;
    size_t register_count;
    unsigned sp;       /* the number of the stack pointer */
    const void *stack; /* from the stack pointer on */
    size_t stack_size;
};

/*
 * From birth to end, over all images that it executed. Two are told apart by their start; of one
 * that was forked, executed and reused within the same clock tick that cannot be told.
 */
struct fp_record_process {
    pid_t pid, parent;    /* parent: when it first wrote */
    uint64_t start;       /* clock ticks since boot; 0: not known, it has executed nothing */
    uint64_t first, last; /* times of its events */
    size_t begin;         /* its first event */
    size_t starter;       /* process: of those above it the nearest that had written when it was
                           * forked; FP_RECORD_NONE: not recorded */
    size_t image;         /* its newest FP_AUDIT_IMAGE event; FP_RECORD_NONE: none */
    size_t events;        /* number of them */
};

/* One place where the record is not as it should be. */
struct fp_record_damage {
    uint64_t offset;
    char why[FP_RECORD_WHY];
};

#define FP_RECORD_DAMAGES 16

struct fp_record_losses {
    uint64_t full; /* events that were not written: no room in the record */
    uint64_t torn; /* events whose writer ended, or had not ended, in the middle */
    uint64_t damaged;
    struct fp_record_damage damages[FP_RECORD_DAMAGES]; /* the first of them */
};

struct fp_record;

/* -errno with the reason in ret_why: that of the system, or -EBADMSG, -EPROTO (a newer version). */
int fp_record_open(const char *path, struct fp_record **ret, char ret_why[static FP_RECORD_WHY]);

/* The same of an open file or memfd, which stays the caller's. */
int fp_record_read(int fd, struct fp_record **ret, char ret_why[static FP_RECORD_WHY]);

void fp_record_close(struct fp_record *record);

/* When it was made: nanoseconds since boot, and since the epoch. */
uint64_t fp_record_began(const struct fp_record *record);
uint64_t fp_record_began_epoch(const struct fp_record *record);

const struct fp_record_losses *fp_record_losses(const struct fp_record *record);

/* In order of time. Valid until the record is closed. */
size_t fp_record_event_count(const struct fp_record *record);
struct fp_record_event fp_record_event(const struct fp_record *record, size_t number);

/* In order of their first events. */
size_t fp_record_process_count(const struct fp_record *record);
const struct fp_record_process *fp_record_process(const struct fp_record *record, size_t number);

/*
 * The mappings that hold for an event: FP_AUDIT_MAPPING events of the image that it happened in, or
 * of the one that this was forked from, in order of time. Returns how many there are, and the
 * numbers of at most `room` of them.
 */
size_t fp_record_mappings(const struct fp_record *record, size_t event, size_t *ret_events,
                          size_t room);

#endif
