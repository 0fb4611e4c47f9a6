#include "case.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE = 512, BROKEN = 125 };

static char directory[64];

/* --- lines, made without stdio --- */

struct line {
    char text[LINE];
    size_t length;
};

static void add_char(struct line *line, char c) {
    if (line->length < sizeof line->text - 2) /* room for the line's end */
        line->text[line->length++] = c == '\n' ? ' ' : c;
}

static void add_text(struct line *line, const char *text) {
    while (*text)
        add_char(line, *text++);
}

static void add_number(struct line *line, long value) {
    char digits[24];
    size_t n = 0;
    unsigned long rest = value < 0 ? 0UL - (unsigned long)value : (unsigned long)value;
    do
        digits[n++] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        add_char(line, '-');
    while (n > 0)
        add_char(line, digits[--n]);
}

static void add_format(struct line *line, const char *format, va_list arguments) {
    for (; *format; format++) {
        if (*format != '%') {
            add_char(line, *format);
        } else if (*++format == 'd') {
            add_number(line, va_arg(arguments, int));
        } else if (*format == 's') {
            add_text(line, va_arg(arguments, const char *));
        } else {
            add_char(line, *format);
        }
    }
}

static int open_below(const char *name, int flags) {
    struct line path = {0};
    if (!*directory) /* run by hand, without a warden */
        return -1;
    add_text(&path, directory);
    add_char(&path, '/');
    add_text(&path, name);
    path.text[path.length] = '\0';
    return open(path.text, flags | O_CLOEXEC, 0600);
}

/* One write each, so that lines of several processes do not mix. */
static void tell(struct line *line) {
    int saved = errno;
    line->text[line->length++] = '\n';
    int fd = open_below("words", O_WRONLY | O_CREAT | O_APPEND);
    (void)!write(fd >= 0 ? fd : STDERR_FILENO, line->text, line->length);
    if (fd >= 0)
        close(fd);
    errno = saved;
}

void case_begin(void) {
    const char *given = getenv("CASE_DIRECTORY");
    if (given && strlen(given) < sizeof directory)
        strcpy(directory, given);
}

void case_step(const char *format, ...) {
    struct line line = {0};
    va_list arguments;
    add_text(&line, "step ");
    add_number(&line, getpid());
    add_char(&line, ' ');
    va_start(arguments, format);
    add_format(&line, format, arguments);
    va_end(arguments);
    tell(&line);
}

static void tell_word(const char *kind, const char *text) {
    struct line line = {0};
    add_text(&line, kind);
    add_char(&line, ' ');
    add_text(&line, text);
    tell(&line);
}

void case_outcome(const char *word) {
    tell_word("outcome", word);
}

_Noreturn void case_broken(const char *why) {
    struct line line = {0};
    add_text(&line, "broken ");
    add_text(&line, why);
    add_text(&line, ", errno ");
    add_number(&line, errno);
    tell(&line);
    _exit(BROKEN);
}

_Noreturn void case_cannot(const char *why) {
    tell_word("cannot", why);
    _exit(BROKEN);
}

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

struct case_gate {
    int is_open;
};

static void *shared(size_t size) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        case_broken("no shared memory");
    return at;
}

struct case_gate *case_gate_new(void) {
    return shared(sizeof(struct case_gate));
}

int *case_shared_int(void) {
    return shared(sizeof(int));
}

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

void case_await_exit(pid_t child) {
    siginfo_t info;
    while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) != 0)
        if (errno != EINTR)
            case_broken("the child that was to end is not there");
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

void case_await_gone(pid_t pid) {
    while (case_state(pid))
        sched_yield();
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
