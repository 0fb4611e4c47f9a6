/*
 * What an audit has found: the one model between the rules, which make findings, and the formats,
 * which write them. Everything in it may come from a hostile program: no text here is fit to be
 * printed before it is escaped for its format.
 */
#ifndef FP_FINDING_H
#define FP_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum fp_severity { FP_NOTE, FP_WARNING, FP_ERROR };

/* The function of a frame that the kernel made: those behind it are what a signal interrupted. */
#define FP_SIGNAL_FRAME "<signal handler called>"

/* One call on a stack, the innermost first. What is not known is NULL or 0. */
struct fp_frame {
    const char *function;
    const char *file; /* of the source, as the compiler was told it */
    unsigned line, column;
    const char *module; /* path of the image */
    uint64_t offset;    /* in the module, where no line is known */
    bool is_inlined;    /* into the next one */
};

/* A place in a program: "forked here". A two-place bug has two. */
struct fp_place {
    const char *what; /* our own words */
    pid_t pid, tid;
    uint64_t time; /* nanoseconds since the run began */
    struct fp_frame *frames;
    size_t frame_count;
    bool is_cut; /* more frames than the slice of stack that was kept */
};

/* A process of the run. */
struct fp_process {
    pid_t pid, parent;
    uint64_t born, ended; /* nanoseconds since the run began; ended 0: it had not */
    int status;           /* as of waitpid; -1: not known */
    const char *const *argv;
    size_t argc;
    const char *image;  /* path of the executable */
    const char *script; /* of an interpreted program; NULL: none */
    bool has_hooks;
    int starter; /* its place among the processes of the audit; -1: the root, or not known */
};

struct fp_finding {
    const char *rule;  /* a gotcha's id */
    const char *title; /* of the catalogue's entry */
    enum fp_severity severity;
    const char *message;     /* one sentence with what is particular to it */
    char fingerprint[33];    /* stable: no pid, address or time is in it */
    struct fp_place *places; /* the first is where it is reported */
    size_t place_count;
    const char **evidence; /* lines */
    size_t evidence_count;
    int process;    /* its place among the processes */
    unsigned times; /* the same again is counted */
    bool is_baselined, is_suppressed;
    char *suppression; /* a line to paste */
};

/* All of one run. */
struct fp_audit {
    const char *const *argv; /* of the run's program */
    size_t argc;
    int status;            /* of the root, as of waitpid */
    uint64_t began;        /* nanoseconds since the epoch */
    uint64_t length;       /* nanoseconds */
    const char *directory; /* that it was run in: paths of sources below it are shown relative */
    struct fp_process *processes;
    size_t process_count;
    struct fp_finding *findings;
    size_t finding_count;
    uint64_t lost_events; /* of the record */
    size_t images_without_hooks;
    const char **unused_suppressions;
    size_t unused_suppression_count;
};

#endif
