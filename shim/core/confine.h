/*
 * confine=on: a signal to a process outside the run fails with EPERM, as one to another user's
 * process does.
 *
 * Inside are the processes below the run's supervisor, or all of a pid namespace of its own. That
 * is proved for each signal through /proc, with a pidfd held, so that the process looked at is the
 * one that gets the signal (docs/races.md R23). A group that holds others, too, is signalled member
 * by member, and so is everybody (kill -1). Signal 0 reaches nobody and is let through. Where /proc
 * does not tell, nothing is inside but the process itself and the children that it knows.
 *
 * For images with hooks only. Async-signal-safe, no lock.
 */
#ifndef FP_CONFINE_H
#define FP_CONFINE_H

#include <signal.h>
#include <stdbool.h>

#include "deliver.h"
#include "settings.h"

static inline bool fp_confine_is_on(int number) {
    return fp_settings.options.confine == FP_CONFINE_ON && number != 0;
}

/* Sends it, by `send`, as far as it stays inside; the process is not known to be our child. */
long fp_confine_send(const struct fp_signal *signal, long (*send)(const struct fp_signal *));

/*
 * Sends it when the process that has the number is inside, whatever confine= says; -ESRCH when it
 * is not. Where /proc does not tell it is sent as bare.
 */
long fp_confine_send_inside(const struct fp_signal *signal, long (*send)(const struct fp_signal *));

/* Whether a signal to this thread, by a call that knows threads only, stays inside. */
bool fp_confine_has_thread(pid_t tid, int number);

#endif
