/* Which calls does the kernel not know? */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    long number;
} calls[] = {
    {"pidfd_send_signal", 424}, {"pidfd_open", 434}, {"clone3", 435}, {"close_range", 436}};

int main(void) {
    int missing = 0;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (syscall(calls[i].number, -1L, 0L, 0L, 0L) < 0 && errno == ENOSYS) {
            printf("%s ", calls[i].name);
            missing = 1;
        }
    puts(missing ? "" : "none");
}
