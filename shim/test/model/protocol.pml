/*
 * The protocol of kill, wait, fork and early reaping (docs/races.md R1 to R8, R12, R13) in Promela,
 * for Spin. `check` runs it: every interleaving of each of the programs beside this file.
 *
 * One step of the model is one access to shared memory or one system call; what a thread does in
 * between is folded into the step before. An inline stands for one C function:
 *
 *   registered_word, gone_word, …               core/word.h (word.pml; word.c compares them)
 *   gone, release                               core/child.c: fp_child_gone, fp_child_release
 *   unlist, relist                              core/child.c: what fp_child_exchange and
 *                                               fp_child_stash do about the set of stashed pids
 *   fork_any                                    fp_fork_begin, the system call, fp_fork_end
 *   enter, claim_zombie, claim_gone             core/claim.c: enter, fp_claim_zombie, fp_claim_gone
 *   stash_take_one, stash_take_any              core/stash.c: take_one, fp_stash_take
 *   reap_deferred                               core/stash.c: fp_stash_reap_deferred
 *   stash_bound, publish, unpublish             core/stash.c: fp_stash_bound with stash_if_zombie,
 *                                               publish, unpublish
 *   claims, settle                              core/pending.c: fp_pending_claims; fp_pending_settle
 *                                               with settle, take_end, take_stashed
 *   deliver, send_counted, send_verified        core/deliver.c: fp_deliver, send_counted with
 *                                               leave, send_verified
 *   note, leave, take, is_anothers, peek_each,  core/reap.c: the same names; wait_one is
 *   wait_one, wait_any                          look_and_take for one pid (with fp_claim_at_once
 *                                               for wait4), wait_any the same for P_ALL (with
 *                                               peek_blocking and peek_past)
 *   busy                                        core/busy.c
 *   is_automatic                                core/chld.c
 *
 * A loop around a compare-and-swap is one step where what it computes depends on the word alone:
 * only the last turn has an effect. Where anything else was looked at in between, load, look and
 * swap are steps of their own.
 *
 * A frame is a process: a thread's own, or that of a handler above it, which starts between any two
 * steps and without which the frame below does not go on (`provided`). So a handler may interrupt a
 * blocked wait; the wait goes on after it (SA_RESTART).
 *
 * Left out:
 * - A free pid is at the same time a stranger's: any signal to it counts as a hit, any fork of ours
 *   may get it. A stranger needs no more state than that.
 * - Words are always mapped (claim.c: word_of), and only pids that fork has returned are signalled,
 *   so no kill is sent raw for want of a word. stale=deny.
 * - Stops and continuations, groups, clone's other children, pidfds of the program, WNOWAIT of the
 *   program, bad pointers, cancellation, longjmp, EINTR (a program that waits again), nested
 *   handlers, forks in handlers, notes and busy pids too deep to be kept.
 * - Of several zombies the kernel shows a wait any one. A signal changes nothing: children end anyway.
 * - The set of children is read from the words. A bit that lags hides a child from peek_each, as
 *   one that was never registered is hidden (R6, program look-past).
 * - The numbers that bound the stash: any zombie may be stashed at any time; none is given up.
 * - What a status is told with (usage, group): the status is the number of the fork.
 * - A nap followed by another look waits until that look would find something else, so that a loop
 *   that never ends is a deadlock here.
 * - Memory is sequentially consistent: so are the C atomics that threads share.
 *
 * Switches: CHECK_… are claims that not every program can keep; those in programs/ say there what
 * they do; all others take a defence away. `check` has them all.
 */

#ifndef PIDS
#define PIDS 1
#endif
#define LAST (PIDS - 1)
#define NONE 7

#define IF(condition, then, otherwise) ((condition) -> (then) : (otherwise))
#include "word.pml"

/* --- what must never be; the checker prints the name --- */

bit stranger_signalled, other_child_signalled, status_told_twice, status_lost, live_entry,
    not_at_rest, taken_above_its_wait, false_echild;
#define CLAIM(name, what) assert(name || (what))

