#include "witness.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fds.h"
#include "member.h"
#include "name.h"
#include "proc.h"
#include "say.h"

#define BIT(sig) (UINT64_C(1) << ((sig)-1))
#define STOP_SIGNALS (BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))

static _Noreturn void stand_by(pid_t guard, char **argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guard)
        _exit(0);
    for (int fd = 0; fd <= 2; fd++)
        close(fd);
    fp_fds_keep(NULL, 0);
    fp_name_self("fp-witness", argv);
    for (;;)
        pause();
}

int fp_witness_start(struct fp_witness *w) {
    pid_t guard = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        stand_by(guard, w->argv);
    w->pid = pid;
    return 0;
}

static int start_or_say(struct fp_witness *w) {
    int r = fp_witness_start(w);
    if (r < 0 && !w->was_lost)
        fp_say("cannot tell signals to the process group from those to forkproof alone: %s; the "
               "program may get one twice",
               strerror(-r));
    w->was_lost |= r < 0;
    return r;
}

void fp_witness_died(struct fp_witness *w) {
    w->pid = 0;
    (void)start_or_say(w);
}

static void end(pid_t pid) {
    if (pid <= 0)
        return;
    fp_member_signal_child(pid, SIGKILL, NULL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void fp_witness_stop(struct fp_witness *w) {
    end(w->pid);
    w->pid = 0;
}

static uint64_t pending_here(void) {
    uint64_t set = 0;
    sigset_t pending;
    sigpending(&pending);
    for (int sig = 1; sig <= 64; sig++)
        if (sigismember(&pending, sig) == 1)
            set |= BIT(sig);
    return set;
}

/*
 * What it holds is used up. The new one must exist before the old is asked again, or a signal to
 * the group between the two would be seen by neither. A signal that waits here and that the old
 * one has seen counts as sent to the group: it cannot be asked twice.
 */
static void replace(struct fp_witness *w) {
    uint64_t held = 0;
    pid_t old = w->pid;
    if (start_or_say(w) < 0)
        w->pid = 0;
    (void)fp_proc_pending(old, &held);
    w->presumed |= held & pending_here();
    end(old);
}

bool fp_witness_saw(struct fp_witness *w, int sig) {
    uint64_t held = 0, wanted = BIT(sig);
    w->presumed &= pending_here() | wanted; /* what a SIGCONT discarded never comes */
    if (w->presumed & wanted) {
        w->presumed &= ~wanted;
        return true;
    }
    if (w->pid == 0)
        (void)start_or_say(w);
    if (w->pid == 0 || fp_proc_pending(w->pid, &held) < 0)
        return false;
    /* Stop signals and SIGCONT clear each other, also in the witness. */
    if (wanted & STOP_SIGNALS)
        wanted |= BIT(SIGCONT);
    else if (sig == SIGCONT)
        wanted |= STOP_SIGNALS;
    if (held)
        replace(w);
    return held & wanted;
}
