/* R3: a handler waits above the kill on its thread; another thread forks and kills. */
#define THREADS 2
#define HANDLERS
#include "../protocol.pml"

proctype kills() provided (level[0] == 0) { FRAME(0, MAIN); deliver(0); thread_ends() }
proctype handler() {
    FRAME(0, HANDLER);
end:
    do
    :: atomic { turn < 2 && may_interrupt(0) -> level[0] = 1; turn++ };
        settle();
        wait_one(0, 1, 1);
        handler_returns()
    od
}
proctype forks_one() { FRAME(1, PLAIN); fork_any(); deliver(0); thread_ends() }

init {
    atomic { born_at(0); run children(); run kills(); run handler(); run forks_one() }
    (done == 2) -> claim_all_at_rest()
}
