/* R12, R5: what a blocked wait has seen goes into the stash before the handler above it waits.
   AND_BACK: and is taken back, for a waiter that comes and goes. */
#define THREADS 2
#define HANDLERS
#define STASHING
#include "../protocol.pml"

proctype waits() provided (level[0] == 0) { FRAME(0, MAIN); wait_one(0, 1, 0); thread_ends() }
proctype handler() {
    FRAME(0, HANDLER);
end:
    handler_starts(0);
    settle();
    wait_any(0);
    handler_returns()
}
proctype stashes() { FRAME(1, PLAIN); stash_bound(0); thread_ends() }
proctype comes_and_goes() {
#ifdef AND_BACK
    waiters++;
    waiters--;
#endif
    done++
}

init {
    atomic {
        born_at(0);
        run children(); run waits(); run handler(); run stashes(); run comes_and_goes()
    }
    (done == 3) -> claim_all_at_rest()
}
