#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"
#include "rundir.h"

static char base[] = "/tmp/test_rundir.XXXXXX";

static void enter(void) {
    cr_assert_not_null(mkdtemp(base));
    cr_assert_eq(chdir(base), 0);
}

static void leave(void) {
    unlink("link");
    rmdir("mine");
    rmdir("elsewhere");
    cr_expect_eq(rmdir(base), 0);
}

TestSuite(rundir, .timeout = 10, .init = enter, .fini = leave);

static int try_open(const char *path, const char **ret_why) {
    int fd = fp_rundir_open_private(path, ret_why);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? fd : 0;
}

Test(rundir, is_made_private_whatever_the_umask) {
    const char *why;
    struct stat st;
    umask(0);
    cr_expect_eq(try_open("mine", &why), 0);
    stat("mine", &st);
    cr_expect_eq(st.st_mode & 07777, 0700);
    cr_expect_eq(umask(022), 0, "and the umask is as before");
}

Test(rundir, is_refused_when_others_may_enter) {
    const char *why;
    mkdir("mine", 0700);
    chmod("mine", 0750);
    cr_expect_eq(try_open("mine", &why), -EPERM);
    chmod("mine", 0702);
    cr_expect_eq(try_open("mine", &why), -EPERM);
}

Test(rundir, is_refused_as_a_symbolic_link) {
    const char *why;
    mkdir("elsewhere", 0700);
    cr_assert_eq(symlink("elsewhere", "link"), 0);
    cr_expect_lt(try_open("link", &why), 0);
    cr_expect_str_eq(why, "it is a symbolic link");
}

Test(rundir, is_refused_when_it_is_a_file) {
    const char *why;
    close(open("link", O_CREAT | O_WRONLY, 0600));
    cr_expect_eq(try_open("link", &why), -ENOTDIR);
}

Test(rundir, of_another_user_is_refused) {
    const char *why;
    if (geteuid() != 0)
        cr_skip_test("needs root");
    mkdir("mine", 0700);
    cr_assert_eq(chown("mine", 65534, 65534), 0);
    cr_expect_eq(try_open("mine", &why), -EPERM);
    cr_expect_str_eq(why, "it belongs to another user");
}

Test(rundir, is_stale_only_when_all_that_keep_it_are_gone) {
    struct fp_proc_stat self;
    char text[200];
    cr_assert_eq(fp_proc_stat(getpid(), &self), 0);
    unsigned long long start = self.start;
    snprintf(text, sizeof text, "guard=%d %llu\nsupervisor=0 0\n", getpid(), start);
    cr_expect_eq(fp_rundir_is_stale(text), 0, "the guard is alive");
    snprintf(text, sizeof text, "guard=0 0\nsupervisor=%d %llu\n", getpid(), start);
    cr_expect_eq(fp_rundir_is_stale(text), 0, "the supervisor is alive");
    snprintf(text, sizeof text, "guard=0 0\nsupervisor=0 0\nkeeper=%d %llu\n", getpid(), start);
    cr_expect_eq(fp_rundir_is_stale(text), 0, "the keeper is alive");
    snprintf(text, sizeof text, "guard=%d %llu\nsupervisor=0 0\n", getpid(), start + 1);
    cr_expect_eq(fp_rundir_is_stale(text), 1, "the number names somebody else");
    cr_expect_eq(fp_rundir_is_stale("guard=x\n"), -EINVAL);
    cr_expect_eq(fp_rundir_is_stale(""), -EINVAL);
}

Test(rundir, ids_are_told_from_other_entries) {
    static const char *const bad[] = {"",
                                      "12",
                                      "12-0123456.1",
                                      "12-01234567",
                                      "12-01234567.",
                                      "x-01234567.1",
                                      "-01234567.1",
                                      "12-0123456G.1",
                                      "12-01234567.1x",
                                      "123456789012345-01234567.4026531836"};
    cr_expect(fp_rundir_is_id("12-01abcdef.4026531836"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(fp_rundir_is_id(bad[i]), "'%s'", bad[i]);
}
