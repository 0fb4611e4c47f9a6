/* Who was whose child, from when to when, and what each ran; and that a finding is told once. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "rules_stage.h"

TestSuite(scene, .timeout = 60, .init = fp_stage_begin);

/* What a claim looks at; the stage has the scene only while rules run. */
static void (*claim)(struct fp_scene *scene);

static void look(struct fp_scene *scene) {
    claim(scene);
}

static const struct fp_audit *claim_that(void what(struct fp_scene *scene)) {
    claim = what;
    return fp_stage_run(look);
}

static void exits(pid_t pid, int status) {
    EVENT(FP_AUDIT_EXIT, pid, "", (struct fp_audit_exit){.status = status, .how = FP_ENDED_EXIT});
}

static void waits(pid_t pid, int asked, int got, int status, unsigned options) {
    EVENT(FP_AUDIT_WAIT, pid, "",
          (struct fp_audit_wait){.asked = asked,
                                 .got = got,
                                 .status = status,
                                 .options = options,
                                 .flags = FP_WAIT_HAS_STATUS});
}

static uint64_t time_of(const struct fp_scene *scene, size_t event) {
    return fp_scene_event(scene, event).time;
}

/* --- lives --- */

static void claim_child(struct fp_scene *scene) {
    cr_assert_eq(scene->life_count, 2);
    const struct fp_life *child = &scene->lives[1];
    const size_t *children;
    cr_assert(child->pid == 200 && child->parent == 0 && child->status == 7 << 8);
    cr_assert_eq(fp_scene_event(scene, child->forked).kind, FP_AUDIT_FORK);
    cr_assert_eq(fp_scene_event(scene, child->ended).kind, FP_AUDIT_EXIT);
    cr_assert_eq(fp_scene_event(scene, child->reaped).kind, FP_AUDIT_WAIT);
    cr_assert_eq(child->born, time_of(scene, child->forked));
    cr_assert_eq(child->died, time_of(scene, child->ended));
    cr_assert(child->executed == FP_NO_EVENT && child->left == FP_NO_EVENT && !child->is_daemon);
    cr_assert(fp_scene_children(scene, 0, &children) == 1 && children[0] == 1);
    cr_assert_eq(fp_scene_children(scene, 1, &children), 0);
}

Test(scene, a_forked_child_is_known_from_its_birth_to_its_wait) {
    IMAGE(100, 1, "/bin/server", "server");
    fp_stage_fork(100, 100, 200);
    exits(200, 7);
    waits(100, -1, 200, 7 << 8, 0);
    claim_that(claim_child);
}

static void claim_silent(struct fp_scene *scene) {
    cr_assert_eq(scene->life_count, 2);
    const struct fp_life *child = &scene->lives[1];
    const struct fp_process *process = &scene->audit.processes[1];
    cr_assert(!child->process && child->pid == 200 && child->parent == 0);
    cr_assert(child->event_count == 0 && child->status == SIGKILL);
    cr_assert_eq(child->died, time_of(scene, child->reaped));
    cr_assert_str_eq(process->image, "/bin/server");
    cr_assert(process->has_hooks && process->starter == 0 && process->parent == 100);
    cr_assert_str_eq(fp_scene_name(scene, 1), "server 200");
}

Test(scene, one_that_wrote_nothing_is_a_life_too) {
    IMAGE(100, 1, "/bin/server", "server");
    fp_stage_fork(100, 100, 200);
    waits(100, 200, 200, SIGKILL, 0);
    claim_that(claim_silent);
}

/* The parent has been slow: its child has written before it tells of the fork. */
static void claim_early(struct fp_scene *scene) {
    cr_assert_eq(scene->life_count, 2);
    cr_assert_neq(scene->lives[1].forked, FP_NO_EVENT);
    cr_assert_lt(scene->lives[1].born, time_of(scene, scene->lives[1].forked));
}