/* --- the kernel --- */

#define FREE 0
#define ALIVE 1
#define ZOMBIE 2
byte state[PIDS];
byte child[PIDS]; /* which of our forks made it */
byte forks;

#ifdef SIGCHLD
bit sigchld; /* pending */
#define raise_sigchld sigchld = 1
#else
#define raise_sigchld skip
#endif

#ifdef AUTOMATIC
bit automatic = 1; /* SIGCHLD is ignored */
#define was_automatic 1
#else
#define automatic 0
#define was_automatic 0
#endif

#define any_zombie (state[0] == ZOMBIE || state[LAST] == ZOMBIE)
#define any_alive (state[0] == ALIVE || state[LAST] == ALIVE)

inline reap(p) {
    state[p] = FREE;
    child[p] = 0
}

/* --- the history, for the claims --- */

#define CHILDREN 6
bit told[CHILDREN];
byte holder[PIDS]; /* the newest fork that is registered with the pid */

/* --- the shim's memory --- */

int word[PIDS];
byte in_flight, waiters, stashed;
bit stash_set[PIDS];

#ifdef UNTIL_LATER
bit known_automatic;
#else
#define known_automatic 0
#endif

/* thread-local: how busy it is, and the note of the thread's own frame (R12) */
#define MAIN 0    /* a thread's own frame, with a handler */
#define HANDLER 1 /* the handler */
#define PLAIN 2   /* a thread without a handler */
byte level[THREADS];
bit over[THREADS];
#ifdef BUSY_WITH_SEEN
byte busy_with[THREADS * PIDS];
#define busy(p) busy_with[t * PIDS + (p)]
#else
byte busy_with[THREADS];
#define busy(p) busy_with[t]
#endif
byte note_pid[THREADS] = NONE;
byte note_child[THREADS];
bit note_taken[THREADS];
bit note_claiming[THREADS];
short note_registration[THREADS];
bit note_hid[THREADS];

byte done;

/* --- a frame --- */

#define FRAME(thread, at)                                                                          \
    byte t = thread, lvl = at;                                                                     \
    byte verdict, result;   /* of the function just run, of the wait */                            \
    byte seen = NONE;       /* the zombie that was seen, */                                        \
    byte past = NONE;       /* or is to be looked past, */                                         \
    byte seen_child;        /* and its status */                                                   \
    byte reaped;            /* the status that was reaped */                                       \
    byte meant;             /* whom the signal is for */                                           \
    byte born = NONE, made; /* what fork has returned */                                           \
    byte i;                                                                                        \
    byte turn;                                                                                     \
    bit in_flight_seen, in_set, announced, live, told_one, claimed;                                          \
    int old

#define LOST 0
#define ENTERED 1
#define REAPED 2
#define DEFERRED 3
#define TOLD 4
#define NOTHING 5

inline tell(c) {
    CLAIM(status_told_twice, !told[c]);
#ifdef HANDLERS
    CLAIM(taken_above_its_wait, !(lvl == HANDLER && note_pid[t] != NONE && note_child[t] == (c)));
#endif
    told[c] = 1
}

/* --- child.c --- */

/* The word as it was is left in `old`. */
inline gone(p) {
#ifdef IN_FLIGHT_FIRST
    in_flight_seen = in_flight > 0;
    atomic {
        old = word[p];
        word[p] = gone_word(old, in_flight_seen) - CLOSER;
        in_flight_seen = 0
    };
#else
    do
    :: old = word[p];
        in_flight_seen = in_flight > 0;
        if
        :: atomic {
            word[p] == old ->
                word[p] = gone_word(old, in_flight_seen) - CLOSER;
                in_flight_seen = 0;
                break
            }
        :: word[p] != old
        fi
    od;
#endif
}

inline release(p) {
    word[p] = word[p] - CLOSER
}

