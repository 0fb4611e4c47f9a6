/* Two threads wait for one child, a third kills it; AND_FORK: or it has forked and kills that. */
#define THREADS 3
#include "../protocol.pml"

proctype waits() { FRAME(0, PLAIN); wait_one(0, 1, 1); thread_ends() }
proctype waits_too() { FRAME(1, PLAIN); WAIT; thread_ends() }
proctype kills() {
    FRAME(2, PLAIN);
#ifdef AND_FORK
    fork_any();
#endif
    deliver(0);
    thread_ends()
}

init {
    atomic { born_at(0); run children(); run waits(); run waits_too(); run kills() }
    (done == 3) -> claim_all_at_rest()
}
