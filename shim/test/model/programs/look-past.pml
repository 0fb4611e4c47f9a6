/* R6: a program that waits in its SIGCHLD handler only; its second child was made inside libc. */
#define PIDS 2
#define THREADS 1
#define HANDLERS
#define SIGCHLD
#include "../protocol.pml"

proctype kills() provided (level[0] == 0) {
    FRAME(0, MAIN);
    deliver(0);
    told[1] && told[2];
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

init {
    atomic {
        born_at(0);
        forks++; state[LAST] = ALIVE; child[LAST] = forks;
        run children(); run kills(); run handler()
    }
    (done == 1) -> claim_all_at_rest()
}