/* STASH is about to go (_first), or has gone. */
#ifdef UNLISTED_LATE
#define unlist_first(p) skip
inline unlist(p) {
    do
    :: in_set = (word[p] & STASH) != 0;
        stash_set[p] = in_set;
        if
        :: atomic { in_set == ((word[p] & STASH) != 0) -> in_set = 0; break }
        :: atomic { in_set != ((word[p] & STASH) != 0) -> in_set = 0 }
        fi
    od;
    stashed--
}
#else
#define unlist_first(p) stash_set[p] = 0
#define unlist(p) stashed--
#endif

/* STASH has come. */
#if defined(LISTED_ONCE) || defined(UNLISTED_LATE)
#define relist(p) skip
#else
#define relist(p) stash_set[p] = 1
#endif

/* --- claim.c --- */

#ifdef DEFER_FORGOTTEN
#define is_taken(w) 0
#else
#define is_taken(w) ((w) & DEFER)
#endif

/* verdict: LOST, ENTERED, or DEFERRED with the status in seen_child */
inline enter(p) {
    do
    :: atomic { is_taken(word[p]) -> verdict = LOST; break }
#ifdef NO_DEFER
    :: atomic { !is_taken(word[p]) -> word[p] = word[p] + CLOSER; verdict = ENTERED; break }
#else
    :: atomic {
        !is_taken(word[p]) && killers(word[p]) == 0 ->
            word[p] = word[p] + CLOSER;
            verdict = ENTERED;
            break
        }
#ifdef DEFERRED_UNSEEN
    :: atomic {
        !is_taken(word[p]) && killers(word[p]) > 0 ->
            word[p] = word[p] | DEFER;
            verdict = DEFERRED;
            break
        }
#elif !defined(WAIT_FOR_KILLERS)
    :: atomic { !is_taken(word[p]) && killers(word[p]) > 0 -> old = word[p] };
        atomic {
            if
            :: state[p] == ZOMBIE -> seen_child = child[p]
            :: else -> verdict = LOST; break
            fi
        };
        if
        :: atomic { word[p] == old -> word[p] = old | DEFER; verdict = DEFERRED; break }
        :: word[p] != old
        fi
#endif
#endif
    od
}

/* Reaped, as a closer. */
inline claim_gone(p) {
    gone(p);
#ifdef SIGCHLD
    atomic {
        if
#ifndef NO_SECOND_SIGCHLD
        :: (old & HIDDEN) && any_zombie -> raise_sigchld
#endif
        :: else
        fi
    };
#endif
    old = 0
}

/* verdict: LOST, REAPED or DEFERRED */
inline claim_zombie(p) {
    enter(p);
    if
    :: atomic {
        verdict == ENTERED ->
            if
            :: state[p] == ZOMBIE -> reaped = child[p]; reap(p); verdict = REAPED
            :: else -> verdict = LOST
            fi
        };
        if
        :: verdict == REAPED -> claim_gone(p)
        :: atomic { verdict == LOST -> release(p) }
        fi
    :: verdict != ENTERED
    fi
}

/* --- stash.c --- */

#define registration(w) (((w) + (N(w) > 0 || ((w) & STASH) -> 0 : GENERATION)) & GENERATIONS)
#define claims(p)                                                                                  \
    (lvl != PLAIN && note_claiming[t] && note_pid[t] == (p) &&                                     \
     note_registration[t] == registration(word[p]))

#define is_stashed(p) (stashed > 0 && (word[p] & STASH) && !claims(p))

/* Clears STASH with `action` in the same step, as long as it is there `when`. */
#define TAKE_STASHED(p, when, action)                                                              \
    do                                                                                             \
    :: atomic { (when) -> old = word[p] };                                                         \
        unlist_first(p);                                                                           \
        if                                                                                         \
        :: atomic { word[p] == old -> action; old = 0 };                                           \
            unlist(p);                                                                             \
            break                                                                                  \
        :: atomic { word[p] != old -> old = 0 }                                                    \
        fi                                                                                         \
    :: !(when) -> break                                                                            \
    od

inline tell_stashed(p) {
    tell(word[p] & STATUS);
    word[p] = word[p] & ~(STASH | STATUS);
    result = TOLD
}

