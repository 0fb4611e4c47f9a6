/* vfork: does the parent see what the child wrote? */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    static volatile int written;
    pid_t child = vfork();
    if (child == 0) {
        written = 1;
        _exit(0);
    }
    waitpid(child, NULL, 0);
    puts(written ? "the parent sees what the child wrote" : "the parent does not see it");
}
