/* daemon: does what it leaves behind lead its session, and so can get a terminal? */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    if (fork() == 0) {
        if (daemon(1, 1) == 0)
            puts(getsid(0) == getpid() ? "it leads its session" : "it does not lead its session");
        return 0;
    }
    wait(NULL);
}
