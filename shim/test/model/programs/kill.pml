/* R2: two killers, a waiter, and the pid comes back, twice. */
#define THREADS 3
#include "../protocol.pml"

proctype waits() { FRAME(0, PLAIN); TWICE(WAIT; fork_any()); thread_ends() }
proctype kills_twice() { FRAME(1, PLAIN); TWICE(deliver(0)); thread_ends() }
proctype kills_once() { FRAME(2, PLAIN); deliver(0); thread_ends() }

init {
    atomic { born_at(0); run children(); run waits(); run kills_twice(); run kills_once() }
    (done == 3) -> claim_all_at_rest()
}
