/* R7, R8: the pid comes back while its old status is on its way into the stash, or in it. */
#define THREADS 3
#define STASHING
#include "../protocol.pml"

proctype stashes() { FRAME(0, PLAIN); stash_bound(0); thread_ends() }
proctype waits() {
    FRAME(1, PLAIN);
    wait_one(0, 1, 1);
    fork_any();
    wait_one(0, 0, 0);
    thread_ends()
}
proctype kills() { FRAME(2, PLAIN); deliver(0); thread_ends() }

init {
    atomic { born_at(0); run children(); run stashes(); run waits(); run kills() }
    (done == 3) -> claim_all_at_rest()
}
