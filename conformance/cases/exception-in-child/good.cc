/*
 * The remedy: whatever is thrown in the child is caught in the child, before it reaches a frame of
 * the parent's, and ends it. The parent learns of it from the exit status.
 */
#include <exception>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static pid_t start(const char *program) {
    pid_t child = fork();
    if (child < 0)
        throw std::runtime_error("fork failed");
    if (child == 0) {
        try {
            execl(program, program, static_cast<char *>(nullptr));
            throw std::runtime_error("exec failed");
        } catch (...) {
            _exit(127);
        }
    }
    return child;
}

int main() {
    case_begin();
    const pid_t parent = getpid();
    int *handled_by = case_shared_int();
    try {
        int status;
        waitpid(start("./no-such-program"), &status, 0);
        if (status != 0)
            throw std::runtime_error("the program failed");
        case_step("parent: the program has done its work, it thinks");
    } catch (const std::exception &problem) {
        case_step("%s: handles \"%s\"", getpid() == parent ? "parent" : "child", problem.what());
        *handled_by = getpid();
    }
    case_outcome(*handled_by == parent ? "handled-by-parent" : "handled-in-child");
}
