"""The mutants: one row for each defence, each a small edit that takes the defence away.

A row names the file, the exact text (which must occur exactly once), what replaces it, the CTest
test that must then fail, and for Criterion executables the tests inside it (Criterion's pattern,
SUITE/NAME). To add one, append a row; `tools/mutate/mutate NAME` runs it alone.
"""

import collections

Mutant = collections.namedtuple("Mutant", "name defence file old new test pattern target")


def core(name, defence, file, old, new, pattern, test=None):
    """A mutant of the shim's core; the unit test is that of the pattern's suite."""
    suite = pattern.split("/")[0]
    return Mutant(name, defence, f"shim/core/{file}", old, new, test or f"unit.{suite}", pattern, f"test_{suite}")


MUTANTS = [
    core(
        "in-flight-ignored",
        "R1: a child reaped before it is registered",
        "word.h",
        "if (n <= 0 && !in_flight)",
        "if (n <= 0)",
        "child/registration_after_reaping_leaves_no_live_entry",
    ),
    core(
        "word-before-in-flight",
        "R1: a fork in flight leaves no debt on other pids",
        "word.h",
        "if (n <= 0 && !in_flight)",
        "if (n < 0 && !in_flight)",
        "word/unregistered_child_leaves_no_debt*",
    ),
    core(
        "no-defer",
        "R2: a zombie is not reaped while a thread is about to signal it",
        "claim.c",
        "*ret_busy = fp_word_killers(old) > 0;",
        "*ret_busy = false;",
        "deliver/kill_in_the_window_defers_the_reap",
    ),
    core(
        "at-once-despite-killer",
        "R2: a wait for one pid does not reap while a thread is about to signal it",
        "claim.c",
        "if ((old & FP_DEFER) || fp_word_killers(old) > 0)",
        "if (old & FP_DEFER)",
        "deliver/kill_in_the_window_defers_the_reap",
    ),
    core(
        "killer-never-reaps",
        "R2: the last killer reaps what was deferred",
        "deliver.c",
        "if (last)\n",
        "if (false)\n",
        "deliver/kill_in_the_window_defers_the_reap",
    ),
    core(
        "any-killer-reaps",
        "R2: a killer that is not the last one leaves the zombie",
        "deliver.c",
        "fp_word_killers(old) == 1 && (old & FP_DEFER)",
        "(old & FP_DEFER)",
        "deliver/last_of_two_killers_reaps",
    ),
    core(
        "deferred-told-twice",
        "R3: the status of a deferred zombie is told once",
        "claim.c",
        "if (old & FP_DEFER)\n",
        "if (false)\n",
        "interrupt/kill_around_a_wait_is_interrupted_by_wait_all",
    ),
    core(
        "no-look-past-deferred",
        "R6: other children are found behind a deferred zombie",
        "reap.c",
        "peek(&one, look->note) == 0 && look->note->info.si_pid",
        "false",
        "deliver/handler_waiting_above_a_killer_gets_every_status",
    ),
    core(
        "no-second-sigchld",
        "R6: SIGCHLD is raised again for what a deferred zombie hid",
        "stash.c",
        "if (!(fp_child_gone(pid, word, 1) & FP_HIDDEN))",
        "if (fp_child_gone(pid, word, 1) | 1)",
        "deliver/zombie_hidden_behind_a_deferred_one_is_signalled_again",
    ),
    core(
        "kill-goes-raw",
        "a former child is ESRCH, whoever has its pid",
        "deliver.c",
        "if (fp_word_n(old) <= 0 && stale == FP_STALE_ALLOW)",
        "if (fp_word_n(old) <= 0)",
        "deliver/former_child_is_esrch_even_when_a_stranger_has_the_pid",
    ),
    core(
        "closers-ignored",
        "R4: no new killer enters around a reap",
        "deliver.c",
        "fp_word_n(w) > 0 && fp_word_closers(w) == 0 &&",
        "fp_word_n(w) > 0 &&",
        "deliver/kill_after_the_reap_spares_a_stranger",
    ),
    core(
        "automatic-reaping-ignored",
        "R4: where the kernel reaps by itself, nothing pins the pid",
        "deliver.c",
        " && !fp_chld_is_automatic();",
        ";",
        "deliver/child_reaped_by_the_kernel_is_esrch_when_a_stranger_has_the_pid",
    ),
    core(
        "no-verification",
        "R4: without a pin, the pid is proved to be our child's",
        "deliver.c",
        """    if (!is_child(P_PID, s->pid))
        return -ESRCH;
    int pidfd = s->by == FP_BY_TGKILL ? -1 : fp_sys_pidfd_open(s->pid, 0);
""",
        """    int pidfd = -1;
""",
        "deliver/*spares_a_stranger",
    ),
    core(
        "verified-is-refused",
        "a child that fork did not register can be signalled",
        "deliver.c",
        "proof == -ECHILD ?",
        "proof != -EINVAL ?",
        "deliver/unregistered_child_with_a_former_pid_can_be_signalled",
    ),
    core(
        "late-wait-unanswered",
        "a wait finds the status in the stash",
        "stash.c",
        "return take_one((pid_t)wanted->id, wanted, ret_event);",
        "return false;",
        "stash/kill_answers_as_for_a_zombie_until_it_is_waited_for",
    ),
    core(
        "late-group-wait-unanswered",
        "the stash remembers process groups",
        "stash.c",
        "wanted->idtype == P_PGID && remains->pgid != wanted->id",
        "wanted->idtype == P_PGID",
        "stash/group_of_its_own_is_remembered",
    ),
    core(
        "stashed-kill-goes-on",
        "a kill of a stashed child answers as for a zombie and signals nobody",
        "deliver.c",
        "if (old & FP_STASH)",
        "if (false)",
        "stash/stranger_with_the_pid_of_a_stashed_child_is_not_signalled",
    ),
    core(
        "stash-of-old-holder-kept",
        "a stash is given up when fork returns its pid again",
        "word.h",
        "w &= ~(FP_GENERATIONS | FP_STASH | 0xffff);",
        "w &= ~(FP_GENERATIONS | 0xff);",
        "stash/status_is_given_up_when_fork_returns_the_pid_again",
    ),
    core(
        "stash-ignores-late-waiter",
        "R5: a waiter that comes late makes the stasher withdraw",
        "stash.c",
        "atomic_load(&counts->waiters) == 0 || !unpublish(pid, word)",
        "true || !unpublish(pid, word)",
        "stash/waiter_that_comes_late_makes_the_stasher_withdraw",
    ),
    core(
        "waiter-unannounced",
        "R5: nothing is stashed while a waiter for any child is announced",
        "reap.c",
        "atomic_fetch_add(&table->counts->waiters, 1);",
        "look->announced = false;",
        "stash/nothing_is_stashed_while_a_waiter_is_announced",
    ),
    core(
        "pinned-stashed",
        "a child whose pidfd the program holds is never reaped early",
        "stash.c",
        "!(w & (FP_DEFER | FP_STASH | FP_PIDFD))",
        "!(w & (FP_DEFER | FP_STASH))",
        "stash/live_unregistered_and_pinned_children_are_left_alone",
    ),
    core(
        "killed-stashed",
        "a child that is being signalled is never reaped early",
        "stash.c",
        "fp_word_killers(w) == 0 && ",
        "",
        "stash/killed_in_the_window_is_not_stashed",
    ),
    core(
        "waiter-stays-counted",
        "a cancelled wait leaves no waiter",
        "reap.c",
        "fp_count_down(&fp_table()->counts->waiters);",
        "(void)0;",
        "reap/cancellation_leaves_no_waiter_and_no_status_lost",
    ),
    core(
        "no-wipe-no-forget",
        "a forked child on an old kernel starts without children",
        "table.c",
        "if (!table || table->wiped)",
        "if (!table || !table->wiped || table->wiped)",
        "table/forgetting_clears_what_the_kernel_did_not_wipe",
    ),
    core(
        "preload-not-stripped",
        "the program sees the environment it was given",
        "environ.c",
        "(has(added, FP_KEPT_PRELOAD) && *at == list)",
        "false",
        "environ/strip_after_fill_restores_every_environment",
    ),
]



