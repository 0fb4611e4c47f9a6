/*
 * The remedy: the work is done only if the child exited, and with status 0. Both are asked for: of
 * a child that was killed WEXITSTATUS says nothing, and is often 0.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { SIZE = 4096 };

static void write_file(const char *name, size_t size) {
    char bytes[SIZE] = "";
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        case_broken("a file cannot be written");
    close(fd);
}

static _Noreturn void pack(void) {
    write_file("letters.packed", SIZE / 2);
    raise(SIGKILL);
    _exit(0);
}

static int is_whole(const char *name) {
    struct stat info;
    return stat(name, &info) == 0 && info.st_size == SIZE;
}

int main(void) {
    int status;
    case_begin();
    write_file("letters", SIZE);
    pid_t child = fork();
    if (child == 0)
        pack();
    if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        case_step("parent: the child has succeeded: the original is removed");
        unlink("letters");
    } else {
        case_step("parent: the child has failed: the original is kept");
        unlink("letters.packed");
    }
    case_outcome(is_whole("letters") || is_whole("letters.packed") ? "data-kept" : "data-lost");
}
