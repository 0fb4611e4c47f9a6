/* Paths of sources, and the list of mappings as the kernel writes it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unwind.h"
#include "unwind_text.h"

TestSuite(unwind_text, .timeout = 10);

Test(unwind_text, paths_are_tidied_as_written) {
    static const char *const rows[][2] = {{"/a/b/../c.c", "/a/c.c"},
                                          {"/a/./b//c.c", "/a/b/c.c"},
                                          {"/../a", "/a"},
                                          {"../a/../../b", "../../b"},
                                          {"a/..", ""},
                                          {"./a", "a"},
                                          {"/", "/"},
                                          {"", ""},
                                          {"..", ".."},
                                          {"/a/b/../../../c", "/c"},
                                          {"a..b/.c", "a..b/.c"},
                                          {"/a/b/", "/a/b"},
                                          {"a/b/../../../x/../y", "../y"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[64];
        strcpy(path, rows[i][0]);
        fp_path_tidy(path);
        cr_expect_str_eq(path, rows[i][1], "%s became %s", rows[i][0], path);
    }
}

Test(unwind_text, paths_below_the_directory_are_relative) {
    struct fp_texts texts = {0};
    cr_expect_str_eq(fp_texts_keep_path(&texts, "/w/x/a.c", "/w"), "x/a.c");
    cr_expect_str_eq(fp_texts_keep_path(&texts, "/w/../w/a.c", "/w"), "a.c");
    cr_expect_str_eq(fp_texts_keep_path(&texts, "/ww/a.c", "/w"), "/ww/a.c");
    cr_expect_str_eq(fp_texts_keep_path(&texts, "/w", "/w"), "/w");
    cr_expect_str_eq(fp_texts_keep_path(&texts, "/a.c", "/"), "/a.c");
    cr_expect_str_eq(fp_texts_keep_path(&texts, "/w/a.c", NULL), "/w/a.c");
    cr_expect_null(fp_texts_keep_path(&texts, NULL, "/w"));
    cr_expect_eq(fp_texts_keep(&texts, "a.c"), fp_texts_keep_path(&texts, "/w/a.c", "/w"));
    cr_expect_not(texts.is_failed);
    fp_texts_free(&texts);
}

Test(unwind_text, mappings_are_read_as_the_kernel_writes_them) {
    struct fp_mapping *m;
    size_t count, bad;
    cr_assert_eq(
        fp_unwind_parse_maps(
            "55d0c0de1000-55d0c0de2000 r-xp 00001000 fe:00 1234         /tmp/a b (deleted)\n"
            "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"
            "7f0000002000-7f0000003000 rw-p 00000000 00:00 0 /x\\012y\\134\n"
            "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0   [vsyscall]",
            &m, &count, &bad),
        0);
    cr_assert_eq(count, 4);
    cr_expect_eq(m[0].start, 0x55d0c0de1000);
    cr_expect_eq(m[0].end, 0x55d0c0de2000);
    cr_expect_eq(m[0].offset, 0x1000);
    cr_expect_str_eq(m[0].path, "/tmp/a b (deleted)");
    cr_expect_null(m[1].path);
    cr_expect_str_eq(m[2].path, "/x\ny\\134");
    cr_expect_str_eq(m[3].path, "[vsyscall]");
    free(m);
    cr_assert_eq(fp_unwind_parse_maps("", &m, &count, &bad), 0);
    cr_expect_eq(count, 0);
    free(m);
}

Test(unwind_text, bad_line_is_named) {
    static const char *const rows[] = {"",
                                       "x",
                                       "1-2",
                                       "1-2 r-xp",
                                       "1-2 r-xp 0 0:0",
                                       "2-1 r-xp 0 0:0 0",
                                       "-2 r-xp 0 0:0 0",
                                       "1-10000000000000000 r-xp 0 0:0 0",
                                       "1-2 r-xp 0x0 0:0 0",
                                       "1 2 r-xp 0 0:0 0"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        struct fp_mapping *m;
        size_t count, bad = 0;
        snprintf(text, sizeof text, "1-2 r-xp 0 0:0 0\n%s\n", rows[i]);
        cr_expect_eq(fp_unwind_parse_maps(text, &m, &count, &bad), -EINVAL, "%s", rows[i]);
        cr_expect_eq(bad, 2, "%s", rows[i]);
    }
}
