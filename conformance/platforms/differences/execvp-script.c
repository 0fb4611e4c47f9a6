/* execvp of a script without #!: who runs it? */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    char path[] = "./script-XXXXXX";
    int fd = mkstemp(path), status;
    if (fd < 0 || write(fd, "exit 3\n", 7) != 7 || fchmod(fd, 0700) < 0 || close(fd) < 0)
        return 1;
    if (fork() == 0) {
        execvp(path, (char *[]){path, NULL});
        _exit(1);
    }
    wait(&status);
    unlink(path);
    puts(WEXITSTATUS(status) == 3 ? "a shell" : "nobody");
}