Test(scene, a_child_may_write_before_its_parent_tells_of_it) {
    IMAGE(100, 1, "/bin/server", "server");
    IMAGE(200, 100, "/bin/worker", "worker");
    exits(200, 0);
    EVENT(FP_AUDIT_FORK, 100, "", (struct fp_audit_fork){.child = 200, .how = FP_FORKED_SPAWN});
    waits(100, 200, 200, 0, 0);
    claim_that(claim_early);
}

static size_t life_of(const struct fp_scene *scene, pid_t pid) {
    size_t found = FP_RECORD_NONE;
    for (size_t i = 0; i < scene->life_count; i++) {
        if (scene->lives[i].pid != pid)
            continue;
        cr_assert_eq(found, FP_RECORD_NONE, "%d is there twice", (int)pid);
        found = i;
    }
    cr_assert_neq(found, FP_RECORD_NONE);
    return found;
}

/* Each is the child of the one before, and tells of its own child. */
static void claim_line(struct fp_scene *scene) {
    cr_assert_eq(scene->life_count, 4);
    for (pid_t pid = 200; pid <= 400; pid += 100) {
        const struct fp_life *life = &scene->lives[life_of(scene, pid)];
        cr_assert_eq(life->parent, life_of(scene, pid - 100));
        cr_assert_neq(life->forked, FP_NO_EVENT);
        cr_assert_eq(fp_scene_event(scene, life->forked).pid, pid - 100);
    }
}

Test(scene, a_child_may_write_before_a_parent_that_has_written_nothing) {
    IMAGE(100, 1, "/bin/server", "server");
    fp_stage_child(400, 300, 100);
    exits(400, 0);
    fp_stage_child(300, 200, 100);
    EVENT(FP_AUDIT_FORK, 300, "", (struct fp_audit_fork){.child = 400});
    waits(300, 400, 400, 0, 0);
    exits(300, 0);
    fp_stage_child(200, 100, 100);
    EVENT(FP_AUDIT_FORK, 200, "", (struct fp_audit_fork){.child = 300});
    waits(200, 300, 300, 0, 0);
    EVENT(FP_AUDIT_FORK, 100, "", (struct fp_audit_fork){.child = 200});
    claim_that(claim_line);
}

static void claim_reused_parent(struct fp_scene *scene) {
    const struct fp_life *child = &scene->lives[life_of(scene, 300)];
    cr_assert_eq(scene->life_count, 4);
    cr_assert_eq(child->parent, fp_scene_event(scene, child->forked).process);
    cr_assert_eq(scene->lives[child->parent].reaped, FP_NO_EVENT);
}

/* It has executed, so that its memory says nothing; its parent's number was another's before. */
Test(scene, a_child_may_execute_before_its_parent_tells_of_it) {
    IMAGE(100, 1, "/bin/server", "server");
    fp_stage_fork(100, 100, 200);
    exits(200, 0);
    waits(100, 200, 200, 0, 0);
    IMAGE(300, 200, "/bin/worker", "worker");
    fp_stage_child(200, 100, 100);
    exits(200, 0);
    EVENT(FP_AUDIT_FORK, 200, "", (struct fp_audit_fork){.child = 300});
    claim_that(claim_reused_parent);
}

static void claim_two(struct fp_scene *scene) {
    cr_assert_eq(scene->life_count, 3);
    uint64_t first_reaped = time_of(scene, scene->lives[1].reaped);
    uint64_t second_born = scene->lives[2].born;
    cr_assert(scene->lives[1].pid == 200 && scene->lives[2].pid == 200);
    cr_assert_lt(first_reaped, second_born);
    cr_assert_eq(fp_scene_who(scene, 200, first_reaped), 1);
    cr_assert_eq(fp_scene_who(scene, 200, first_reaped + 1), FP_RECORD_NONE);
    cr_assert_eq(fp_scene_newest(scene, 200, first_reaped + 1), 1);
    cr_assert_eq(fp_scene_who(scene, 200, second_born), 2);
    cr_assert_eq(fp_scene_who(scene, 201, second_born), FP_RECORD_NONE);
    cr_assert(fp_scene_former(scene, 2) == 1 && fp_scene_former(scene, 1) == FP_RECORD_NONE);
}

