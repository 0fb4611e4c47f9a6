/* System calls of 32-bit programs, by the numbers and as the calls that 64-bit ones have. */
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "waits_inner.h"

#if defined __x86_64__
enum { F_SETLKW_WIDE = 14 }; /* fcntl64's */

/* Those that can be a wait which is followed. */
static const struct {
    int from, to;
} calls[] = {
    {3, SYS_read},
    {4, SYS_write},
    {5, SYS_open},
    {7, SYS_wait4}, /* waitpid */
    {29, SYS_pause},
    {55, SYS_fcntl},
    {72, SYS_rt_sigsuspend}, /* sigsuspend */
    {114, SYS_wait4},
    {120, SYS_clone},
    {143, SYS_flock},
    {145, SYS_readv},
    {146, SYS_writev},
    {168, SYS_poll},
    {177, SYS_rt_sigtimedwait},
    {179, SYS_rt_sigsuspend},
    {190, SYS_vfork},
    {221, SYS_fcntl}, /* fcntl64 */
    {240, SYS_futex},
    {284, SYS_waitid},
    {295, SYS_openat},
    {309, SYS_ppoll},
    {414, SYS_ppoll},           /* ppoll_time64 */
    {421, SYS_rt_sigtimedwait}, /* rt_sigtimedwait_time64 */
    {422, SYS_futex},           /* futex_time64 */
};

static bool is_i386(pid_t pid) {
    char path[64];
    Elf32_Ehdr head = {.e_machine = EM_NONE};
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_read = fd >= 0 && read(fd, &head, sizeof head) == (ssize_t)sizeof head;
    if (fd >= 0)
        close(fd);
    return is_read && memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 && head.e_machine == EM_386;
}

bool fp_wait_translate(struct fp_wait *wait, pid_t pid) {
    long call = wait->call;
    size_t i = 0;
    while (i < sizeof calls / sizeof *calls && calls[i].from != call)
        i++;
    if (i == sizeof calls / sizeof *calls || !is_i386(pid))
        return false;
    wait->call = calls[i].to;
    if (wait->call == SYS_fcntl && wait->at[1] == F_SETLKW_WIDE)
        wait->at[1] = F_SETLKW;
    return true;
}
#else
bool fp_wait_translate(struct fp_wait *wait, pid_t pid) {
    (void)wait;
    (void)pid;
    return false;
}
#endif
