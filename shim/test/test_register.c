/* The register of a contained program: entries, and whose file is believed. */
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"
#include "register.h"

static char folder[64], base[80], path[FP_REGISTER_PATH];
static struct fp_register *reg;

static void begin(void) {
    note_descriptors();
    strcpy(folder, "/tmp/forkproof-test-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(base, sizeof base, "%s/base", folder);
    reg = fp_register_make(base, path);
    cr_assert(reg != NULL);
}

static void finish(void) {
    fp_register_close(reg);
    fp_register_remove(path);
    cr_assert_eq(rmdir(folder), 0, "something is left in %s", folder);
    nothing_remains();
}

TestSuite(register, .timeout = 60, .init = begin, .fini = finish);

static bool is_alive(pid_t pid) {
    return fp_entry_alive(fp_register_get(reg, pid));
}

Test(register, a_member_is_entered_and_dropped) {
    uint64_t before = fp_register_now();
    fp_register_put(reg, 300, false);
    fp_entry e = fp_register_get(reg, 300);
    cr_assert(fp_entry_alive(e) && !fp_entry_leads(e) && fp_entry_pid(e) == 300);
    cr_assert(fp_entry_ticks(e) >= before && fp_entry_ticks(e) <= fp_register_now());
    fp_register_drop(reg, 300);
    cr_assert_eq(fp_register_get(reg, 300), 0);
}

Test(register, pids_that_share_a_place_are_told_apart) {
    pid_t other = 300 + FP_REGISTER_ENTRIES;
    fp_register_put(reg, 300, false);
    fp_register_put(reg, other, false);
    fp_register_drop(reg, 300);
    cr_assert(!is_alive(300) && is_alive(other));
    fp_register_put(reg, other, false);
    fp_register_drop(reg, other);
    cr_assert_not(is_alive(other), "it was entered twice");
}

Test(register, what_parent_and_child_say_is_both_kept) {
    fp_register_put(reg, 300, true);
    fp_register_put(reg, 300, false);
    cr_assert(fp_entry_leads(fp_register_get(reg, 300)));
}

Test(register, a_leader_that_is_gone_leaves_its_group) {
    fp_register_put(reg, 300, true);
    fp_register_drop(reg, 300);
    fp_entry e = fp_register_get(reg, 300);
    cr_assert(fp_entry_leads(e) && !fp_entry_alive(e));
}

Test(register, what_does_not_fit_is_counted) {
    enum { WINDOW = 64 };
    for (int i = 0; i <= WINDOW; i++)
        fp_register_put(reg, 300 + i * FP_REGISTER_ENTRIES, false);
    cr_assert_eq(reg->lost, 1);
    fp_register_drop(reg, 300);
    fp_register_put(reg, 300 + WINDOW * FP_REGISTER_ENTRIES, false);
    cr_assert_eq(reg->lost, 1);
}

Test(register, it_is_found_by_the_root_and_by_a_member) {
    char found_path[FP_REGISTER_PATH] = "";
    pid_t child = bare_fork(stays);
    struct fp_register *found = fp_register_find(base, getpid(), found_path);
    cr_assert(found && strcmp(found_path, path) == 0);
    fp_register_close(found);
    cr_assert_null(fp_register_find(base, child, found_path));
    fp_register_put(reg, child, false);
    found = fp_register_find(base, child, found_path);
    cr_assert_not_null(found);
    fp_register_close(found);
    bare_end(child);
}

static int looks;

static void claim_not_mapped(void) {
    looks++;
    cr_assert_not(fp_proc_has_mapped(getpid(), strrchr(path, '/')));
}

/* R25: who has mapped it is taken for a member. */
Test(register, one_that_holds_somebody_else_is_not_mapped) {
    char unused[FP_REGISTER_PATH];
    pid_t child = bare_fork(stays);
    cr_assert(fp_proc_has_mapped(getpid(), strrchr(path, '/')), "the test's own, so far");
    fp_register_close(reg);
    at_point(FP_POINT_REGISTER_LOOKED, claim_not_mapped);
    cr_assert_null(fp_register_find(base, child, unused));
    cr_assert_eq(looks, 1);
    reg = fp_register_open(path);
    cr_assert_not_null(reg);
    bare_end(child);
}

Test(register, the_file_of_a_root_that_is_gone_is_taken_away) {
    char unused[FP_REGISTER_PATH];
    pid_t child = bare_fork(stays);
    reg->root_start++;
    cr_assert_null(fp_register_find(base, child, unused));
    cr_assert_neq(access(path, F_OK), 0);
    bare_end(child);
}

static void claim_refused(const char *why) {
    struct fp_register *got = fp_register_open(path);
    cr_assert_null(got, "%s", why);
}

Test(register, a_file_that_is_none_is_refused) {
    int fd = open(path, O_RDWR);
    reg->magic++;
    claim_refused("another layout");
    reg->magic--;
    reg->namespace ++;
    claim_refused("another pid namespace");
    reg->namespace --;
    cr_assert_eq(ftruncate(fd, sizeof *reg - 1), 0);
    claim_refused("cut short");
    cr_assert_eq(ftruncate(fd, sizeof *reg), 0);
    cr_assert_eq(ftruncate(fd, sizeof *reg + 1), 0);
    claim_refused("too long");
    close(fd);
}

Test(register, a_directory_that_others_may_enter_is_refused) {
    char unused[FP_REGISTER_PATH];
    cr_assert_eq(chmod(base, 0711), 0);
    cr_assert_null(fp_register_make(base, unused));
    cr_assert_null(fp_register_find(base, getpid(), unused));
    cr_assert_eq(chmod(base, 0700), 0);
}

Test(register, a_base_is_taken_when_it_is_no_directory_or_another_users) {
    char other[80];
    cr_assert_not(fp_register_base_is_taken(base));
    snprintf(other, sizeof other, "%s/other", folder);
    cr_assert_not(fp_register_base_is_taken(other), "it is not there");
    cr_assert_eq(symlink(base, other), 0);
    cr_assert(fp_register_base_is_taken(other), "a link may lead anywhere");
    cr_assert_eq(unlink(other), 0);
    cr_assert_eq(mkdir(other, 0700), 0);
    if (geteuid() == 0) {
        cr_assert_eq(chown(other, 65534, 65534), 0);
        cr_assert(fp_register_base_is_taken(other));
    }
    cr_assert_eq(rmdir(other), 0);
}

Test(register, beside_a_base_that_is_taken_is_one_of_ours_or_a_new_one) {
    char beside[FP_REGISTER_PATH], again[FP_REGISTER_PATH], name[FP_REGISTER_PATH];
    struct stat status;
    strcpy(beside, base);
    fp_register_base_beside(beside);
    cr_assert_eq(strncmp(beside, base, strlen(base)), 0);
    cr_assert_eq(beside[strlen(base)], '.');
    cr_assert_neq(lstat(beside, &status), 0, "%s is no new one", beside);
    snprintf(name, sizeof name, "%s.0", base);
    cr_assert_eq(mkdir(name, 0711), 0);
    strcpy(again, base);
    fp_register_base_beside(again);
    cr_assert_str_neq(again, name, "others may enter it");
    cr_assert_eq(mkdir(beside, 0700), 0);
    strcpy(again, base);
    fp_register_base_beside(again);
    cr_assert_str_eq(again, beside);
    cr_assert(rmdir(name) == 0 && rmdir(beside) == 0);
}

Test(register, no_file_is_made_beyond_the_limit_of_its_size) {
    char unused[FP_REGISTER_PATH];
    const struct rlimit small = {4096, RLIM_INFINITY};
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    cr_assert_null(fp_register_make(base, unused), "SIGXFSZ would have ended us");
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
}