Test(scene, a_pid_that_comes_back_is_another_life) {
    IMAGE(100, 1, "/bin/server", "server");
    for (int i = 0; i < 2; i++) {
        fp_stage_fork(100, 100, 200);
        waits(100, 200, 200, 0, 0);
    }
    claim_that(claim_two);
}

static void claim_not_reaped(struct fp_scene *scene) {
    const struct fp_life *child = &scene->lives[1];
    cr_assert_eq(child->reaped, FP_NO_EVENT);
    cr_assert(child->status == 3 << 8 && child->died == time_of(scene, child->seen));
}

Test(scene, a_look_and_a_stop_take_no_child) {
    IMAGE(100, 1, "/bin/server", "server");
    fp_stage_fork(100, 100, 200);
    waits(100, 200, 200, SIGSTOP << 8 | 0x7f, WUNTRACED);
    waits(100, 200, 200, 3 << 8, WNOWAIT | WEXITED);
    claim_that(claim_not_reaped);
}

static void claim_no_ring(struct fp_scene *scene) {
    for (size_t i = 0; i < scene->life_count; i++) {
        size_t steps = 0;
        for (size_t at = i; at != FP_RECORD_NONE; at = scene->lives[at].parent)
            cr_assert(steps++ < scene->life_count);
    }
}

Test(scene, nobody_descends_from_himself_whatever_is_written) {
    IMAGE(100, 1, "/bin/a", "a");
    IMAGE(200, 1, "/bin/b", "b");
    EVENT(FP_AUDIT_FORK, 100, "", (struct fp_audit_fork){.child = 200});
    EVENT(FP_AUDIT_FORK, 200, "", (struct fp_audit_fork){.child = 100});
    EVENT(FP_AUDIT_FORK, 200, "", (struct fp_audit_fork){.child = 200});
    waits(200, 200, 200, 0, 0);
    claim_that(claim_no_ring);
}

/* --- what forkproof says itself --- */

static void claim_left(struct fp_scene *scene) {
    cr_assert_eq(scene->life_count, 5);
    cr_assert(scene->root == 0 && scene->lives[0].status == 256);
    cr_assert_eq(scene->over, UINT64_C(12000000000));
    cr_assert_neq(scene->lives[1].left, FP_NO_EVENT);
    cr_assert_eq(scene->lives[1].died, 0);
    cr_assert(scene->lives[2].is_ours && !scene->lives[1].is_ours);
    cr_assert(scene->lives[4].pid == 300 && scene->lives[4].left != FP_NO_EVENT);
    cr_assert_str_eq(scene->audit.directory, "/src/pool");
    cr_assert_not_null(fp_find(scene, "a-rule", 4, "here", FP_NO_EVENT, "%s is left", "it"));
}

Test(scene, what_was_left_and_how_the_root_ended_is_forkproofs_word) {
    IMAGE(100, 1, "/bin/server", "server");
    fp_stage_fork(100, 100, 200);
    exits(100, 1);
    fp_stage_fork(100, 100, 201);
    EVENT(FP_AUDIT_HANDLER, 200, "", (struct fp_audit_handler){.signal = SIGTERM});
    EVENT(FP_AUDIT_LEFT, 900, "server", (struct fp_audit_left){.pid = 200, .signal = SIGTERM});
    EVENT(FP_AUDIT_LEFT, 900, "dæmon", (struct fp_audit_left){.pid = 300});
    EVENT(FP_AUDIT_ROOT, 900, "/src/pool",
          (struct fp_audit_root){.pid = 100, .status = 256, .ended = UINT64_C(12000000000)});
    const struct fp_audit *audit = claim_that(claim_left);
    cr_assert(audit->process_count == 4 && audit->status == 256);
    for (size_t i = 0; i < audit->process_count; i++)
        cr_assert_neq(audit->processes[i].pid, 900);
    cr_assert_eq(audit->findings[0].process, 3);
    cr_assert_eq(audit->processes[3].pid, 300);
    cr_assert_str_eq(audit->processes[3].image, "dæmon");
}

