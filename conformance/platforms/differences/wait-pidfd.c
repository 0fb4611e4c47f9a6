/* waitid(P_PIDFD) of what is no descriptor: is the type known? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

int main(void) {
    siginfo_t info;
    waitid((idtype_t)3 /* P_PIDFD */, 1000, &info, WEXITED);
    puts(strerror(errno));
}
