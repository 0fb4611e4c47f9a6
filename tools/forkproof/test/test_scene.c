#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/scene.h"
#include "say.h"

static void hush(void) {
    fp_say_to(-1);
}

TestSuite(scene, .timeout = 60, .init = hush);

static const struct fp_outcome outcomes[] = {
    {"hit", "stranger-hit", "", false}, {"left", "survivors", "", false},
    {"stuck", "stalled", "", false},    {"late", "deadline", "", false},
    {"pipe", "killed 13", "", false},   {"three", "exited 3", "", false},
    {"well", "said", "", true},
};
static const char *const none[] = {NULL};
static const struct fp_case example = {
    .needs = none,
    .run = none,
    .arguments = none,
    .preload = "",
    .deadline = "10",
    .outcomes = outcomes,
    .outcome_count = sizeof outcomes / sizeof outcomes[0],
};
static const struct fp_gotcha gotcha = {.id = "some", .example = &example};

/* The word, "none" or "failed". */
static const char *come_to(const char *facts, const char *words, enum fp_mode mode, int status) {
    struct fp_scene scene = {0};
    struct fp_played played = {.status = status,
                               .facts = strdup(facts),
                               .problems = strdup(""),
                               .words = strdup(words),
                               .out = strdup(words),
                               .err = strdup(facts),
                               .state = strdup(words)};
    int r = fp_scene_make(&gotcha, mode, &played, &scene);
    const char *word = r < 0 ? "failed" : scene.outcome ? scene.outcome->word : "none";
    fp_scene_free(&scene);
    fp_played_free(&played);
    return word;
}

struct row {
    const char *facts, *words, *bare, *run;
};

static const struct row rows[] = {
    {"end exited 0\norphans 0\ndone\n", "step 2 a\noutcome well\n", "well", "well"},
    {"end exited 0\norphans 0\ndone\n", "outcome other\noutcome well\n", "well", "well"},
    {"end exited 0\norphans 0\ndone\n", "outcome well\noutcome other\n", "none", "none"},
    {"end exited 3\norphans 0\ndone\n", "", "three", "three"},
    {"end exited 30\norphans 0\ndone\n", "", "none", "none"},
    {"end killed 13\norphans 0\ndone\n", "", "pipe", "pipe"},
    {"end exited 141\norphans 0\ndone\n", "", "none", "pipe"},
    {"end stalled\norphans 0\ndone\n", "outcome well\n", "stuck", "stuck"},
    {"end deadline\norphans 0\ndone\n", "", "late", "late"},
    {"end exited 0\nsurvivor 7 S bad /x/bad\norphans 0\ndone\n", "outcome well\n", "left", "left"},
    {"end stalled\nsurvivor 7 S bad /x/bad\norphans 0\ndone\n", "", "stuck", "stuck"},
    {"end exited 0\nstranger 7 hit 9\nsurvivor 8 S b\norphans 0\ndone\n", "", "hit", "hit"},
    {"end exited 0\nstranger 7 unharmed\norphans 0\ndone\n", "outcome well\n", "well", "well"},
    /* not as it should be */
    {"end exited 0\norphans 0\n", "outcome well\n", "failed", "failed"},
    {"done\n", "outcome well\n", "failed", "failed"},
    {"", "", "failed", "failed"},
    {"end exited 0\ndone\n", "broken no fork, errno 11\noutcome well\n", "failed", "failed"},
    {"end exited 125\ndone\n", "cannot another user\n", "failed", "failed"},
};

Test(scene, the_first_outcome_that_applies_is_it) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_str_eq(come_to(rows[i].facts, rows[i].words, FP_MODE_BARE, 0), rows[i].bare,
                         "row %zu", i);
        cr_expect_str_eq(come_to(rows[i].facts, rows[i].words, FP_MODE_RUN, 0), rows[i].run,
                         "row %zu", i);
    }
    cr_expect_str_eq(come_to(rows[0].facts, rows[0].words, FP_MODE_BARE, 77), "failed");
    cr_expect_str_eq(come_to(rows[0].facts, rows[0].words, FP_MODE_BARE, 1), "failed");
}

Test(scene, states_are_told_in_words) {
    char *text =
        fp_state_lines("process 4 /x/bad\n"
                       "  thread 4 comm=bad wchan=pipe_read syscall=0 0x3 0x0 0x0 state=S\n"
                       "[<0>] pipe_read+0x1\n"
                       "  descriptor 1 /x/stdout\n"
                       "  descriptor 3 pipe:[77]\n"
                       "process 5 stranger\n"
                       "  thread 5 comm=stranger wchan=x syscall=34 0x0 state=S\n"
                       "process 6 /x/bad\n"
                       "  thread 6 comm=bad wchan=do_wait syscall=? state=S\n"
                       "  thread 7 comm=bad wchan=0 syscall=-1 0x0 state=S\n"
                       "  thread 8 comm=bad wchan=0 syscall=? state=Z\n");
#ifdef __x86_64__
    cr_expect_str_eq(text,
                     "4  bad: waits in read(3), pipe:[77]\n6  bad: waits in the kernel's do_wait\n"
                     "7  bad: asleep\n8  bad: a zombie\n");
#endif
    free(text);
}

static const char pieces[][24] = {"end ",
                                  "exited ",
                                  "killed ",
                                  "9",
                                  "-1",
                                  "99999999999999999999",
                                  "\n",
                                  " ",
                                  "stranger ",
                                  "hit ",
                                  "survivor 3 S ",
                                  "member 4 Z ",
                                  "done\n",
                                  "step ",
                                  "outcome ",
                                  "process 4 ",
                                  "  thread 4 ",
                                  " comm=",
                                  " syscall=",
                                  " state=",
                                  "0x",
                                  "  descriptor 3 ",
                                  "\xff",
                                  "pipe:[4]",
                                  "bad",
                                  "=",
                                  "orphans "};

Test(scene, any_text_is_safe) {
    unsigned seed = 1;
    for (int round = 0; round < 4000; round++) {
        char text[1000] = "";
        size_t used = 0;
        for (int n = rand_r(&seed) % 40; n > 0; n--) {
            const char *piece = pieces[(size_t)rand_r(&seed) % (sizeof pieces / sizeof pieces[0])];
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", piece);
        }
        free(fp_state_lines(text));
        come_to(text, text, (enum fp_mode)(round % 2), 0);
        char facts[1100];
        snprintf(facts, sizeof facts, "%s\nend exited 0\ndone\n", text);
        come_to(facts, text, (enum fp_mode)(round % 2), 0);
    }
}
