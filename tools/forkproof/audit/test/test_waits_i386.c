/* Programs of the other class that wait for each other. */
#include "waits_stage.h"

#if defined __x86_64__
static char directory[64], program[80];

/* Each hangs, by its name. */
static const char source[] =
    "#include <fcntl.h>\n"
    "#include <poll.h>\n"
    "#include <pthread.h>\n"
    "#include <stdlib.h>\n"
    "#include <string.h>\n"
    "#include <sys/file.h>\n"
    "#include <sys/wait.h>\n"
    "#include <unistd.h>\n"
    "static int ends[2], other[2];\n"
    "static char bytes[65536];\n"
    "static void fill(void) { for (;;) (void)!write(ends[1], bytes, sizeof bytes); }\n"
    "static void lock(int file) {\n"
    "    struct flock all = {.l_type = F_WRLCK};\n"
    "    (void)fcntl(file, F_SETLKW, &all);\n"
    "}\n"
    "int main(int argc, char **argv) {\n"
    "    const char *name = argv[argc - 1];\n"
    "    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;\n"
    "    (void)!(pipe(ends) + pipe(other));\n"
    "    if (strcmp(name, \"mutex\") == 0) {\n"
    "        for (;;) pthread_mutex_lock(&mutex);\n"
    "    }\n"
    "    int file = open(argv[1], O_RDWR | O_CREAT, 0600);\n"
    "    int again = open(argv[1], O_RDWR);\n"
    "    if (strcmp(name, \"flock\") == 0) flock(file, LOCK_EX);\n"
    "    if (strcmp(name, \"fcntl\") == 0) lock(file);\n"
    "    pid_t child = strcmp(name, \"vfork\") == 0 ? vfork() : fork();\n"
    "    if (child == 0) {\n"
    "        char byte;\n"
    "        if (strcmp(name, \"flock\") == 0) flock(again, LOCK_EX);\n"
    "        if (strcmp(name, \"fcntl\") == 0) lock(again);\n"
    "        if (strcmp(name, \"write\") == 0) fill();\n"
    "        (void)!read(ends[0], &byte, 1);\n"
    "        _exit(0);\n"
    "    }\n"
    "    waitpid(child, NULL, 0);\n"
    "    return 0;\n"
    "}\n";

static void build(void) {
    char command[512];
    set_up();
    strcpy(directory, "/tmp/forkproof-waits-XXXXXX");
    cr_assert(mkdtemp(directory));
    snprintf(program, sizeof program, "%s/program", directory);
    snprintf(command, sizeof command,
             "cc -m32 -D_GNU_SOURCE -isystem /usr/include/x86_64-linux-gnu -x c - -o %s -pthread "
             "2>/dev/null",
             program);
    FILE *compiler = popen(command, "w");
    cr_assert(compiler);
    fputs(source, compiler);
    if (pclose(compiler) != 0)
        cr_skip_test("no compiler or libc for 32-bit programs");
}

static void clear(void) {
    char path[96];
    tear_down();
    snprintf(path, sizeof path, "%s/file", directory);
    unlink(path);
    unlink(program);
    rmdir(directory);
}

TestSuite(waits_i386, .timeout = 60, .init = build, .fini = clear);

static const char *name;

static void run(void) {
    char path[96];
    snprintf(path, sizeof path, "%s/file", directory);
    execl(program, program, path, name, NULL);
}

static void expect_cycle(const char *program_name, enum fp_wait_kind kind) {
    bool is_there = false;
    name = program_name;
    play(name, run);
    find_cycle();
    cr_assert_eq(cycles.count, 1);
    for (size_t i = 0; i < cycles.at[0].wait_count; i++)
        is_there |= second.waits[cycles.at[0].waits[i]].kind == kind;
    cr_expect(is_there, "%s", name);
}

Test(waits_i386, a_read_and_a_wait_for_the_child) {
    expect_cycle("read", FP_WAIT_READ);
    cr_expect_eq(cycles.at[0].wait_count, 2);
}

Test(waits_i386, a_write) {
    expect_cycle("write", FP_WAIT_WRITE);
}

Test(waits_i386, a_lock_of_a_file) {
    expect_cycle("flock", FP_WAIT_LOCK);
}

Test(waits_i386, a_lock_of_a_part_of_a_file) {
    expect_cycle("fcntl", FP_WAIT_LOCK);
}

Test(waits_i386, a_vfork) {
    expect_cycle("vfork", FP_WAIT_VFORK);
}

Test(waits_i386, a_mutex) {
    expect_cycle("mutex", FP_WAIT_FUTEX);
}
#endif
