/*
 * Tested: with standard input, output and error closed, forking, waiting, killing and an exec work,
 * and nothing takes their numbers. The exit status tells.
 *   closed N    closes the first N descriptors
 */
#include "canon.h"

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 3; // NOLINT(cert-err34-c)
    for (int fd = 0; fd < count; fd++)
        close(fd);
    int status = UNTOUCHED;
    pid_t child = child_pausing();
    if (child < 0 || kill(child, SIGTERM) != 0 || waitpid(child, &status, 0) != child)
        return 1;
    if (status != SIGTERM || kill(child, 0) != -1 || errno != ESRCH)
        return 2;
    child = fork();
    if (child == 0) {
        char name[] = "true";
        char *next[] = {name, NULL};
        char *none[] = {NULL};
        execve("/bin/true", next, none);
        _exit(9);
    }
    if (wait(&status) != child || status != 0)
        return 3;
    for (int fd = 0; fd < count; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            return 4;
    return 0;
}
