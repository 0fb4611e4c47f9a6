/* What is told of a run: the closing lines, and the report file. */
#ifndef FP_REPORT_H
#define FP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct fp_refusal;
struct fp_run;

/* The report's file: beside its final name until it is whole; or written directly. */
struct fp_report_file {
    int fd;        /* -1: none is wanted */
    int dir_fd;    /* of the directory; -1 when written directly */
    char *name;    /* final, in dir_fd */
    char *interim; /* as long as it is not whole: private */
    mode_t mode;   /* what it gets then */
};

/* path NULL: none. -errno after one line on stderr. */
int fp_report_open(struct fp_report_file *file, const char *path, const char *run_id);
void fp_report_write(struct fp_run *run);
void fp_report_discard(struct fp_report_file *file);

/* The same for another file: `what` it is, for that line. */
int fp_report_open_as(struct fp_report_file *file, const char *what, const char *path,
                      const char *run_id);

/* In parts: of one that is written directly what was there before goes; it is whole. -errno. */
void fp_report_empty(struct fp_report_file *file);
int fp_report_place(struct fp_report_file *file);

/* Puts the text under its final name. -errno. */
int fp_report_commit(struct fp_report_file *file, const char *text);

/* The report as JSON text, allocated; NULL without memory. */
char *fp_report_json(const struct fp_run *run);

/* Lines behind it: where each of the first came from; and what was refused. */
void fp_report_origins(const struct fp_run *run);
void fp_report_refusals(const struct fp_run *run);

/* One of the first signals that were refused, copied and ended; false: there is none. */
bool fp_report_refusal(const struct fp_run *run, size_t number, struct fp_refusal *ret);

/* The last lines on stderr, when there is something to say. */
void fp_report_closing(const struct fp_run *run);

/* What --keep kept, and a pattern that named nothing: a line each, if there is one to say. */
void fp_report_kept(const struct fp_run *run);

#endif
