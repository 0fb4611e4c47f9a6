/* R13: SIGCHLD is ignored, the kernel reaps; UNTIL_LATER: the program stops ignoring it. */
#define THREADS 2
#define AUTOMATIC
#include "../protocol.pml"

proctype forks_one() { FRAME(0, PLAIN); fork_any(); wait_one(0, 1, 1); thread_ends() }
proctype kills() { FRAME(1, PLAIN); TWICE(deliver(0)); thread_ends() }

init {
    atomic { born_at(0); run children(); run forks_one(); run kills() };
#ifdef UNTIL_LATER
#ifndef AUTOMATIC_FORGOTTEN
    known_automatic = 1;
#endif
    automatic = 0;
#endif
    (done == 2) -> claim_all_at_rest()
}
