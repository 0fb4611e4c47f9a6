#include <criterion/criterion.h>
#include <string.h>

#include "escape.h"

TestSuite(escape, .timeout = 10);

struct row {
    const char *text, *terminal, *json;
};

static const struct row rows[] = {
    {"plain", "plain", "plain"},
    {"a\nb\tc", "a\\nb\\tc", "a\nb\tc"},
    {"\x1b[31m", "\\x1b[31m", "\x1b[31m"},
    {"\x7f", "\\x7f", "\x7f"},
    {"\xc3\xa9", "\xc3\xa9", "\xc3\xa9"},
    {"\xc2\x9b", "\\xc2\\x9b", "\xc2\x9b"},      /* C1 CSI */
    {"\xe2\x80\xae", "\\u202e", "\xe2\x80\xae"}, /* writes from right to left */
    {"\xff", "\\xff", "\xef\xbf\xbd"},
    {"\xc3", "\\xc3", "\xef\xbf\xbd"},                                           /* cut short */
    {"\xc0\xaf", "\\xc0\\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                      /* overlong */
    {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* surrogate */
    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
};

Test(escape, every_text_is_safe_for_a_terminal_and_for_json) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64];
        fp_escape(rows[i].text, strlen(rows[i].text), out, sizeof out);
        cr_expect_str_eq(out, rows[i].terminal, "row %zu", i);
        fp_escape_utf8(rows[i].text, strlen(rows[i].text), out, sizeof out);
        cr_expect_str_eq(out, rows[i].json, "row %zu", i);
    }
}

Test(escape, a_small_buffer_ends_between_characters) {
    char out[4];
    cr_expect_eq(fp_escape("ab\xc3\xa9", 4, out, sizeof out), 2);
    cr_expect_str_eq(out, "ab");
    cr_expect_eq(fp_escape("a\n\n", 3, out, sizeof out), 3);
    cr_expect_str_eq(out, "a\\n");
}

Test(escape, text_may_hold_nul) {
    char out[16];
    cr_expect_eq(fp_escape("a\0b", 3, out, sizeof out), 6);
    cr_expect_str_eq(out, "a\\x00b");
}