static void claim_ending(struct fp_scene *scene) {
    cr_assert_eq(scene->life_count, 3);
    cr_assert(scene->lives[1].left != FP_NO_EVENT && scene->lives[1].ended != FP_NO_EVENT);
}

Test(scene, one_that_was_left_while_it_ended_is_no_other) {
    IMAGE(100, 1, "/bin/server", "server");
    fp_stage_fork(100, 100, 200);
    exits(200, 0);
    exits(100, 0);
    EVENT(FP_AUDIT_LEFT, 900, "server", (struct fp_audit_left){.pid = 200, .start = 1});
    claim_that(claim_ending);
}

static void claim_left_and_reaped(struct fp_scene *scene) {
    const struct fp_life *child = &scene->lives[life_of(scene, 300)];
    cr_assert(child->left != FP_NO_EVENT && child->reaped != FP_NO_EVENT);
    cr_assert_eq(scene->life_count, 4);
}

/* By its parent, which was left as well. */
Test(scene, one_that_was_left_and_then_waited_for_is_no_other) {
    IMAGE(100, 1, "/bin/server", "server");
    fp_stage_fork(100, 100, 200);
    fp_stage_fork(200, 200, 300);
    exits(100, 0);
    waits(200, 300, 300, SIGTERM, 0);
    exits(200, 0);
    EVENT(FP_AUDIT_LEFT, 900, "server",
          (struct fp_audit_left){.pid = 300, .signal = SIGTERM, .start = 1});
    claim_that(claim_left_and_reaped);
}

/* --- programs --- */

static const char *expected_script;

static void claim_script(struct fp_scene *scene) {
    const char *script = scene->audit.processes[0].script;
    cr_assert(!script == !expected_script);
    cr_assert(!script || strcmp(script, expected_script) == 0, "%s", script);
}

#define SCRIPT(path, argv, script)                                                                 \
    do {                                                                                           \
        fp_stage_begin();                                                                          \
        expected_script = (script);                                                                \
        IMAGE(100, 1, path, argv);                                                                 \
        claim_that(claim_script);                                                                  \
    } while (0)

Test(scene, what_an_interpreter_runs_is_its_first_argument_that_is_no_option) {
    SCRIPT("/bin/dash", "sh\0./configure\0--help", "./configure");
    SCRIPT("/bin/bash", "bash\0-e\0-o\0pipefail\0build.sh", "build.sh");
    SCRIPT("/bin/bash", "bash\0-ec\0make all", NULL);
    SCRIPT("/bin/bash", "bash", NULL);
    SCRIPT("/bin/bash", "bash\0-s\0a", NULL);
    SCRIPT("/usr/bin/python3.11", "python3\0-W\0error\0-B\0x.py\0y", "x.py");
    SCRIPT("/usr/bin/python3.11", "python3\0-m\0pytest", NULL);
    SCRIPT("/usr/bin/python3.11", "python3\0-\0x", NULL);
    SCRIPT("/usr/bin/perl", "perl\0-w\0--\0x.pl", "x.pl");
    SCRIPT("/usr/bin/perl", "perl\0-ne\0print", NULL);
    SCRIPT("/usr/bin/make", "make\0Makefile", NULL);
}

