/* A handler kills above a wait, a fork and a kill of its thread; AND_WAIT: another thread waits. */
#define THREADS 2
#define HANDLERS
#include "../protocol.pml"

proctype waits() provided (level[0] == 0) {
    FRAME(0, MAIN);
    wait_one(0, 1, 1);
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
        deliver(0);
        handler_returns()
    od
}
proctype other() {
    FRAME(1, PLAIN);
#ifdef AND_WAIT
    wait_one(0, 1, 0);
#else
    deliver(0);
#endif
    thread_ends()
}

init {
    atomic { born_at(0); run children(); run waits(); run handler(); run other() }
    (done == 2) -> claim_all_at_rest()
}
