/*
 * Tested: daemon and forkpty with odd numbers and bad pointers; without devices and without
 * descriptors.
 */
#include <limits.h>
#include <pty.h>

#include "bad.h"

static char *pages;

enum place { AS_IT_IS, NO_DEVICES, NULL_IS_A_FILE };
static const char *const places[] = {"", "no devices, ", "/dev/null a file, "};

/* Seen by this process and what it starts only. */
static void go_to(enum place place) {
    bool good = unshare(CLONE_NEWNS) == 0;
    if (place == NO_DEVICES)
        good = good && mount("none", "/dev", "tmpfs", 0, NULL) == 0;
    if (place == NULL_IS_A_FILE)
        good = good && mount("none", "/tmp", "tmpfs", 0, NULL) == 0 &&
               close(open("/tmp/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == 0 &&
               mount("/tmp/file", "/dev/null", NULL, MS_BIND, NULL) == 0;
    if (!good)
        say("no such place");
}

/* --- daemon --- */

struct daemon {
    enum place place;
    int keep_directory, keep_descriptors;
    bool no_descriptors;
};

static int told[2];

static void daemon_one(const void *argument) {
    const struct daemon *row = argument;
    const struct rlimit none = {0, 0};
    char text[64];
    go_to(row->place);
    if (row->no_descriptors && setrlimit(RLIMIT_NOFILE, &none) != 0)
        return;
    errno = 0;
    int result = daemon(row->keep_directory, row->keep_descriptors);
    int length = snprintf(text, sizeof text, "%d, %s", result, error_name(errno));
    if (write(told[1], text, (size_t)length) != length)
        abort();
}

static void daemons(void) {
    static const int some[] = {0, 1, -1, INT_MIN, INT_MAX};
    struct daemon row = {AS_IT_IS, 0, 0, false};
    for (int i = 0; i < 4 * (int)COUNT(some) * (int)COUNT(some); i++) {
        char text[64] = "";
        const enum place all[] = {AS_IT_IS, NO_DEVICES, NULL_IS_A_FILE, AS_IT_IS};
        row.keep_directory = some[i % (int)COUNT(some)];
        row.keep_descriptors = some[i / (int)COUNT(some) % (int)COUNT(some)];
        row.place = all[i / (int)(COUNT(some) * COUNT(some))];
        row.no_descriptors = i >= 3 * (int)(COUNT(some) * COUNT(some));
        fate("daemon", daemon_one, &row);
        if (read(told[0], text, sizeof text - 1) <= 0)
            abort();
        say("%s%sdaemon %d, %d: %s", places[row.place],
            row.no_descriptors ? "no descriptors, " : "", row.keep_directory, row.keep_descriptors,
            text);
    }
}

/* --- forkpty --- */

struct terminal {
    enum place place;
    const char *name;
    void *master, *path, *settings, *size;
    rlim_t limit;
};

static void terminal_one(const void *argument) {
    const struct terminal *row = argument;
    const struct rlimit limit = {row->limit, row->limit};
    int status = UNTOUCHED;
    go_to(row->place);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    errno = 0;
    pid_t pid = forkpty(row->master, row->path, row->settings, row->size);
    int error = errno;
    if (pid == 0)
        _exit(3);
    pid_t waited = pid > 0 ? waitpid(pid, &status, 0) : 0;
    say("%sforkpty, %s, limit %d: %s, %s; %s", places[row->place], row->name, (int)row->limit,
        pid == -1 ? "-1" : "child", error_name(error),
        waited > 0 && waited == pid ? status_name(status) : "none");
}

static void terminals(void) {
    char name[64];
    int master;
    for (int kind = 0; kind < BAD_KINDS; kind++) {
        void *at = bad_pointer((enum bad_kind)kind, pages);
        for (int place = 0; place < 4; place++) {
            void *all[] = {&master, NULL, NULL, NULL};
            all[place] = at;
            memset(pages, 0, BAD_PAGE);
            snprintf(name, sizeof name, "argument %d %s", place, bad_names[kind]);
            fate(name, terminal_one,
                 &(struct terminal){AS_IT_IS, name, all[0], all[1], all[2], all[3], 64});
        }
    }
    for (rlim_t limit = 0; limit < 12; limit++)
        fate("forkpty", terminal_one,
             &(struct terminal){AS_IT_IS, "good", &master, NULL, NULL, NULL, limit});
    fate("forkpty", terminal_one,
         &(struct terminal){NO_DEVICES, "good", &master, NULL, NULL, NULL, 64});
}

static int run(int argc, char **argv) {
    (void)argc;
    (void)argv;
    pages = bad_pages();
    if (pipe2(told, O_CLOEXEC) != 0)
        return 1;
    daemons();
    terminals();
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
