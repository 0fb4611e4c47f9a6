/* R5: a handler waits for any child above the stashing of its thread; another thread kills and
   stashes. */
#define PIDS 2
#define THREADS 2
#define HANDLERS
#define STASHING
#define LAST_STAYS
#include "../protocol.pml"

proctype stashes() provided (level[0] == 0) {
    FRAME(0, MAIN);
    stash_bound(0);
    deliver(0);
    thread_ends()
}
proctype handler() {
    FRAME(0, HANDLER);
end:
    handler_starts(0);
    settle();
    wait_any(1);
    handler_returns()
}
proctype kills() { FRAME(1, PLAIN); deliver(0); stash_bound(0); thread_ends() }

init {
    atomic { born_at(0); born_at(LAST); run children(); run stashes(); run handler(); run kills() }
    (done == 2) -> claim_all_at_rest()
}
