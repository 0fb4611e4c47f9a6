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
        "bool busy = fp_word_killers(old) > 0;",
        "bool busy = false;",
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
        "if ((old & FP_DEFER) || (busy",
        "if ((busy",
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
        "claim.c",
        "if (fp_child_gone(pid, word, 1) & FP_HIDDEN)",
        "if (fp_child_gone(pid, word, 1) & 0)",
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
        "old-answer-remembered",
        "R13: a disposition that changes while it is asked for is not remembered",
        "known.h",
        "((old & ~3U) + 4) | FP_UNKNOWN",
        "(old & ~3U) | FP_UNKNOWN",
        "deliver/disposition_that_changes_while_it_is_asked_for_is_not_remembered",
    ),
    core(
        "no-verification",
        "R4: without a pin, the pid is proved to be our child's",
        "deliver.c",
        """    if (!is_child(P_PID, s->pid, known))
        return refuse(s, stale);
    fp_point(FP_POINT_BEFORE_PIDFD);
    int pidfd = fp_sys_pidfd_open(s->pid, 0);
""",
        """    int pidfd = -1;
""",
        "deliver/*spares_a_stranger",
    ),
    core(
        "pidfd-of-the-stashed",
        "R19: a pidfd of a stashed child is not opened by its number",
        "child.c",
        "fp_sys_pidfd_open(is_stashed ? FP_PID_MAX : pid, flags)",
        "fp_sys_pidfd_open(is_stashed && flags ? FP_PID_MAX : pid, flags)",
        "stash/pidfd_of_a_stashed_child_is_not_a_strangers",
    ),
    core(
        "newborn-unknown",
        "R17: a child whose parent was ended before it entered it is known by the register that it has mapped",
        "sweep.c",
        "return is_named(s, process->pid) || has_register(s, process->pid);",
        "(void)has_register;\n    return is_named(s, process->pid);",
        "sweep/orphan_that_nobody_could_enter_is_ended",
    ),
    core(
        "thread-by-number",
        "R4: a signal to one thread of a child that nothing pins goes through a pidfd, too",
        "deliver.c",
        "int thread = fp_sys_pidfd_open(s->to, FP_PIDFD_THREAD);",
        "int thread = -1;",
        "deliver/tgkill_of_a_child_that_ends_meanwhile_hits_nobody",
    ),
    core(
        "thread-unproved",
        "R4: what tgkill says of a thread counts only while the child is there",
        "deliver.c",
        "long result = proof == -ECHILD ? refuse(s, stale)",
        "long result = proof == 1 ? refuse(s, stale)",
        "deliver/tgkill_of_*",
    ),
    core(
        "pidfd-unproved",
        "R4: a pidfd is proved to be our child's",
        "deliver.c",
        "return proof == -ECHILD ?",
        "return proof == 1 ?",
        "deliver/kill_of_a_child_that_ends_meanwhile_hits_nobody",
    ),
    core(
        "verified-is-refused",
        "a child that fork did not register can be signalled",
        "deliver.c",
        "return proof == -ECHILD ?",
        "return proof != -EINVAL ?",
        "deliver/unregistered_child_with_a_former_pid_can_be_signalled",
    ),
    core(
        "refusal-unreported",
        "stale=report says which signal was not sent",
        "deliver.c",
        "(stale == FP_STALE_REPORT || fp_settings.options.verbose))",
        "fp_settings.options.verbose)",
        "deliver/refused_signal_is_reported",
    ),
    core(
        "tree-trusts-its-list",
        "R9: a listed descendant is looked at again before it is signalled",
        "tree.c",
        "    if (is_same(member))\n",
        "    if (true)\n",
        "tree/stranger_with_a_listed_pid_is_spared_by_*",
    ),
    core(
        "tree-trusts-any-proc",
        "kill=tree believes no /proc of another pid namespace",
        "tree.c",
        "if (fp_proc_is_ours() && ",
        "if (",
        "tree/foreign_proc_with_the_same_numbers_is_not_believed",
    ),
    core(
        "tree-not-stopped",
        "R15: a tree that forks is stopped before its children are listed",
        "tree.c",
        "pass(tree, true) > 0",
        "pass(tree, false) > 0",
        "tree/forking_tree_is_killed_whole",
    ),
    core(
        "tree-interrupted",
        "no handler runs while a tree is stopped",
        "tree.c",
        "uint64_t all = ~(uint64_t)0;",
        "uint64_t all = 0;",
        "tree/handlers_wait_until_the_tree_is_signalled",
    ),
    core(
        "line-ends-the-program",
        "a line on stderr raises no signal",
        "say.c",
        "if (raised & ~before)",
        "if (false)",
        "say/broken_pipe_raises_no_signal",
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
        "subreaper-stashed",
        "a subreaper's children are never reaped early",
        "stash.c",
        " || fp_subreaper_is())",
        ")",
        "stash/nothing_is_stashed_in_a_subreaper",
    ),
    core(
        "subreaper-unasked",
        "a subreaper from before an exec is one, too",
        "subreaper.c",
        "bool answer = ask();",
        "bool answer = false;",
        "stash/subreaper_is_asked_for",
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



def option(name, defence, file, old, new, test):
    """A mutant that the programs of conformance/preload notice."""
    return Mutant(name, defence, f"shim/{file}", old, new, f"conformance.preload.options.{test}", None, "preload_all")


MUTANTS += [
    core(
        "sigpipe-unmarked",
        "the shim's ignoring of SIGPIPE is told from the program's own",
        "sigpipe.c",
        "action.mask = FP_SIGPIPE_MARK;",
        "action.mask = 0;",
        "sigpipe/ours_takes_the_place_of_the_default",
    ),
    core(
        "sigpipe-of-program-replaced",
        "a disposition of SIGPIPE that the program set is left alone",
        "sigpipe.c",
        "if (old.handler == handler)",
        "if (old.handler == handler || handler == SIG_DFL)",
        "sigpipe/what_the_program_set_is_left_alone*",
    ),
    core(
        "sigpipe-shown-by-number",
        "a program that asks the kernel by number sees the default",
        "sigpipe.c",
        "if (is_ours(&old)) {",
        "if (false) {",
        "sigpipe/by_number_the_program_sees_what_it_sets",
    ),
    option(
        "sigpipe-shown",
        "a program that asks sees the default",
        "wrap/disposition.c",
        "if (old->sa_handler == SIG_IGN && mask == FP_SIGPIPE_MARK) {",
        "if (false) {",
        "Sigpipe",
    ),
    option(
        "sigpipe-ignored-over-exec",
        "the next image gets SIGPIPE's default back",
        "wrap/image.h",
        "fp_settings.options.sigpipe == FP_SIGPIPE_EPIPE && fp_sigpipe_disarm();",
        "false && fp_sigpipe_disarm();",
        "Sigpipe",
    ),
    option(
        "sigpipe-lost-by-failed-exec",
        "a failed exec leaves EPIPE",
        "wrap/image.h",
        "    if (disarmed)\n",
        "    if (disarmed && false)\n",
        "Sigpipe",
    ),
    option(
        "sigpipe-ignored-over-spawn",
        "a spawned image gets SIGPIPE's default back",
        "wrap/image.c",
        "|| !fp_sigpipe_stands())",
        "|| fp_sigpipe_stands())",
        "Sigpipe",
    ),
    option(
        "spawn-set-without-flag",
        "the attributes' set of signals counts for nothing without its flag",
        "wrap/image.c",
        "if (flags & POSIX_SPAWN_SETSIGDEF)",
        "if (true)",
        "Sigpipe",
    ),
    core(
        "standard-pipe-closed",
        "a pipe end with the number of a standard descriptor is inherited",
        "pipes.c",
        "bool standard = user_ends[i] <= 2;",
        "bool standard = false;",
        "pipes/standard_numbers_are_inherited",
    ),
    core(
        "self-duplicate-closed",
        "a pipe end duplicated onto itself is inherited",
        "pipes.c",
        "if (is_noted(fd) && fp_sys_is_pipe(fd))",
        "if (false)",
        "pipes/an_end_duplicated_onto_itself_stays_open",
    ),
    core(
        "number-taken-for-pipe",
        "a file that took a pipe end's number is left alone",
        "pipes.c",
        "is_noted(fd) && fp_sys_is_pipe(fd)",
        "is_noted(fd)",
        "pipes/a_file_that_took_the_number_of_an_end_is_left_alone",
    ),
    core(
        "own-cloexec-forgotten",
        "an end that the program itself made close-on-exec stays so",
        "pipes.c",
        "note(notes, user_ends[i], !asked && !standard);",
        "note(notes, user_ends[i], !standard);",
        "pipes/an_end_that_the_program_wants_closed_is_closed",
    ),
    option(
        "pipe-by-number-inherited",
        "a pipe made by number is closed by exec, too",
        "wrap/syscall.c",
        "if (fp_settings.options.pipes != FP_PIPES_CLOEXEC || !pipe_answered(call, &result))",
        "if (fp_settings.options.pipes == FP_PIPES_CLOEXEC || !pipe_answered(call, &result))",
        "Pipes",
    ),
    core(
        "stranger-asked-for-directory",
        "R14: only the process that forked us is asked for its directory",
        "origin.c",
        "return fp_sys_getppid() == expected ? expected : 0;",
        "return expected;",
        "origin/a_stranger_with_the_parents_number_is_not_asked",
    ),
    core(
        "replaced-parent-believed",
        "R14: a parent that ended while it was asked is not believed",
        "origin.c",
        "parent_that_forked() ? length : 0",
        "length",
        "origin/a_parent_that_is_replaced_while_it_is_asked_is_not_believed",
    ),
    option(
        "another-root-ignored",
        "a child with another root execs what its path means there",
        "core/origin.c",
        '!fp_sys_is_same_file(link_of(link, parent, "/root"), "/") ||',
        "",
        "ParentDir",
    ),
    option(
        "spawn-in-childs-directory",
        "a spawned program is looked for in the caller's directory",
        "wrap/image.h",
        "if ((actions) && fp_origin_is_on()) {",
        "if ((actions) && false) {",
        "ParentDir",
    ),
    core(
        "preload-in-sight",
        "no image sees the preload under env=restore",
        "environ.c",
        "without_ours(*at + sizeof PRELOAD)",
        "true",
        "environ/hidden_lists_keep_what_others_put_there",
    ),
    core(
        "lost-by-hiding",
        "nothing is hidden that exec could not add again",
        "environ.c",
        "return settings->text != NULL;",
        "return true;",
        "environ/nothing_is_hidden_that_exec_could_not_add_again",
    ),
    core(
        "pointers-before-auxiliary-vector",
        "what looks for the auxiliary vector behind the environment finds it or nothing",
        "environ.c",
        "    for (; end <= old_end; end++)\n        *end = NULL;\n",
        "    (void)old_end;\n    *end = NULL;\n",
        "environ/strip_leaves_nothing_behind_the_end",
    ),
]


def tree(name, defence, file, old, new):
    """A mutant of the command that a kept plan of conformance/trees notices."""
    return Mutant(name, defence, f"tools/forkproof/{file}", old, new, "conformance.trees.kept", None, "trees_all")


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
        "born-unseen",
        "those born since the listing are recorded before they are killed at a stroke",
        "teardown.c",
        "    if (t->root_over && !is_whole(t)) {",
        "    if (false) {",
        "forkproof.run.teardown",
    ),
    command(
        "terminal-kept",
        "a root with a group of its own gets the terminal back after a stop",
        "terminal.c",
        "    if (front && tcgetpgrp(tty) == getpgrp())",
        "    if (front && !tty)",
        "forkproof.run.terminal",
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
        "    while (r == 0 && !s.facts->root_ended && !s.guard_gone && !s.orders.end)",
        "    while (r == 0 && !s.facts->root_ended)",
        "forkproof.run.contain",
    ),
    command(
        "stroke-despite-kept",
        "--keep: the cgroup's stroke comes after what is kept was let go",
        "teardown.c",
        "    if (!t->keeping || !fp_keep_is_held(contain, &t->now))\n        return;\n",
        "    return;\n",
        "forkproof.run.keep",
    ),
    command(
        "name-for-two",
        "--name: one living run has it",
        "runname.c",
        "    if (flock(fd, LOCK_EX | LOCK_NB) == 0)\n",
        "    if (flock(fd, LOCK_SH | LOCK_NB) == 0)\n",
        "forkproof.unit.runname",
        "runname/is_taken_while_a_run_holds_it",
        "test_runname",
    ),
    command(
        "orders-from-strangers",
        "an order is taken from the run's user or root",
        "control.c",
        "           (peer.uid == geteuid() || peer.uid == 0);",
        "           peer.pid > 0;",
        "forkproof.run.tampering",
    ),
    tree(
        "one-look",
        "R22: members are listed until a listing shows nobody new",
        "supervisor.c",
        "news = looks == 1 || facts->left_total + facts->kept_total != before;",
        "news = facts->left_total < before;",
    ),
    tree(
        "guard-keeps-orphans",
        "what is left running is not hung up by the guard's end",
        "guard.c",
        "        prctl(PR_SET_CHILD_SUBREAPER, 0);",
        "        (void)0;",
    ),
    core(
        "sweep-by-number",
        "a stranger that has the number of a member that is gone is spared",
        "sweep.c",
        "return fp_entry_alive(e) && process->start <= last;",
        "return fp_entry_alive(e) && (last || process);",
        "sweep/a_stranger_with_the_number_of_a_member_is_spared",
    ),
    core(
        "sweep-older",
        "processes older than the register are none of its members",
        "sweep.c",
        "process.start < s->reg->made)",
        "s->reg->made == 0)",
        "sweep/a_process_older*",
    ),
    core(
        "register-of-others",
        "a directory that others may enter is not written to",
        "register.c",
        "(status.stx_mode & 077) == 0)",
        "true)",
        "register/a_directory_that_others_may_enter_is_refused",
    ),
    core(
        "register-unlimited",
        "no SIGXFSZ because of us",
        "register.c",
        "return fp_sys_file_limit() >= size && fp_sys_fallocate(fd, size) == 0;",
        "return fp_sys_fallocate(fd, size) == 0;",
        "register/no_file_is_made_beyond_the_limit_of_its_size",
    ),
]

