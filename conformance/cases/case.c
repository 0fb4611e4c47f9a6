#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

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

/* --- order --- */

static void *shared(size_t size) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        case_broken("no shared memory");
    return at;
}

struct case_gate {
    int is_open;
};

struct case_gate *case_gate_new(void) {
    return shared(sizeof(struct case_gate));
}

int *case_shared_int(void) {
    return shared(sizeof(int));
}

void case_await_exit(pid_t child) {
    siginfo_t info;
    while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) != 0)
        if (errno != EINTR)
            case_broken("the child that was to end is not there");
}

void case_await_gone(pid_t pid) {
    while (case_state(pid))
        sched_yield();
}

/* --- what differs by system --- */

#ifdef __linux__
#include "case_linux.h"
#else
#include "case_bsd.h"
#endif
