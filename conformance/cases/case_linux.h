/* The part of case.c that is Linux', with the suite's warden outside. */
#include <ctype.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* --- pids --- */

void case_next_pid(pid_t pid) {
    struct line line = {0};
    add_number(&line, pid - 1);
    int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        case_cannot("a chosen pid");
    if (write(fd, line.text, line.length) != (ssize_t)line.length)
        case_cannot("a chosen pid");
    close(fd);
}

static int ask_world(const char *what, pid_t pid) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct line line = {0}, path = {0};
    char answer[16] = "";
    ssize_t n;
    add_text(&line, what);
    add_number(&line, pid);
    add_text(&path, directory);
    add_text(&path, "/world");
    memcpy(address.sun_path, path.text, path.length);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        send(fd, line.text, line.length, MSG_NOSIGNAL) < 0)
        case_broken("the world is not there");
    do
        n = recv(fd, answer, sizeof answer - 1, 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        case_broken("the world does not answer");
    close(fd);
    return atoi(answer);
}

pid_t case_stranger(pid_t pid) {
    pid_t made = ask_world("stranger ", pid);
    errno = -made;
    if (made == -EPERM || made == -EINVAL || made == -ENOSYS)
        case_cannot("a stranger with a chosen pid");
    if (made < 0)
        case_broken("no stranger");
    return made;
}

void case_end_stranger(pid_t pid) {
    if (ask_world("end ", pid) != 0)
        case_broken("no such stranger");
}

/* --- order --- */

void case_gate_open(struct case_gate *gate) {
    int saved = errno;
    __atomic_store_n(&gate->is_open, 1, __ATOMIC_SEQ_CST);
    (void)syscall(SYS_futex, &gate->is_open, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    errno = saved;
}

void case_gate_pass(struct case_gate *gate) {
    int saved = errno;
    while (!__atomic_load_n(&gate->is_open, __ATOMIC_SEQ_CST))
        (void)syscall(SYS_futex, &gate->is_open, FUTEX_WAIT, 0, NULL, NULL, 0);
    errno = saved;
}

char case_state(pid_t pid) {
    struct line path = {0};
    char text[LINE];
    add_text(&path, "/proc/");
    add_number(&path, pid);
    add_text(&path, "/stat");
    path.text[path.length] = '\0';
    int fd = open(path.text, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *after = strrchr(text, ')');
    return after && after[1] == ' ' ? after[2] : '\0';
}

void case_await_state(pid_t thread, char state) {
    char now;
    while ((now = case_state(thread)) != state) {
        if (!now)
            case_broken("the process that was watched is gone");
        sched_yield();
    }
}

/* Zombies in a list of pids, as /proc writes it. */
static int count_zombies(const char *list) {
    int count = 0;
    while (isdigit((unsigned char)*list)) {
        char *end;
        count += case_state((pid_t)strtol(list, &end, 10)) == 'Z';
        list = end + (*end == ' ');
    }
    return count;
}

int case_zombies(void) {
    struct line path = {0};
    size_t size = 1 << 20, length = 0;
    char *list = shared(size);
    add_text(&path, "/proc/self/task/");
    add_number(&path, getpid());
    add_text(&path, "/children");
    path.text[path.length] = '\0';
    int fd = open(path.text, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        case_cannot("a list of children");
    for (ssize_t n; (n = read(fd, list + length, size - 1 - length)) > 0;)
        length += (size_t)n;
    close(fd);
    int count = count_zombies(list);
    munmap(list, size);
    return count;
}