/* result: TOLD, or as it was */
inline stash_take_one(p) {
#ifdef STASHING
    TAKE_STASHED(p, is_stashed(p), tell_stashed(p))
#else
    skip
#endif
}

inline stash_take_any() {
#ifdef STASHING
    if
    :: stash_set[0] -> stash_take_one(0)
    :: !stash_set[0]
    fi
#if PIDS > 1
    ;
    if
    :: result == LOST && stash_set[LAST] -> stash_take_one(LAST)
    :: !(result == LOST && stash_set[LAST])
    fi
#endif
#else
    skip
#endif
}

#define stash_has (stash_set[0] && is_stashed(0) || stash_set[LAST] && is_stashed(LAST))

inline reap_deferred(p) {
    atomic {
        if
        :: state[p] == ZOMBIE -> reap(p)
        :: else
        fi
    };
    claim_gone(p)
}

#define may_stash(w)                                                                               \
    (N(w) == 1 && killers(w) == 0 && closers(w) == 0 && !((w) & (DEFER | STASH)))

/* verdict: ENTERED, the status is in the stash; LOST, it is not and nothing is left to do */
inline publish(p) {
    if
    :: atomic { word[p] == old -> old = old + CLOSER; word[p] = old };
        stash_set[p] = 1;
        stashed++;
        if
        :: atomic {
            word[p] == old ->
                word[p] = (old & ~STATUS) | seen_child | STASH | DEFER;
                verdict = ENTERED
            };
            relist(p)
        :: word[p] != old ->
            unlist_first(p);
            unlist(p);
            release(p)
        fi
    :: word[p] != old
    fi
}

inline take_back(p) {
    word[p] = (old & ~(STASH | DEFER | STATUS)) - CLOSER;
    verdict = LOST
}

/* verdict: LOST when it was taken back */
inline unpublish(p) {
    TAKE_STASHED(p, word[p] & STASH, take_back(p))
}

inline stash_bound(p) {
    if
    :: waiters > 0
    :: waiters == 0 ->
        old = word[p];
        if
        :: atomic { may_stash(old) && state[p] == ZOMBIE -> seen_child = child[p]; busy(p)++ };
            publish(p);
#ifndef NO_LOOK_FOR_WAITERS
            if
            :: verdict == ENTERED && waiters > 0 -> unpublish(p)
            :: !(verdict == ENTERED && waiters > 0)
            fi;
#endif
            if
            :: atomic { verdict == ENTERED -> verdict = LOST };
                reap_deferred(p)
            :: verdict == LOST
            fi;
            busy(p)--
        :: may_stash(old) && state[p] == FREE ->
            atomic {
                if
                :: word[p] == old -> word[p] = gone_word(old, 0)
                :: else
                fi
            }
        :: !may_stash(old) || state[p] == ALIVE
        fi;
        atomic { old = 0; seen_child = 0 }
    fi
}

/* --- pending.c: what a handler does first --- */

#define unsettled (note_pid[t] != NONE && !note_taken[t] && !note_claiming[t])

inline note_stashed() {
    note_child[t] = word[seen] & STATUS;
    word[seen] = word[seen] & ~(STASH | STATUS);
    note_taken[t] = 1
}

/* The zombie seen has been given away, and the stash has not got it either. */
#define is_deferred ((word[seen] & DEFER) && !(word[seen] & STASH))

#ifdef SETTLES_ONCE
#define settles_again 0
#else
#define settles_again (!note_taken[t] && state[seen] == ZOMBIE && !is_deferred)
#endif

inline settle() {
#ifndef NO_NOTES
    if
    :: atomic { unsettled -> seen = note_pid[t]; seen_child = note_child[t] };
        do
        :: claim_zombie(seen);
            if
            :: atomic {
                verdict != LOST ->
#ifndef NOTED_AS_SEEN
                    note_child[t] = (verdict == REAPED -> reaped : seen_child);
#endif
                    note_taken[t] = 1;
                    verdict = LOST
                };
                break
            :: verdict == LOST
            fi;
#if defined(STASHING) && !defined(NOTE_IGNORES_STASH)
            TAKE_STASHED(seen, is_stashed(seen), note_stashed());
#endif
            if
            :: settles_again
            :: !settles_again -> break
            fi
        od;
        atomic { seen = NONE; seen_child = 0; reaped = 0; old = 0 }
    :: !unsettled
    fi
#else
    skip
#endif
}