def command(name, defence, file, old, new, test, pattern=None, target="all"):
    """A mutant of the command."""
    return Mutant(name, defence, f"tools/forkproof/{file}", old, new, test, pattern, target)


MUTANTS += [
    command(
        "membership-unchecked",
        "R9: a pid from /proc is looked at again before a signal",
        "member.c",
        "    if (!is_member(&now, scope))\n        return -ESRCH;\n",
        "",
        "forkproof.unit.member",
        "member/a_process_that_does_not_descend_from_us_is_left_alone",
        "test_member",
    ),
    command(
        "start-time-unchecked",
        "R9: the same pid at another time is another process",
        "member.c",
        "if (now.start != member->start || !fp_proc_alive(&now))",
        "if (!fp_proc_alive(&now))",
        "forkproof.unit.member",
        "member/another_start_time_is_another_process",
        "test_member",
    ),
    command(
        "no-guard",
        "R10: the guard ends what a killed supervisor leaves",
        "guard.c",
        "        fp_teardown_kill(&t, NULL, NULL);",
        "        (void)0;",
        "forkproof.run.contain",
    ),
    command(
        "no-supervisor-after-guard",
        "R10: the supervisor ends everything when the guard is killed",
        "supervisor.c",
        "    while (r == 0 && !s.facts->root_ended && !s.guard_gone)",
        "    while (r == 0 && !s.facts->root_ended)",
        "forkproof.run.contain",
    ),
]
