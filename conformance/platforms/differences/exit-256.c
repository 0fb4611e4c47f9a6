/* A program exits with 256: what does its parent see? */
#include <stdio.h>
#include <stdlib.h>
#ifdef _WIN32
#include <process.h>
#else
#include <sys/wait.h>
#include <unistd.h>
#endif

int main(int argc, char **argv) {
    int status = 0;
    if (argc > 1)
        exit(256);
#ifdef _WIN32
    status = (int)_spawnl(_P_WAIT, argv[0], argv[0], "child", NULL);
#else
    (void)argv;
    if (fork() == 0)
        exit(256);
    wait(&status);
    status = WEXITSTATUS(status);
#endif
    printf("%d\n", status);
}
