/* R4: a kill of a child that is being reaped, or has been, while its pid comes back. */
#define THREADS 2
#include "../protocol.pml"

proctype waits() { FRAME(0, PLAIN); wait_one(0, 1, 1); fork_any(); thread_ends() }
proctype kills() { FRAME(1, PLAIN); TWICE(deliver(0)); thread_ends() }

init {
    atomic { born_at(0); run children(); run waits(); run kills() }
    (done == 2) -> claim_all_at_rest()
}
