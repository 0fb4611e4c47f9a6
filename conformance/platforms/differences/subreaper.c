/* Whose child is the grandchild when its parent is gone, and we asked for it? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
        printf("PR_SET_CHILD_SUBREAPER: %s\n", strerror(errno));
        return 0;
    }
    if (fork() == 0)
        _exit(fork() < 0);
    int children = 0;
    while (wait(NULL) > 0)
        children++;
    puts(children == 2 ? "it is ours" : "it is not ours");
}
