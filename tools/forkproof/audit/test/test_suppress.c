#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "glob.h"
#include "models.h"
#include "say.h"
#include "suppress.h"

TestSuite(suppress, .timeout = 30);

/* --- patterns --- */

struct glob_row {
    const char *pattern, *text;
    bool matches;
};

Test(suppress, patterns) {
    static const struct glob_row rows[] = {
        {"main", "main", true},
        {"main", "main2", false},
        {"main", "mai", false},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"*main*", "src/main.c", true},
        {"src/*.c", "src/deep/main.c", true},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "axxbyy", false},
        {"*ab", "aab", true},
        {"a?c", "abc", true},
        {"a?c",
         "a\xc3\xa9"
         "c",
         true},
        {"a?c", "ac", false},
        {"a?", "a\xff", true},
        {"a\\*", "a*", true},
        {"a\\*", "ab", false},
        {"operator[]", "operator[]", true},
        {"f[ab]", "fa", false},
        {"**a**", "bab", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(fp_glob(rows[i].pattern, rows[i].text), rows[i].matches, "%s for %s",
                     rows[i].pattern, rows[i].text);
}

/* A matcher that tries all ways would not end. */
Test(suppress, many_stars_take_no_longer) {
    static char text[60000], pattern[400];
    memset(text, 'a', sizeof text - 1);
    for (size_t i = 0; i + 2 < sizeof pattern; i += 2)
        memcpy(pattern + i, "*a", 2);
    strcpy(pattern + sizeof pattern - 4, "*b");
    cr_expect_not(fp_glob(pattern, text));
}

/* --- files --- */

static char said[20000];