MUTANTS += [
    core(
        "in-flight-looked-at-early",
        "R1: forks in flight are looked for after the word is read",
        "child.c",
        """        fp_word old = atomic_load(word);
        fp_point(FP_POINT_BEFORE_GONE);
        // After the word: a fork that has registered since makes the exchange fail (R1).
        bool in_flight = atomic_load(&counts->in_flight) > 0;
""",
        """        bool in_flight = atomic_load(&counts->in_flight) > 0;
        fp_point(FP_POINT_BEFORE_GONE);
        fp_word old = atomic_load(word);
""",
        "race/reaper_that_is_overtaken_leaves_no_live_entry",
    ),
    core(
        "unlisted-late",
        "R5: a status that leaves the stash is unlisted first",
        "child.c",
        """    if (leaves_stash) {
        fp_point(FP_POINT_BEFORE_UNLIST);
        fp_set_remove(FP_SET_STASHED, pid);
    }
    if (!atomic_compare_exchange_strong(word, &old, next))
        return false;
""",
        """    if (!atomic_compare_exchange_strong(word, &old, next))
        return false;
    if (leaves_stash) {
        fp_point(FP_POINT_BEFORE_UNLIST);
        fp_set_remove(FP_SET_STASHED, pid);
    }
""",
        "race/status_stashed_while_one_is_taken_back_is_found",
    ),
    core(
        "listed-once",
        "R5: a status is listed again once it is in the stash",
        "child.c",
        "fp_set_add(FP_SET_STASHED, pid); // who",
        "(void)0; // who",
        "race/status_unlisted_late_by_another_is_found",
    ),
    core(
        "busy-waits-for-killers",
        "R6: who is in the middle of signalling does not wait for other killers",
        "reap.c",
        "if (!live && (look->is_claimed || fp_busy()))",
        "if (!live && look->is_claimed)",
        "race/two_handlers_do_not_wait_for_each_others_killers",
    ),
    core(
        "nap-uninterrupted",
        "R6: a signal ends a wait that looks past a zombie as it ends any",
        "reap.c",
        "return nap(look) == -EINTR ? -EINTR : LOST;",
        "return nap(look) == -EINTR ? LOST : LOST;",
        "reap/plain_handler_ends_a_wait_past_a_deferred_zombie",
    ),
    core(
        "living-looked-for-late",
        "R6: the living are looked for before the others",
        "reap.c",
        "return live ? 0 : -ECHILD;",
        "return others_live(wanted) ? 0 : -ECHILD;",
        "race/child_that_ends_after_it_was_looked_at_is_not_denied",
    ),
    core(
        "note-unclaimed",
        "R12: what a wait is taking is not taken for it again",
        "reap.c",
        "        fp_pending_claim(note);\n",
        "        (void)0;\n",
        "race/child_that_comes_back_under_a_note_is_told_once",
    ),
    core(
        "passed-forgotten",
        "R12: SIGCHLD is raised again for a child that a handler looked past",
        "reap.c",
        "if (fp_pending_passed())",
        "if (false)",
        "race/child_that_a_handler_looked_past_is_signalled_again",
    ),
    core(
        "noted-stash-untaken",
        "R12: what a wait has seen is taken for it from the stash, too",
        "pending.c",
        "        if (take_stashed(note, pid))\n",
        "        if (false && take_stashed(note, pid))\n",
        "race/seen_child_that_is_stashed_is_told_to_the_wait_below",
    ),
    core(
        "taken-back-untaken",
        "R12: what is being stashed and taken back is taken for the wait that has seen it",
        "pending.c",
        "    } while (is_to_be_had(pid));\n",
        "    } while (is_to_be_had(pid) && false);\n",
        "race/seen_child_whose_stash_is_taken_back_is_told_to_the_wait_below",
    ),
    core(
        "claim-outlives-its-child",
        "R12: a claim ends when fork returns the pid again",
        "pending.c",
        "note->info.si_pid != pid ||\n            note->registration != registration_of(pid))",
        "note->info.si_pid != pid)",
        "race/child_that_comes_back_under_a_note_is_told_once",
    ),
    core(
        "claimed-stash-taken",
        "R12: a handler leaves a stashed child that the wait below is taking",
        "stash.c",
        "if (!(old & FP_STASH) || fp_pending_claims(pid))",
        "if (!(old & FP_STASH))",
        "race/seen_child_that_is_stashed_later_is_told_to_the_wait_below",
    ),
    core(
        "automatic-forgotten",
        "R13: children from when SIGCHLD was ignored are verified for good",
        "known.h",
        "while (fp_known_answer(old) != FP_YES &&\n           !atomic_compare",
        "while (!atomic_compare",
        "race/child_from_when_sigchld_was_ignored_is_no_target_later",
    ),
    core(
        "automatic-unasked",
        "R13: a disposition is asked for before it changes",
        "chld.c",
        "        (void)fp_chld_is_automatic();\n",
        "        (void)0;\n",
        "race/child_from_when_sigchld_was_ignored_is_no_target_later",
    ),
]

MUTANTS += [
    core(
        "end-despite-doubt",
        "R17: what has ended since the list may have made another",
        "sweep.c",
        "(s.doubtful == 0 || spent > DOUBT)",
        "true",
        "sweep/child_of_one_that_ends_once_it_is_listed_is_ended",
    ),
    command(
        "keeper-stands-by",
        "R10: the keeper ends what a killed supervisor held",
        "keeper.c",
        "    else if (wait_for_supervisor(&k))\n        stand_in(&k);\n",
        "    else\n        (void)wait_for_supervisor(&k);\n    (void)stand_in;\n",
        "forkproof.run.survival",
    ),
    command(
        "supervisor-stays-stopped",
        "R10: a stopped supervisor is continued",
        "keeper.c",
        "waitpid(k->supervisor, &status, WUNTRACED | __WALL)",
        "waitpid(k->supervisor, &status, __WALL)",
        "forkproof.run.survival",
    ),
    command(
        "no-room-made",
        "short of memory, the ending lists the members piece by piece",
        "teardown.c",
        "        if (t->starved)\n            make_room(t, &killed);\n",
        "        (void)make_room;\n",
        "forkproof.run.scarcity",
    ),
]