/* --- fork.c, child.c --- */

inline registered(p) {
    word[p] = registered_word(word[p]);
    if
    :: made > holder[p] -> holder[p] = made
    :: else
    fi;
    made = 0
}

inline register_child(p) {
#ifdef STASHING
    do
    :: atomic { !(word[p] & STASH) -> registered(p); break }
    :: atomic { word[p] & STASH -> old = word[p] };
        unlist_first(p);
        if
        :: atomic {
            word[p] == old ->
                told[old & STATUS] = 1; /* given up: R7 */
                registered(p);
                old = 0
            };
            unlist(p);
            break
        :: atomic { word[p] != old -> old = 0 }
        fi
    od
#else
    atomic { registered(p) }
#endif
}

/* Gets any free pid, or fails. */
inline fork_any() {
    in_flight++;
    atomic {
        if
        :: state[0] == FREE -> born = 0
#if PIDS > 1
        :: state[LAST] == FREE -> born = LAST
#endif
        :: born = NONE
        fi;
        if
        :: born != NONE -> forks++; state[born] = ALIVE; child[born] = forks; made = forks
        :: else
        fi
    };
    if
    :: born != NONE ->
        register_child(born)
    :: born == NONE
    fi;
    atomic { in_flight--; born = NONE }
}

/* --- deliver.c --- */

#if defined(AUTOMATIC_IGNORED)
#define is_automatic 0
#else
#define is_automatic (automatic || known_automatic)
#endif

#ifdef CLOSERS_IGNORED
#define is_pinned(w) (N(w) > 0 && !is_automatic)
#else
#define is_pinned(w) (N(w) > 0 && closers(w) == 0 && !is_automatic)
#endif
#define is_answered(w) ((w) & (STASH | DEFER))

#ifdef KILLERS_FLAG
#define with_killer(w) ((w) | KILLER)
#define less_killer(w) ((w) & ~KILLER)
#else
#define with_killer(w) ((w) + KILLER)
#define less_killer(w) ((w) - KILLER)
#endif

#ifdef ANY_KILLER_REAPS
#define is_last(w) ((w) & DEFER)
#else
#define is_last(w) (killers(w) == 1 && ((w) & DEFER))
#endif

/* The system call, by number. */
inline send(p) {
    CLAIM(stranger_signalled, state[p] != FREE);
    CLAIM(other_child_signalled, child[p] == meant);
    meant = 0
}

inline send_counted(p) {
    atomic { send(p) };
    atomic {
        old = word[p];
        verdict = (is_last(old) -> ENTERED : LOST);
        word[p] = less_killer(old) + (verdict == ENTERED -> CLOSER : 0)
    };
    if
    :: atomic { verdict == ENTERED -> verdict = LOST };
        reap_deferred(p)
    :: atomic { verdict == LOST -> old = 0 }
    fi;
    busy(p)--
}

inline send_verified(p) {
    if
    :: atomic { state[p] == FREE -> meant = 0 } /* no child of ours */
    :: state[p] != FREE ->
#ifdef NO_PIDFD
        atomic { send(p) }
#else
        if
        :: atomic { state[p] == FREE -> meant = 0 } /* the pidfd is a stranger's, if anybody's */
        :: atomic { state[p] != FREE -> reaped = child[p] };
            if
            :: atomic { child[p] != reaped -> meant = 0; reaped = 0 } /* proved to be gone */
            :: child[p] == reaped ->
                atomic {
#ifdef CHECK_VERIFIED
                    CLAIM(other_child_signalled, child[p] != reaped || reaped == meant);
#endif
                    meant = 0;
                    reaped = 0
                }
            fi
        fi
#endif
    fi
}

