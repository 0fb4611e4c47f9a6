/* exec: is it the same process afterwards? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <process.h>
#define execl _execl
#else
#include <unistd.h>
#endif

int main(int argc, char **argv) {
    char pid[16];
    if (argc > 1) {
        puts(getpid() == atoi(argv[1]) ? "the same process" : "another process");
        return 0;
    }
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    execl(argv[0], argv[0], pid, NULL);
    printf("no exec: %s\n", strerror(errno));
}
