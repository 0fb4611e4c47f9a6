/*
 * Tested: system, popen, pclose and wordexp with bad pointers, modes, flags and syntax; without a
 * shell and with one that cannot be executed.
 */
#include <limits.h>
#include <wordexp.h>

#include "bad.h"

static char *pages;

/* --- places --- */

enum place { AS_IT_IS, NO_SHELL, SHELL_IS_NO_PROGRAM, SHELL_IS_EMPTY, PLACES };
static const char *const places[] = {"", "no shell, ", "the shell no program, ",
                                     "the shell empty, "};

/* Seen by this process and what it starts only. */
static void go_to(enum place place) {
    bool good = unshare(CLONE_NEWNS) == 0;
    switch (place) {
    case NO_SHELL:
        good = good && mount("none", "/usr/bin", "tmpfs", 0, NULL) == 0 &&
               access("/bin/sh", F_OK) != 0;
        break;
    case SHELL_IS_NO_PROGRAM:
        good = good && mount("/dev/null", "/bin/sh", NULL, MS_BIND, NULL) == 0;
        break;
    case SHELL_IS_EMPTY:
        good = good && mount("none", "/tmp", "tmpfs", 0, NULL) == 0 &&
               close(open("/tmp/empty", O_CREAT | O_WRONLY | O_CLOEXEC, 0755)) == 0 &&
               mount("/tmp/empty", "/bin/sh", NULL, MS_BIND, NULL) == 0;
        break;
    case AS_IT_IS:
    case PLACES:
    default:
        break;
    }
    if (!good)
        say("no such place");
}

/* --- system, popen --- */

struct shell {
    enum place place;
    const char *name, *command, *type;
};

static void say_status(const char *what, const struct shell *row, int status, int error) {
    say("%s%s, %s: %s, %s", places[row->place], what, row->name,
        status == -1 ? "-1" : status_name(status), error_name(error));
}

static void system_one(const void *argument) {
    const struct shell *row = argument;
    go_to(row->place);
    errno = 0;
    int status = system(row->command); // NOLINT(cert-env33-c)
    say_status("system", row, status, errno);
    signal(SIGCHLD, SIG_IGN);
    errno = 0;
    status = system(row->command); // NOLINT(cert-env33-c)
    say_status("system, SIGCHLD ignored", row, status, errno);
}

static void popen_one(const void *argument) {
    const struct shell *row = argument;
    char text[16] = "";
    go_to(row->place);
    errno = 0;
    FILE *stream = popen(row->command, row->type);
    int error = errno;
    say("%spopen, %s: %s, %s", places[row->place], row->name, stream ? "stream" : "NULL",
        error_name(error));
    if (!stream)
        return;
    if (row->type[0] == 'r' && fgets(text, sizeof text, stream))
        say("  read %s", text);
    errno = 0;
    int status = pclose(stream);
    say_status("pclose", row, status, errno);
}

static void shells(void) {
    static const char *const commands[] = {
        "exit 3", "echo a",     "",         " ",       "(",  "nothing_of_the_name",
        "/",      "kill -9 $$", "exit 300", "exit -1", "-c", "--",
        "\n",     "\xff\xfe"};
    static const char *const types[] = {"r",  "w",  "",   "rw", "wr", "re", "we", "ree",
                                        "r+", "rb", "er", "x",  "R",  " r", "a",  "\xff"};
    static char huge[1 << 18];
    memset(huge, ' ', sizeof huge - 1);
    for (int place = AS_IT_IS; place < PLACES; place++) {
        for (size_t i = 0; i < COUNT(commands); i++) {
            const struct shell row = {(enum place)place, commands[i], commands[i], "r"};
            fate("system", system_one, &row);
            fate("popen", popen_one, &row);
        }
        fate("system", system_one, &(struct shell){(enum place)place, "huge", huge, NULL});
        fate("popen", popen_one, &(struct shell){(enum place)place, "huge", huge, "r"});
        for (int kind = NONE; kind < BAD_KINDS; kind++) {
            const char *at = bad_pointer((enum bad_kind)kind, pages);
            const struct shell row = {(enum place)place, bad_names[kind], at, "r"};
            fate("system", system_one, &row);
            fate("popen", popen_one, &row);
        }
    }
    for (size_t i = 0; i < COUNT(types); i++)
        fate("popen", popen_one, &(struct shell){AS_IT_IS, types[i], "exit 3", types[i]});
    for (int kind = NONE; kind < BAD_KINDS; kind++) {
        const char *at = bad_pointer((enum bad_kind)kind, pages);
        fate("popen's type", popen_one, &(struct shell){AS_IT_IS, bad_names[kind], "exit 3", at});
    }
}

