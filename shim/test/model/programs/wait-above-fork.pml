/* R1: a handler waits and kills above the fork and the kill of its thread, another thread waits.
   AND_FORK: and forks. */
#define THREADS 2
#define HANDLERS
#include "../protocol.pml"

proctype forks_and_kills() provided (level[0] == 0) {
    FRAME(0, MAIN);
    fork_any();
    deliver(0);
    thread_ends()
}
proctype handler() {
    FRAME(0, HANDLER);
end:
    do
    :: atomic { turn < 2 && may_interrupt(0) -> level[0] = 1; turn++ };
        settle();
        wait_any(0);
        deliver(0);
        handler_returns()
    od
}
proctype waits() {
    FRAME(1, PLAIN);
    wait_any(0);
#ifdef AND_FORK
    fork_any();
#endif
    thread_ends()
}

init {
    atomic { run children(); run forks_and_kills(); run handler(); run waits() }
    (done == 2) -> claim_all_at_rest()
}
