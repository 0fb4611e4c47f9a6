/* R6: a wait sleeps past a zombie under a killer, and the other child ends; the handler above that
   killer returns only when somebody has been told of it. */
#define PIDS 2
#define THREADS 2
#define HANDLERS
#include "../protocol.pml"

proctype kills() provided (level[0] == 0) { FRAME(0, MAIN); deliver(0); thread_ends() }
proctype handler() {
    FRAME(0, HANDLER);
end:
    handler_starts(0);
    wait_one(0, 0, 1);
    told[2];
    handler_returns()
}
proctype waits() { FRAME(1, PLAIN); TWICE(wait_any(1)); thread_ends() }

init {
    atomic { born_at(0); born_at(LAST); run children(); run kills(); run handler(); run waits() }
    (done == 2) -> claim_all_at_rest()
}
