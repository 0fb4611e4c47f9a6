/* R5: two threads stash one zombie, the first takes it back for a waiter that comes and goes (it is
   cancelled, or told of another child); a third thread waits for any child. */
#define PIDS 2
#define THREADS 3
#define STASHING
#define LAST_STAYS
#include "../protocol.pml"

proctype stashes() { FRAME(0, PLAIN); stash_bound(0); thread_ends() }
proctype stashes_too() { FRAME(1, PLAIN); stash_bound(0); thread_ends() }
proctype comes_and_goes() { waiters++; waiters--; done++ }
proctype waits() { FRAME(2, PLAIN); wait_any(1); thread_ends() }

init {
    atomic {
        born_at(0);
        born_at(LAST);
        run children(); run stashes(); run stashes_too(); run comes_and_goes(); run waits()
    }
    (done == 4) -> claim_all_at_rest()
}