/* --- pclose --- */

static void say_close(const char *what, FILE *stream) {
    errno = 0;
    int status = stream ? pclose(stream) : UNTOUCHED;
    int error = errno;
    say("pclose, %s: %s, %s", what, status == -1 ? "-1" : status_name(status), error_name(error));
}

static void close_in_child(const void *stream) {
    say_close("in a child", (FILE *)(uintptr_t)stream);
}

static void closes(const void *unused) {
    (void)unused;
    FILE *stream = popen("exit 5", "r");
    while (wait(NULL) > 0 || errno == EINTR)
        ;
    say_close("waited for", stream);
    stream = popen("exit 5", "r");
    fate("pclose", close_in_child, stream);
    say_close("after a child's", stream);
    signal(SIGCHLD, SIG_IGN);
    say_close("SIGCHLD ignored", popen("exit 5", "r"));
    signal(SIGCHLD, SIG_DFL);
    stream = popen("exit 5", "r");
    close(fileno(stream));
    say_close("its descriptor closed", stream);
#ifdef __GLIBC__ // fclose by another name
    say_close("fopen's", fopen("/dev/null", "r"));
    say_close("tmpfile's", fopen("/dev/full", "w"));
#endif
}

/* --- wordexp --- */

struct words {
    const char *name, *words;
    wordexp_t *result;
    int flags;
};

static void words_one(const void *argument) {
    const struct words *row = argument;
    wordexp_t fresh = {0};
    wordexp_t *result = row->result ? row->result : &fresh;
    errno = 0;
    int answer = wordexp(row->words, result, row->flags);
    say("wordexp %s, %#x: %d, %zu words", row->name, (unsigned)row->flags, answer,
        answer == 0 ? result->we_wordc : 0);
}

static void expansions(void) {
    static const char *const texts[] = {"a b",
                                        "$(exit 3)",
                                        "$(echo a b)",
                                        "`",
                                        "$(",
                                        "(",
                                        "${",
                                        "a|b",
                                        "a;b",
                                        "\n",
                                        "",
                                        "$NOT_THERE",
                                        "${NOT_THERE?}",
                                        "\"",
                                        "'",
                                        "<",
                                        "$((1/0))",
                                        "$(((",
                                        "~nobody_of_the_name",
                                        "*",
                                        "\xff",
                                        "\\"};
    static const int others[] = {-1, INT_MIN, INT_MAX, WRDE_NOCMD | WRDE_UNDEF | WRDE_SHOWERR, 0};
    for (size_t t = 0; t < COUNT(texts); t++) {
        for (int bit = 0; bit < 9; bit++)
            fate("wordexp", words_one, &(struct words){texts[t], texts[t], NULL, 1 << bit});
        for (size_t f = 0; f < COUNT(others); f++)
            fate("wordexp", words_one, &(struct words){texts[t], texts[t], NULL, others[f]});
    }
    for (int kind = NONE; kind < BAD_KINDS; kind++) {
        void *at = bad_pointer((enum bad_kind)kind, pages);
        fate(bad_names[kind], words_one, &(struct words){bad_names[kind], at, NULL, 0});
        if (at && kind != MISALIGNED)
            fate(bad_names[kind], words_one,
                 &(struct words){bad_names[kind], "a $(echo b)", at, 0});
    }
}

static int run(int argc, char **argv) {
    (void)argc;
    (void)argv;
    pages = bad_pages();
    shells();
    fate("pclose", closes, NULL);
    expansions();
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