static void claim_unhooked(struct fp_scene *scene) {
    const struct fp_process *hooked = &scene->audit.processes[0], *not = &scene->audit.processes[1];
    cr_assert(hooked->has_hooks && !not ->has_hooks);
    cr_assert_str_eq(not ->image, "/bin/static");
    cr_assert(not ->argc == 1 && scene->audit.images_without_hooks == 1);
    cr_assert_neq(scene->lives[1].executed, FP_NO_EVENT);
    cr_assert_eq(scene->lives[0].executed, FP_NO_EVENT);
}

Test(scene, who_executes_and_never_writes_again_has_no_hooks) {
    IMAGE(100, 1, "/bin/server", "server");
    fp_stage_exec(100, "/bin/nothing", 0, 0);
    fp_stage_exec(100, "/bin/nothing", 0, -ENOENT);
    fp_stage_fork(100, 100, 200);
    fp_stage_exec(200, "/bin/static", 0, 0);
    waits(100, 200, 200, 0, 0);
    claim_that(claim_unhooked);
}

static void claim_arguments(struct fp_scene *scene) {
    cr_assert(scene->audit.argc == 2 && scene->audit.processes[0].argc == 1);
    cr_assert_str_eq(scene->audit.argv[0], "env");
    cr_assert_str_eq(scene->audit.argv[1], "tool");
    cr_assert_eq(scene->lives[0].event_count, 3);
    cr_assert_eq(fp_scene_event(scene, scene->lives[0].executed).kind, FP_AUDIT_EXEC);
}

Test(scene, the_runs_arguments_are_those_that_its_program_was_given) {
    IMAGE(100, 1, "/usr/bin/env", "env\0tool");
    fp_stage_exec(100, "tool", 0, 0);
    IMAGE(100, 1, "/usr/bin/tool", "tool");
    claim_that(claim_arguments);
}

static void claim_escaped(struct fp_scene *scene) {
    struct fp_record_text text = {"a\n\x1b[0m\0b\xff\xe2\x80\xae", 12};
    const char *shown = fp_scene_text(scene, text);
    cr_assert_str_eq(shown, "a\\n\\x1b[0m b\\xff\\u202e");
    char large[1000];
    memset(large, 'x', sizeof large);
    cr_assert_lt(strlen(fp_scene_text(scene, (struct fp_record_text){large, sizeof large})), 120);
}

Test(scene, a_text_of_the_programs_is_fit_for_a_sentence) {
    IMAGE(100, 1, "/bin/server", "server");
    claim_that(claim_escaped);
}

/* --- findings --- */

static void find_some(struct fp_scene *scene) {
    fp_found_severity(fp_find(scene, "b", 0, "here", 0, "one"), FP_NOTE);
    for (int i = 0; i < 10000; i++) {
        struct fp_found *found = fp_find(scene, "a", 0, "here", 1, "again, %d", i);
        fp_found_place(found, "there", FP_NO_EVENT);
        fp_found_place(found, i % 2 ? "there" : "and there", 2);
        fp_found_line(found, "a line");
    }
    cr_assert_null(fp_find(scene, "a", FP_RECORD_NONE, "here", 1, "of nobody"));
}

Test(scene, the_same_at_the_same_places_is_found_once_and_counted) {
    IMAGE(100, 1, "/bin/server", "server");
    exits(100, 0);
    exits(100, 0);
    const struct fp_audit *audit = claim_that(find_some);
    cr_assert_eq(audit->finding_count, 3);
    const struct fp_finding *findings = audit->findings;
    cr_assert(findings[0].severity == FP_ERROR && findings[2].severity == FP_NOTE);
    cr_assert(findings[0].times == 5000 && findings[1].times == 5000 && findings[2].times == 1);
    cr_assert(findings[0].place_count == 2 && findings[0].evidence_count == 1);
    cr_assert_str_eq(findings[0].message, "again, 0");
    cr_assert_eq(strlen(findings[0].fingerprint), 32);
    cr_assert_neq(strcmp(findings[0].fingerprint, findings[2].fingerprint), 0);
}
