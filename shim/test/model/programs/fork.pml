/* R1: children are reaped before their forks have registered them, in threads of any number. */
#define THREADS 4
#include "../protocol.pml"

proctype forks_twice() { FRAME(0, PLAIN); TWICE(fork_any()); thread_ends() }
proctype forks_once() { FRAME(1, PLAIN); fork_any(); thread_ends() }
proctype waits() { FRAME(2, PLAIN); TWICE(wait_any(0)); thread_ends() }
proctype kills() {
    FRAME(3, PLAIN);
    if
    :: word[0] & EVER -> deliver(0)
    :: true
    fi;
    thread_ends()
}

init {
    atomic { run children(); run forks_twice(); run forks_once(); run waits(); run kills() }
    (done == 4) -> claim_all_at_rest()
}
