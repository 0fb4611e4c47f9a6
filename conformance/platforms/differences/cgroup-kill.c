/* A cgroup of its own: has it cgroup.kill? */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    static const char own[] = "/sys/fs/cgroup/difference";
    if (mkdir(own, 0700) < 0)
        return 77;
    puts(access("/sys/fs/cgroup/difference/cgroup.kill", W_OK) == 0 ? "yes" : "no");
    rmdir(own);
}
