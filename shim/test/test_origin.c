/* exec=parent-dir: which path a child execs, and whose directory it asks for. */
#include "suite.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "origin.h"

SUITE(origin);

static char room[FP_PLACE_SIZE];

/* The child's claims, as its exit status. */
static int claimed_in_child(void (*body)(void)) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        fp_origin_child();
        body();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status;
}

static void elsewhere(void) {
    claim(fp_origin_is_elsewhere());
}

static void not_elsewhere(void) {
    claim(!fp_origin_is_elsewhere());
}

Test(origin, nobody_is_elsewhere_without_the_option) {
    cr_assert_not(fp_origin_is_on());
    cr_assert_not(fp_origin_is_elsewhere());
    cr_assert_eq(claimed_in_child(not_elsewhere), 0);
}

Test(origin, children_are_elsewhere_and_the_image_is_not) {
    fp_origin_begin();
    cr_assert_not(fp_origin_is_elsewhere());
    cr_assert_eq(claimed_in_child(elsewhere), 0);
    int status = -1;
    pid_t pid = vfork();
    if (pid == 0)
        _exit(!fp_origin_is_elsewhere());
    waitpid(pid, &status, 0);
    cr_assert_eq(status, 0);
    cr_assert_not(fp_origin_is_elsewhere());
}

static const char *placed(const char *path) {
    memset(room, '#', sizeof room);
    return fp_origin_place(path, room);
}

static void from_the_parents_directory(void) {
    claim(placed("./tool")[0] == '.'); // the same directory
    claim(chdir("/usr/bin") == 0);
    claim(strcmp(placed("./tool"), "/usr/./tool") == 0);
    claim(strcmp(placed("sub/"), "/usr/sub/") == 0);
    claim(strcmp(placed("tool"), "tool") == 0);
    claim(strcmp(placed("/tool"), "/tool") == 0);
    claim(placed("")[0] == '\0');
    claim(placed(NULL) == NULL);
    claim(placed((char *)8) == (char *)8);
    claim(claimed_in_child(elsewhere) == 0);
}

Test(origin, a_relative_path_is_the_parents) {
    cr_assert_eq(chdir("/usr"), 0);
    fp_origin_begin();
    cr_assert_eq(claimed_in_child(from_the_parents_directory), 0);
}

static void from_the_root(void) {
    claim(chdir("/usr") == 0);
    claim(strcmp(placed("./tool"), "/./tool") == 0);
}

Test(origin, the_root_has_one_slash) {
    cr_assert_eq(chdir("/"), 0);
    fp_origin_begin();
    cr_assert_eq(claimed_in_child(from_the_root), 0);
}

Test(origin, the_callers_own_directory_for_a_spawn) {
    cr_assert_eq(chdir("/usr"), 0);
    cr_assert_str_eq(fp_origin_place_here("./tool", room), "/usr/./tool");
    cr_assert_str_eq(fp_origin_place_here("tool", room), "tool");
    cr_assert_str_eq(fp_origin_place_here("/tool", room), "/tool");
}

/* Right before memory that cannot be read; whether it is terminated decides. */
Test(origin, a_path_at_the_end_of_memory) {
    char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(two, MAP_FAILED);
    cr_assert_eq(munmap(two + 4096, 4096), 0);
    char *path = two + 4096 - sizeof "a/b";
    cr_assert_eq(chdir("/usr"), 0);
    memcpy(path, "a/b", sizeof "a/b");
    cr_assert_str_eq(fp_origin_place_here(path, room), "/usr/a/b");
    path[3] = 'c';
    cr_assert_eq(fp_origin_place_here(path, room), path);
}

/* What the kernel finds too long stays too long, and nothing is written behind the room. */
Test(origin, paths_of_every_length) {
    static char path[2 * PATH_MAX];
    static struct {
        char text[FP_PLACE_SIZE];
        char guard;
    } lent;
    cr_assert_eq(chdir("/usr"), 0);
    for (size_t length = 2; length < sizeof path;
         length += length < 4000 || length > 4200 ? 97 : 1) {
        memset(path, 'x', length);
        path[1] = '/';
        path[length] = '\0';
        lent.guard = '#';
        const char *made = fp_origin_place_here(path, lent.text);
        size_t expected = strlen("/usr/") + length;
        cr_assert_eq(made, (const char *)lent.text);
        cr_assert_eq(lent.guard, '#');
        cr_assert_eq(strncmp(made, "/usr/x/", 7), 0);
        if (expected < PATH_MAX)
            cr_assert_eq(strlen(made), expected);
        else
            cr_assert_geq(strlen(made), (size_t)PATH_MAX);
    }
}

/* --- a stranger with the parent's number --- */

#define MIDDLE 400
static int ask[2], go[2], answer[2];
static enum { BEFORE, MEANWHILE } when;

/* Returns when the parent is gone and a stranger has its number. */
static void hand_over(void) {
    char byte = 'h';
    claim(write(ask[1], &byte, 1) == 1 && read(go[0], &byte, 1) == 1);
}

static void grandchild(void) {
    fp_origin_child();
    claim(chdir("/usr") == 0);
    if (when == MEANWHILE)
        at_point(FP_POINT_BEFORE_LOOK, hand_over);
    else
        hand_over();
    char byte = placed("./tool") == room ? 'm' : 'b';
    claim(write(answer[1], &byte, 1) == 1);
}

static void middle(void) {
    char byte;
    fp_origin_child();
    (void)bare_fork(grandchild);
    claim(read(ask[0], &byte, 1) == 1);
}

static void mount_own_proc(void) {
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("proc", "/proc", "proc", 0, NULL) != 0)
        _exit(EXIT_SKIPPED);
}

static char answer_when_replaced(void) {
    char byte = 'g';
    mount_own_proc();
    claim(chdir("/") == 0);
    claim(pipe(ask) == 0 && pipe(go) == 0 && pipe(answer) == 0);
    fp_origin_begin();
    pid_t pid = bare_fork_as(MIDDLE, middle);
    claim(pid == MIDDLE && waitpid(pid, NULL, 0) == pid);
    make_stranger(MIDDLE);
    claim(write(go[1], &byte, 1) == 1 && read(answer[0], &byte, 1) == 1);
    for (int i = 0; i < 2; i++)
        close(ask[i]), close(go[i]), close(answer[i]);
    return byte;
}

NamespacedTest(origin, a_stranger_with_the_parents_number_is_not_asked) {
    when = BEFORE;
    claim(answer_when_replaced() == 'b');
}

NamespacedTest(origin, a_parent_that_is_replaced_while_it_is_asked_is_not_believed) {
    when = MEANWHILE;
    claim(answer_when_replaced() == 'b');
}
