#include "pause.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "proc.h"
#include "values.h"

/* Far longer than it takes; a member that is continued by somebody else all the time is given up.
 */
#define STOP_NS (2 * FP_SECOND)
#define LOOK_AGAIN_MS 1

/*
 * A fork that a SIGSTOP meets is undone and begins again after the stop; one in the kernel's
 * uninterruptible sleep (a vfork's parent, too) stops before it is back in the program.
 */
static bool is_running(const struct fp_member *member) {
    struct fp_proc_stat stat;
    return fp_proc_stat(member->pid, &stat) == 0 && stat.start == member->start &&
           fp_proc_alive(&stat) && !strchr("TtD", stat.state);
}

/* How many were not known to be stopped. */
static size_t stop_round(struct fp_pause *pause, struct fp_teardown *t, bool frozen) {
    size_t running = 0;
    (void)fp_teardown_list(t);
    t->scope.list = &t->now;
    for (size_t i = 0; i < t->now.count; i++) {
        struct fp_member *member = &t->now.at[i];
        if (frozen && fp_contain_holds(&t->run->contain, member->pid))
            continue;
        if (!is_running(member) || fp_member_signal(member, SIGSTOP, &t->scope) < 0)
            continue;
        (void)fp_members_add_once(&pause->stopped, member);
        running++;
    }
    return running;
}

int fp_pause_begin(struct fp_pause *pause, struct fp_teardown *t) {
    int64_t deadline = fp_now() + STOP_NS;
    int r = fp_contain_freeze(&t->run->contain, true);
    bool frozen = r == 0 || r == -ETIMEDOUT;
    pause->on = t->held_still = true;
    while (stop_round(pause, t, frozen) > 0) {
        if (fp_now() > deadline)
            return -ETIMEDOUT;
        poll(NULL, 0, LOOK_AGAIN_MS);
    }
    return frozen ? r : 0;
}

void fp_pause_end(struct fp_pause *pause, struct fp_teardown *t) {
    if (!pause->on)
        return;
    pause->on = t->held_still = false;
    (void)fp_contain_freeze(&t->run->contain, false);
    (void)fp_teardown_list(t);
    t->scope.list = &t->now;
    /* Children first: a shell that goes on must not find its jobs stopped. */
    for (size_t i = pause->stopped.count; i > 0; i--)
        (void)fp_member_signal(&pause->stopped.at[i - 1], SIGCONT, &t->scope);
    fp_members_free(&pause->stopped);
}