inline deliver(p) {
#ifdef KILL_POLLS
    if
    :: state[p] == ZOMBIE ->
        claim_zombie(p);
        atomic { verdict = LOST; reaped = 0; old = 0 }
    :: state[p] != ZOMBIE
    fi;
#endif
    do
    :: atomic { is_answered(word[p]) -> break }
    :: atomic { !is_answered(word[p]) && !is_pinned(word[p]) -> meant = holder[p] };
        send_verified(p);
        break
    :: atomic { !is_answered(word[p]) && is_pinned(word[p]) -> busy(p)++ };
        if
        :: atomic {
            !is_answered(word[p]) && is_pinned(word[p]) ->
                word[p] = with_killer(word[p]);
                meant = holder[p]
            };
            send_counted(p);
            break
        :: atomic { is_answered(word[p]) || !is_pinned(word[p]) -> busy(p)-- }
        fi
    od
}

/* --- reap.c --- */

/* What a peek writes: where a handler finds it when the frame has one. */
inline note(p) {
    seen = p;
    seen_child = child[p];
    if
    :: lvl == MAIN -> note_pid[t] = p; note_child[t] = seen_child
    :: else
    fi
}

inline leave() {
    told_one = (result == TOLD);
    seen = NONE; past = NONE; seen_child = 0; reaped = 0; old = 0; live = 0; claimed = 0;
    result = LOST; verdict = LOST;
    if
    :: announced -> announced = 0; waiters--
    :: else
    fi;
    if
    :: lvl == MAIN ->
        note_pid[t] = NONE; note_child[t] = 0; note_taken[t] = 0; note_claiming[t] = 0;
        note_registration[t] = 0;
        if
        :: note_hid[t] && any_zombie -> raise_sigchld
        :: else
        fi;
        note_hid[t] = 0
    :: else
    fi
}

/* result: TOLD or LOST */
inline take() {
#ifdef HANDLERS
    if
    :: lvl == MAIN && note_taken[t]
    :: !(lvl == MAIN && note_taken[t]) ->
#endif
        claim_zombie(seen);
        atomic {
            if
            :: verdict == REAPED -> tell(reaped); result = TOLD
            :: verdict == DEFERRED -> tell(seen_child); result = TOLD
            :: else
            fi
        }
#ifdef HANDLERS
    fi;
    if
    :: atomic {
        lvl == MAIN && note_taken[t] && result == LOST ->
            tell(note_child[t]);
            result = TOLD
        }
    :: !(lvl == MAIN && note_taken[t] && result == LOST)
    fi
#endif
}

#ifdef CLAIMED_NOT_HIDDEN
#define hide_claimed skip
#else
#define hide_claimed note_hid[t] = 1
#endif

/* What was seen is for a wait below. */
#define is_claimed (lvl == HANDLER && claims(seen))

/* verdict: NOTHING when it is not for this wait, LOST when it is to be taken */
inline is_anothers() {
#if defined(HANDLERS) && !defined(NO_CLAIMING)
    if
    :: atomic { lvl == MAIN -> note_registration[t] = registration(word[seen]); note_claiming[t] = 1 }
    :: lvl != MAIN
    fi;
#endif
    atomic {
        if
        :: is_claimed -> hide_claimed; verdict = NOTHING
        :: !is_claimed && is_deferred ->
            word[seen] = word[seen] | HIDDEN;
            verdict = (lvl == MAIN -> DEFERRED : NOTHING)
        :: else -> verdict = LOST
        fi
    }
#ifdef HANDLERS
    ;
    if
    :: atomic { verdict == DEFERRED -> verdict = (note_taken[t] -> LOST : NOTHING) }
    :: verdict != DEFERRED
    fi
#endif
}

/* What the wait has noted is nothing any more. */
inline unnote() {
    if
    :: lvl == MAIN -> note_pid[t] = NONE
    :: lvl != MAIN
    fi
}

