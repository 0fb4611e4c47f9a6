/* R6: a wait sleeps until the killer of a deferred zombie leaves; AND_FORK: the pid comes back and
   is signalled again. */
#define PIDS 2
#define THREADS 3
#include "../protocol.pml"

proctype kills() { FRAME(0, PLAIN); TWICE(deliver(0)); thread_ends() }
proctype waits() {
    FRAME(1, PLAIN);
    wait_one(0, 0, 1);
#ifdef AND_FORK
    fork_any();
#endif
    thread_ends()
}
proctype waits_for_any() { FRAME(2, PLAIN); wait_any(1); thread_ends() }

init {
    atomic {
        born_at(0);
        born_at(LAST);
        run children(); run kills(); run waits(); run waits_for_any()
    }
    (done == 3) -> claim_all_at_rest()
}
