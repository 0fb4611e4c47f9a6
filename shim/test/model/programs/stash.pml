/* R5: a thread about to block in a wait for any child, while another stashes the one that has
   ended. The other child stays alive, so that a wait that misses the status blocks for ever. */
#define PIDS 2
#define THREADS 3
#define STASHING
#define LAST_STAYS
#include "../protocol.pml"

proctype stashes() { FRAME(0, PLAIN); stash_bound(0); thread_ends() }
proctype waits() { FRAME(1, PLAIN); wait_any(1); thread_ends() }
proctype kills() { FRAME(2, PLAIN); deliver(0); thread_ends() }

init {
    atomic { born_at(0); born_at(LAST); run children(); run stashes(); run waits(); run kills() }
    (done == 3) -> claim_all_at_rest()
}