/* at_once: wait4, which may look and take in one system call; waitid does not */
inline wait_one(p, blocks, at_once) {
    do
    ::
#ifdef STASHING
        stash_take_one(p);
        if
        :: result == TOLD -> goto one_done
        :: result != TOLD
        fi;
#endif
        atomic {
            if
            :: !(at_once) || (word[p] & DEFER) || claims(p) -> goto one_peek
#ifndef AT_ONCE_UNDER_KILLERS
            :: killers(word[p]) > 0 -> goto one_peek
#endif
            :: else -> word[p] = word[p] + CLOSER
            fi
        };
        atomic {
            if
            :: state[p] == ZOMBIE -> tell(child[p]); reap(p); result = TOLD; goto one_reaped
            :: state[p] == ALIVE -> verdict = (blocks -> LOST : NOTHING)
            :: state[p] == FREE -> verdict = NOTHING
            fi
        };
        atomic {
            release(p);
            if
            :: verdict == NOTHING -> goto one_nothing
            :: else
            fi
        };
one_peek:
        atomic {
            if
            :: state[p] == ZOMBIE -> note(p)
            :: state[p] == FREE || (!(blocks) && state[p] == ALIVE) -> goto one_nothing
            fi
        };
        is_anothers();
        if
        :: verdict == NOTHING -> goto one_nothing
        :: verdict == LOST -> take()
        fi;
        if
        :: atomic { result == LOST -> leave() }
        :: result != LOST -> goto one_done
        fi
    od;
one_reaped:
    claim_gone(p);
    goto one_done;
one_nothing:
    unnote();
    stash_take_one(p);
one_done:
    atomic { leave() }
}

/* Is another look going to find anything else? */
#define hides(p) (state[p] == ZOMBIE && (((word[p] & DEFER) && !(word[p] & STASH)) || claims(p)))
#define shows(p) (state[p] == ZOMBIE && !hides(p))
#define naps (!hides(past) || shows(0) || shows(LAST) || !any_alive)

#ifdef SLEEPS_UNTIL_REAPED
#define wakes !(word[past] & DEFER)
#else
#define wakes (!hides(past) || shows(0) || shows(LAST))
#endif

#ifdef BUSY_WITH_SEEN
#define is_busy (busy(past) > 0)
#else
#define is_busy (busy(_) > 0)
#endif

#ifdef LIVING_LAST
#define others_live any_alive
#else
#define others_live live
#endif

/* Nothing there that a wait has still to be told of. */
#define given(p) (state[p] == FREE || hides(p) && child[p] == holder[p])

/* Nobody is left to wait for, as far as the wait knows. */
inline claim_echild() {
#ifdef CHECK_ECHILD
    atomic {
        if
        :: !others_live -> CLAIM(false_echild, given(0) && given(LAST))
        :: else
        fi
    }
#else
    skip
#endif
}

/* verdict: LOST when another zombie is seen; a wait that blocks claims what it has noted itself */
inline peek_each(blocks) {
    do
    :: atomic { i < PIDS && (!is_child(word[i]) || claims(i) || (blocks) && seen == i) -> i++ }
    :: atomic {
        i < PIDS && is_child(word[i]) && !claims(i) && !((blocks) && seen == i) ->
            seen = NONE;
            unnote()
        };
        atomic {
            if
            :: state[i] == ZOMBIE -> note(i); verdict = LOST; i = 0; break
            :: else -> i++
            fi
        }
    :: atomic { i == PIDS -> i = 0; break }
    od
}

inline announce() {
    waiters++;
    announced = 1
}

