/* R6: handlers on two threads, each above a killer, each made to look past the other's zombie. */
#define PIDS 2
#define THREADS 2
#define HANDLERS
#include "../protocol.pml"

proctype kills() provided (level[0] == 0) { FRAME(0, MAIN); deliver(0); thread_ends() }
proctype kills_too() provided (level[1] == 0) { FRAME(1, MAIN); deliver(LAST); thread_ends() }
proctype handler() {
    FRAME(0, HANDLER);
end:
    handler_starts(0);
    wait_one(LAST, 0, 1);
    wait_any(1);
    handler_returns()
}
proctype handler_too() {
    FRAME(1, HANDLER);
end:
    handler_starts(1);
    wait_one(0, 0, 1);
    wait_any(1);
    handler_returns()
}

init {
    atomic {
        born_at(0); state[0] = ZOMBIE;
        born_at(LAST); state[LAST] = ZOMBIE;
        run kills(); run kills_too(); run handler(); run handler_too()
    }
    (done == 2) -> claim_all_at_rest()
}
