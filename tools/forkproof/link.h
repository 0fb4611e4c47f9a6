/* Messages between guard and supervisor; the end of the link is the death of the peer. */
#ifndef FP_LINK_H
#define FP_LINK_H

#include <stdbool.h>

/* Until a guard that was told to stop says that it runs again it is continued, so often. */
#define FP_CONTINUE_AGAIN_MS 50

enum fp_message_type {
    FP_MESSAGE_READY,    /* guard: has its witness; the program may start */
    FP_MESSAGE_FORWARD,  /* guard: a signal for the root */
    FP_MESSAGE_HURRY,    /* guard: no more grace */
    FP_MESSAGE_RESUMED,  /* guard: was stopped as told, and runs again */
    FP_MESSAGE_CONCLUDE, /* guard: has heard that all is done, and writes the report */
    FP_MESSAGE_PLACED,   /* supervisor: the program is in a weaker rung: to be told before READY */
    FP_MESSAGE_STOPPED,  /* supervisor: the root was stopped by this signal */
    FP_MESSAGE_ENDED,    /* supervisor: the root has ended */
    FP_MESSAGE_DONE,     /* supervisor: nothing is left */
};

struct fp_message {
    enum fp_message_type type;
    int sig;
    int value; /* of sigqueue */
    bool has_value;
};

int fp_link_open(int ret_ends[2]);
/* -EPIPE: the peer is gone. */
int fp_link_send(int fd, struct fp_message message);
/* 1: a message; 0: none at the moment; -EPIPE: the peer is gone. */
int fp_link_receive(int fd, struct fp_message *ret_message);

#endif
