/*
 * The protocol of docs/adapter.md for adapters in C. A library's own file has its operations and a
 * list of them, and nothing of lines, JSON or threads.
 */
#ifndef ADAPTER_H
#define ADAPTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct child; /* what a program keeps of a child: each library's file has its own */

struct request {
    json_t *members;
    struct child *child; /* of the name that the request has; NULL: it has none, or a new one */
};

/* --- being an adapter --- */

/* Ends with a name of NULL. A member of `spawn` has no function. */
struct capability {
    const char *name;
    json_t *(*play)(const struct request *request); /* returns the answer; NULL: it comes later */
};

/* Opens the FIFOs, argv[1] and argv[2], and says who this is. Returns where requests come from. */
FILE *adapter_begin(char **argv, const char *name, const char *version,
                    const struct capability *capabilities);

/* Answers one line. False: there are to be no more. */
bool adapter_answer(const char *line);

/* Says the answer that came later. */
void adapter_reply(json_t *answer);

/* All of it, for a library without an event loop. Returns main's exit status. */
int adapter_serve(char **argv, const char *name, const char *version,
                  const struct capability *capabilities);

/* --- what is asked --- */

const char *request_text(const struct request *request, const char *member); /* NULL: not there */
bool request_pipe(const struct request *request, const char *stream);
bool request_true(const struct request *request, const char *member);

/* `program` and `arguments`; NULL at the end. To be freed, the words are the request's. */
char **request_argv(const struct request *request);

/* `env`. NULL at the end, to be freed, as above. */
char **request_env(const struct request *request);

/* As many bytes as `size` says, to be freed. */
char *request_bytes(const struct request *request, size_t *ret_size);

/* From now on the name in the request is this child's, or nobody's. */
void request_keep(const struct request *request, struct child *child);
void request_forget(const struct request *request);

/* --- the answer --- */

json_t *answer(const char *format, ...); /* `ok`: as json_pack has it */
json_t *answer_error(const char *text);
json_t *answer_errno(void);
json_t *answer_status(int status); /* of waitpid */

/* --- operations that are the same for all: C's own --- */

json_t *play_reap(const struct request *request);
json_t *play_handle(const struct request *request);
json_t *play_open(const struct request *request);
json_t *play_shut(const struct request *request);
json_t *play_await(const struct request *request);
json_t *play_together(const struct request *request); /* for a library that threads may share */

#endif
