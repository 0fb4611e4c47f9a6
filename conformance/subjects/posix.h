/*
 * A child as a C program without a library has it: a pid, and descriptors. How it is started is
 * c-fork's or c-posix-spawn's own; everything after that is the same.
 */
#ifndef POSIX_H
#define POSIX_H

#include <sys/types.h>

#include "adapter.h"

struct child {
    pid_t pid;
    int stream[3]; /* this program's end of the pipe to or from it; -1: there is none */
};

/* Of each standard stream: both ends of its pipe, -1 where none is asked for. */
struct pipes {
    int end[3][2];
};

bool pipes_open(struct pipes *pipes, const struct request *request); /* false: errno says why */
int pipes_theirs(const struct pipes *pipes, int stream);             /* the child's end */
void pipes_close(const struct pipes *pipes);

/* The child is started: closes its ends of the pipes, keeps the others, and answers. */
json_t *child_started(const struct request *request, pid_t pid, const struct pipes *pipes);

json_t *posix_write(const struct request *request);
json_t *posix_close(const struct request *request);
json_t *posix_read(const struct request *request);
json_t *posix_wait(const struct request *request);
json_t *posix_poll(const struct request *request);
json_t *posix_kill(const struct request *request);
json_t *posix_terminate(const struct request *request);
json_t *posix_group(const struct request *request);
json_t *posix_forget(const struct request *request);

#endif