inline wait_any(blocks) {
    do
    ::
#ifdef STASHING
        stash_take_any();
        if
        :: result == TOLD -> goto any_done
        :: result != TOLD
        fi;
#endif
        if
        :: (blocks) ->
#ifndef ANNOUNCED_LATE
            atomic { announce() };
#endif
#ifdef STASHING
            if
            :: stash_has -> goto any_lost
            :: !stash_has
            fi;
#endif
#ifdef ANNOUNCED_LATE
            atomic { announce() };
#endif
            skip
        :: !(blocks)
        fi;
        atomic {
            if
            :: state[0] == ZOMBIE -> note(0)
#if PIDS > 1
            :: state[LAST] == ZOMBIE -> note(LAST)
#endif
            :: !any_zombie && (!(blocks) || !any_alive) -> goto any_nothing
            fi
        };
        is_anothers();
        if
        :: verdict == LOST -> goto any_take
        :: verdict != LOST
        fi;
        /* peek_past */
        atomic { claimed = is_claimed; past = seen; live = any_alive };
#if PIDS > 1
        peek_each(blocks);
        if
        :: verdict == LOST -> goto any_take
        :: verdict != LOST
        fi;
#endif
        unnote();
        if
        :: !(blocks) -> claim_echild(); goto any_nothing
        :: (blocks) && !is_busy && !claimed -> wakes; goto any_lost
        :: (blocks) && (is_busy || claimed) ->
            if
            :: !others_live -> claim_echild(); goto any_nothing
            :: others_live
            fi;
            naps;
            goto any_lost
        fi;
any_take:
        take();
        if
        :: result != LOST -> goto any_done
        :: result == LOST
        fi;
any_lost:
        atomic { leave() }
    od;
any_nothing:
    unnote();
    stash_take_any();
any_done:
    atomic { leave() }
}

/* --- programs --- */

/* The child of a fork that has returned long since. */
inline born_at(p) {
    forks++;
    state[p] = ALIVE;
    child[p] = forks;
    holder[p] = forks;
    word[p] = registered_word(0)
}

/* Children end at any time. */
proctype children() {
end:
    do
    :: atomic { state[0] == ALIVE -> state[0] = (automatic -> FREE : ZOMBIE); raise_sigchld }
#if PIDS > 1 && !defined(LAST_STAYS)
    :: atomic { state[LAST] == ALIVE -> state[LAST] = (automatic -> FREE : ZOMBIE); raise_sigchld }
#endif
    od
}

#define may_interrupt(thread) (level[thread] == 0 && !over[thread])

inline handler_starts(thread) {
    atomic { may_interrupt(thread) -> level[thread] = 1 }
}

inline handler_returns() {
    level[t] = 0
}

inline thread_ends() {
    atomic { over[t] = 1; done++ }
}

/* A blocking wait for the child 0, in its three ways through reap.c. */
#if defined(BY_WAITID)
#define WAIT wait_one(0, 1, 0)
#elif defined(FOR_ANY)
#define WAIT wait_any(1)
#else
#define WAIT wait_one(0, 1, 1)
#endif

#define TWICE(action)                                                                              \
    do                                                                                             \
    :: atomic { turn < 2 -> turn++ }; action                                                       \
    :: turn == 2 -> break                                                                          \
    od

inline claim_pid_at_rest(p) {
    CLAIM(not_at_rest, killers(word[p]) == 0 && closers(word[p]) == 0 && !(word[p] & DEFER));
    CLAIM(not_at_rest, stash_set[p] || !(word[p] & STASH));
    if
    :: word[p] & STASH ->
        CLAIM(status_told_twice, !told[word[p] & STATUS]);
        told[word[p] & STATUS] = 1;
        stashed--
    :: else
    fi;
    if
    :: state[p] != FREE ->
        CLAIM(status_told_twice, !told[child[p]]);
        told[child[p]] = 1;
        CLAIM(not_at_rest, N(word[p]) == 1)
    :: else -> CLAIM(live_entry, N(word[p]) == 0 || was_automatic)
    fi
}

/* Every status was told, or is still there to be told; every other child has been reaped. */
inline claim_all_at_rest() {
    byte c;
    d_step {
        claim_pid_at_rest(0);
#if PIDS > 1
        claim_pid_at_rest(LAST);
#endif
        CLAIM(not_at_rest, in_flight == 0 && waiters == 0 && stashed == 0);
        for (c : 1 .. forks) {
            CLAIM(status_lost, told[c] || was_automatic)
        }
    }
}