/* Reads the text as a file that is called "/proc/self/fd/N", which is replaced by F in `said`. */
static int read_text(struct fp_suppressions *all, const char *text, size_t length) {
    char path[40], *at;
    int file = memfd_create("file", MFD_CLOEXEC), log = memfd_create("log", MFD_CLOEXEC);
    cr_assert_eq(write(file, text, length), (ssize_t)length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    fp_say_to(log);
    int r = fp_suppressions_read(all, path, fp_model_gotchas, FP_MODEL_GOTCHAS);
    fp_say_to(STDERR_FILENO);
    ssize_t n = pread(log, said, sizeof said - 1, 0);
    said[n > 0 ? n : 0] = '\0';
    while ((at = strstr(said, path))) {
        *at = 'F';
        memmove(at + 1, at + strlen(path), strlen(at + strlen(path)) + 1);
    }
    close(file);
    close(log);
    return r;
}

#define READ(all, text) read_text(all, text, sizeof(text) - 1)

Test(suppress, comments_blanks_and_ends_of_lines_of_other_systems_are_read_over) {
    struct fp_suppressions all = {0};
    cr_assert_eq(READ(&all, "\xef\xbb\xbf# comment\n\n  \t\n  fd-leak: open_log  # why\r\n"
                            "kill-wait-race:a\\#b#c\r\nunchecked-status:x::y(int, char)"),
                 0, "%s", said);
    cr_assert_eq(all.count, 3);
    cr_expect_str_eq(all.list[0].rule, "fd-leak");
    cr_expect_str_eq(all.list[0].pattern, "open_log");
    cr_expect_str_eq(all.list[1].pattern, "a\\#b#c");
    cr_expect_str_eq(all.list[2].pattern, "x::y(int, char)");
    cr_expect_not_null(strstr(all.list[2].origin, ":6: unchecked-status:x::y(int, char)"));
    cr_expect_str_eq(said, "");
    fp_suppressions_free(&all);
}

/* The whole of what is said of a file, which has mistakes. */
#define EXPECT_SAID(text, wanted)                                                                  \
    do {                                                                                           \
        struct fp_suppressions read = {0};                                                         \
        cr_expect_eq(READ(&read, text), -EINVAL);                                                  \
        cr_expect_str_eq(said, wanted);                                                            \
        fp_suppressions_free(&read);                                                               \
    } while (0)

Test(suppress, an_error_is_named_with_file_line_and_column) {
    EXPECT_SAID("fd-leak\n"
                "# fine\n"
                "  :main\n"
                " no-such:main\n",
                "forkproof: F:1:8: no ':' between rule and pattern\n"
                "forkproof: F:3:3: no rule before the ':'\n"
                "forkproof: F:4:2: no such rule (forkproof explain lists them)\n");
    EXPECT_SAID("fd-leak:  \n"
                "fd-leak:main\\\n"
                "fd-leak:ok\n"
                "fd-leak:a\x1b[31m\n",
                "forkproof: F:1:9: no pattern behind the ':'\n"
                "forkproof: F:2:13: nothing behind the last '\\'\n"
                "forkproof: F:4:10: a control character (write ? for it)\n");
    EXPECT_SAID("fd-leak:a\xff\n"
                "fd-leak:\0a\n"
                "quiet-rule:main\n",
                "forkproof: F:1:10: not UTF-8 (write ? for such a character)\n"
                "forkproof: F:2:9: a control character (write ? for it)\n"
                "forkproof: F:3:1: no such rule (forkproof explain lists them)\n");
}

/* A file that is none has a mistake in each line. */
Test(suppress, of_many_errors_three_are_named_and_the_others_counted) {
    EXPECT_SAID("a\nb\nc\nfd-leak:ok\nd\ne:f\n",
                "forkproof: F:1:2: no ':' between rule and pattern\n"
                "forkproof: F:2:2: no ':' between rule and pattern\n"
                "forkproof: F:3:2: no ':' between rule and pattern\n"
                "forkproof: F: and 2 more\n");
}

Test(suppress, what_cannot_be_read_is_one_line) {
    struct fp_suppressions all = {0};
    fp_say_into(said, sizeof said);
    cr_expect_eq(fp_suppressions_read(&all, "/proc/none/x", NULL, 0), -ENOENT);
    cr_expect_str_eq(said, "cannot read the suppressions /proc/none/x: No such file or directory");
    cr_expect_eq(fp_suppressions_read(&all, "/", NULL, 0), -EISDIR);
    cr_expect_eq(fp_suppressions_read(&all, "/dev/zero", NULL, 0), -EFBIG);
    fp_say_into(NULL, 0);
}

/* --- findings --- */

static bool suppresses(const char *line) {
    struct fp_suppressions all = {0};
    struct fp_audit *audit = fp_model("two-places");
    audit->processes[1].script = "/src/pool/tests/run.py";
    cr_assert_eq(read_text(&all, line, strlen(line)), 0, "%s", said);
    cr_assert_eq(fp_suppressions_apply(&all, audit), 0);
    bool is = audit->findings[0].is_suppressed;
    cr_expect_eq(audit->unused_suppression_count, is ? 0u : 1u, "%s", line);
    free(audit->findings[0].suppression);
    fp_suppressions_free(&all);
    return is;
}

Test(suppress, any_frame_of_the_first_place_by_function_file_or_module) {
    static const char *const yes[] = {
        "kill-wait-race:stop_worker",  "kill-wait-race:main",
        "kill-wait-race:pool.c",       "kill-wait-race:/src/*/pool.c",
        "kill-wait-race:main.c",       "kill-wait-race:libc.so.*",
        "kill-wait-race:/lib/*",       "kill-wait-race:run.py",
        "kill-wait-race:tests/run.py", "kill-wait-race:/src/pool/lib/../pool.c"};
    static const char *const no[] = {"kill-wait-race:reap_all", "fd-leak:stop_worker",
                                     "kill-wait-race:stop", "kill-wait-race:ool.c"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        cr_expect(suppresses(yes[i]), "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        cr_expect_not(suppresses(no[i]), "%s", no[i]);
}

Test(suppress, the_line_to_paste_names_the_innermost_function) {
    struct fp_suppressions none = {0};
    struct fp_audit *audit = fp_model("two-places");
    cr_assert_eq(fp_suppressions_apply(&none, audit), 0);
    cr_expect_str_eq(audit->findings[0].suppression, "kill-wait-race:stop_worker");
    cr_expect_not(audit->findings[0].is_suppressed);
    fp_suppressions_free(&none);
}

Test(suppress, without_symbols_it_names_the_module_and_without_that_the_program) {
    struct fp_suppressions none = {0};
    struct fp_frame frame = {.module = "/usr/lib/libfoo.so", .offset = 3};
    struct fp_audit *audit = fp_model("two-places");
    audit->findings[0].places[0].frames = &frame;
    audit->findings[0].places[0].frame_count = 1;
    cr_assert_eq(fp_suppressions_apply(&none, audit), 0);
    cr_expect_str_eq(audit->findings[0].suppression, "kill-wait-race:libfoo.so");
    audit->findings[0].suppression = NULL;
    audit->findings[0].place_count = 0;
    cr_assert_eq(fp_suppressions_apply(&none, audit), 0);
    cr_expect_str_eq(audit->findings[0].suppression, "kill-wait-race:pool");
    audit->findings[0].suppression = NULL;
    audit->findings[0].process = 99;
    cr_assert_eq(fp_suppressions_apply(&none, audit), 0);
    cr_expect_null(audit->findings[0].suppression);
}

/* The line for a finding whose first place has these frames. */
static char *line_for(struct fp_frame *frames, size_t count) {
    struct fp_suppressions none = {0};
    struct fp_audit *audit = fp_model("two-places");
    audit->findings[0].places[0].frames = frames;
    audit->findings[0].places[0].frame_count = count;
    cr_assert_eq(fp_suppressions_apply(&none, audit), 0);
    return audit->findings[0].suppression;
}

/* Else a stripped program's line would suppress all of the rule. */
Test(suppress, the_line_to_paste_names_nothing_that_all_programs_have) {
    struct fp_frame in_program[] = {{.function = "__run_exit_handlers", .module = "/lib/libc.so.6"},
                                    {.module = "/usr/bin/watch", .offset = 3},
                                    {.function = FP_SIGNAL_FRAME, .module = "/lib/libc.so.6"},
                                    {.function = "main", .module = "/usr/bin/watch"}};
    struct fp_frame in_library[] = {{.function = "malloc_consolidate", .module = "/lib/libc.so.6"},
                                    {.function = "event_reinit", .module = "/usr/lib/libevent.so"},
                                    {.function = "main", .module = "/usr/bin/tmux"}};
    cr_expect_str_eq(line_for(in_program, 4), "kill-wait-race:watch");
    cr_expect_str_eq(line_for(in_program + 2, 2), "kill-wait-race:pool");
    cr_expect_str_eq(line_for(in_program, 1), "kill-wait-race:pool");
    cr_expect_str_eq(line_for(in_library, 3), "kill-wait-race:event_reinit");
}

/* Whatever the function is called: the line is read again and does what it says. */
Test(suppress, the_line_to_paste_works_for_hostile_names) {
    static char large[100000];
    static const char *const names[] = {
        "a b",          " a ",       "#x",   "a #x", "*",  "a\\",
        "\\",           ":x",        "a\nb", "\xff", "\t", "std::f<a>(b&)[]",
        "\xe2\x80\xae", "\xc3\xa9 ", large};
    memset(large, 'x', sizeof large - 1);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct fp_suppressions all = {0};
        struct fp_audit *audit = fp_model("two-places");
        struct fp_finding *finding = &audit->findings[0];
        finding->places[0].frames[0].function = names[i];
        finding->places[0].frame_count = 1;
        cr_assert_eq(fp_suppressions_apply(&all, audit), 0);
        cr_expect_lt(strlen(finding->suppression), 300u);
        cr_expect_eq(read_text(&all, finding->suppression, strlen(finding->suppression)), 0,
                     "row %zu: %s", i, said);
        cr_assert_eq(fp_suppressions_apply(&all, audit), 0);
        cr_expect(finding->is_suppressed, "row %zu: %s", i, finding->suppression);
        free(finding->suppression);
        fp_suppressions_free(&all);
    }
}

/* What a person pastes is what they see. */
Test(suppress, the_line_to_paste_holds_nothing_that_is_not_seen) {
    struct fp_suppressions none = {0};
    struct fp_audit *audit = fp_model("two-places");
    audit->findings[0].places[0].frames[0].function = " a\xe2\x80\xae\xff\x1b"
                                                      "b*";
    cr_assert_eq(fp_suppressions_apply(&none, audit), 0);
    cr_expect_str_eq(audit->findings[0].suppression, "kill-wait-race:?a???b\\*");
    free(audit->findings[0].suppression);
    fp_suppressions_free(&none);
}

Test(suppress, what_is_unused_is_named_with_its_line) {
    struct fp_suppressions all = {0};
    struct fp_audit *audit = fp_model("two-places");
    cr_assert_eq(READ(&all, "kill-wait-race:main\n\nfd-leak:main\nkill-wait-race:m*\n"), 0);
    cr_assert_eq(fp_suppressions_apply(&all, audit), 0);
    cr_assert_eq(audit->unused_suppression_count, 1);
    cr_expect_not_null(strstr(audit->unused_suppressions[0], ":3: fd-leak:main"));
    cr_expect_null(strchr(audit->unused_suppressions[0], '\n'));
    fp_suppressions_free(&all);
}
