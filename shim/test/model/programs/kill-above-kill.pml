/* A handler kills above a kill of its thread; another thread waits and gets the pid again. */
#define THREADS 2
#define HANDLERS
#include "../protocol.pml"

proctype kills() provided (level[0] == 0) { FRAME(0, MAIN); TWICE(deliver(0)); thread_ends() }
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
proctype waits() { FRAME(1, PLAIN); wait_one(0, 1, 1); fork_any(); thread_ends() }

init {
    atomic { born_at(0); run children(); run kills(); run handler(); run waits() }
    (done == 2) -> claim_all_at_rest()
}
