/* R6, R12: a program that waits for one child, and for all others in its SIGCHLD handler. There is
   one that was made inside libc; AND_FORK: there is none, but the pid comes back. AND_WAIT: another
   thread waits for the same child. */
#ifdef AND_FORK
#define PIDS 1
#else
#define PIDS 2
#endif
#define THREADS 2
#define HANDLERS
#define SIGCHLD
#include "../protocol.pml"

proctype waits() provided (level[0] == 0) {
    FRAME(0, MAIN);
    wait_one(0, 1, 0);
    over[1] && told[1] && (told[2] || forks < 2);
    thread_ends()
}
proctype handler() {
    FRAME(0, HANDLER);
end:
    do
    :: atomic { sigchld && may_interrupt(0) -> level[0] = 1; sigchld = 0 };
        do
        :: settle();
            wait_any(0);
            if
            :: told_one
            :: !told_one -> break
            fi
        od;
        handler_returns()
    od
}
proctype other() {
    FRAME(1, PLAIN);
#if defined(AND_FORK)
    fork_any();
#elif defined(AND_WAIT)
    wait_one(0, 1, 0);
#endif
    thread_ends()
}

init {
    atomic {
        born_at(0);
#ifndef AND_FORK
        forks++; state[LAST] = ALIVE; child[LAST] = forks;
#endif
        run children(); run waits(); run handler(); run other()
    }
    (done == 2) -> claim_all_at_rest()
}
