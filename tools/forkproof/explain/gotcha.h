/* The gotchas that the command knows: a table made from conformance/catalogue and conformance/cases
 * (conformance/driver/generate.py --c). Strings are never NULL but where it is said. */
#ifndef FP_GOTCHA_H
#define FP_GOTCHA_H

#include <stdbool.h>
#include <stddef.h>

enum fp_mode { FP_MODE_BARE, FP_MODE_RUN, FP_MODE_PRELOAD, FP_MODES };
enum fp_program { FP_PROGRAM_BAD, FP_PROGRAM_GOOD, FP_PROGRAMS };

struct fp_source {
    const char *document; /* "S0", or "+" */
    const char *title;    /* of the document */
    const char *section;
};

/* What can come of its program; the first whose condition holds is what did. */
struct fp_outcome {
    const char *word, *when, *means;
    bool safe;
};

/* Where the outcome is another. */
struct fp_exception {
    const char *program, *mode; /* "": all */
    const char *where, *outcome, *because;
};

/* The program that shows it: the options of conformance/README.md. */
struct fp_case {
    const char *const *needs, *const *run, *const *arguments; /* NULL at the end */
    const char *preload;
    bool stall;
    const char *deadline; /* seconds */
    int pids;             /* 0: no limit */
    const struct fp_outcome *outcomes;
    size_t outcome_count;
    const char *expected[FP_PROGRAMS][FP_MODES];
    const struct fp_exception *exceptions;
    size_t exception_count;
};

struct fp_gotcha {
    const char *id, *title, *family, *family_title, *severity;
    const char *const *tags, *const *platforms; /* NULL at the end */
    const struct fp_source *sources;
    size_t source_count;
    const char *run, *preload;
    const char *run_options, *preload_options; /* that it takes for that; "": none */
    const char *how, *audit;
    const char *story, *timeline, *remedy, *elsewhere; /* Markdown */
    const struct fp_case *example;                     /* NULL: there is none */
};

/* In the order of the course; of one family together. */
extern const struct fp_gotcha fp_gotchas[];
extern const size_t fp_gotcha_count;

#endif
