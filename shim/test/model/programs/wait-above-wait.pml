/* R12: a handler waits above a blocked wait, another thread waits for the same child.
   AND_KILL: a third thread kills it. AND_FORK: the pid comes back. */
#define THREADS 3
#define HANDLERS
#include "../protocol.pml"

proctype waits() provided (level[0] == 0) { FRAME(0, MAIN); WAIT; thread_ends() }
proctype handler() {
    FRAME(0, HANDLER);
end:
    handler_starts(0);
    settle();
    wait_any(0);
    handler_returns()
}
proctype waits_too() {
    FRAME(1, PLAIN);
    wait_one(0, 1, 1);
#ifdef AND_FORK
    fork_any();
#endif
    thread_ends()
}
proctype kills() {
    FRAME(2, PLAIN);
#ifdef AND_KILL
    deliver(0);
#endif
    thread_ends()
}

init {
    atomic { born_at(0); run children(); run waits(); run handler(); run waits_too(); run kills() }
    (done == 3) -> claim_all_at_rest()
}
