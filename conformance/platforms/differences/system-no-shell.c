/* system where there is no shell: what does it answer? */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    if (geteuid() != 0 && unshare(CLONE_NEWUSER) < 0)
        return 77;
    if (chroot("/proc/self/fdinfo") < 0 || chdir("/") < 0)
        return 77;
    int has_shell = system(NULL), status = system("true");
    printf("system(NULL) %d, system(\"true\") %d\n", has_shell != 0, status);
}
