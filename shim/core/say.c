#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "sys.h"

struct line {
    size_t used;
    char text[FP_LINE_SIZE];
};

/* Room for the closing newline is kept. */
static void add(struct line *line, const char *text, size_t length, bool foreign) {
    for (size_t i = 0; i < length && line->used < sizeof line->text - 1; i++) {
        bool control = (unsigned char)text[i] < ' ' || text[i] == 127;
        line->text[line->used++] = foreign && control ? (char)'?' : text[i];
    }
}

static void add_number(struct line *line, int number) {
    char digits[FP_NUMBER_SIZE];
    if (number < 0)
        add(line, "-", 1, false);
    unsigned amount = number < 0 ? 0U - (unsigned)number : (unsigned)number;
    add(line, digits, fp_text_number(digits, amount), false);
}

/* The name is that of the first thread, which is the program's. */
static void add_self(struct line *line) {
    char name[16];
    int fd = fp_sys_open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    long length = fd < 0 ? 0 : fp_sys_read(fd, name, sizeof name);
    if (fd >= 0)
        (void)fp_sys_close(fd);
    if (length > 0)
        add(line, name, (size_t)length - (name[length - 1] == '\n'), true);
    add(line, "[", 1, false);
    add_number(line, fp_sys_getpid());
    add(line, "]", 1, false);
}

static void add_piece(struct line *line, const struct fp_piece *piece) {
    switch (piece->kind) {
    case FP_PIECE_NUMBER:
        add_number(line, piece->number);
        break;
    case FP_PIECE_SELF:
        add_self(line);
        break;
    case FP_PIECE_FOREIGN:
        add(line, piece->text, piece->length < FP_FOREIGN_SIZE ? piece->length : FP_FOREIGN_SIZE,
            true);
        break;
    case FP_PIECE_WORDS:
    default:
        add(line, piece->text, piece->length, false);
    }
}

static uint64_t bit(int signal) {
    return (uint64_t)1 << (signal - 1);
}

/* The signals that a write can raise wait, and those that ours has raised are taken back. */
static void write_harmlessly(const struct line *line) {
    uint64_t blocked = bit(SIGPIPE) | bit(SIGXFSZ) | bit(SIGTTOU);
    uint64_t old;
    if (!fp_sys_takes_bytes(2) || fp_sys_sigmask(SIG_BLOCK, &blocked, &old) < 0)
        return;
    uint64_t before = fp_sys_sigpending();
    long result = fp_sys_write(2, line->text, line->used);
    uint64_t raised = result == -EPIPE ? bit(SIGPIPE) : result == -EFBIG ? bit(SIGXFSZ) : 0;
    if (raised & ~before)
        fp_sys_sigtake(&raised);
    blocked &= ~old;
    (void)fp_sys_sigmask(SIG_UNBLOCK, &blocked, NULL);
}

void fp_say_pieces(const struct fp_piece *pieces, size_t count) {
    struct line line;
    line.used = 0;
    add(&line, "forkproof: ", 11, false);
    for (size_t i = 0; i < count; i++)
        add_piece(&line, &pieces[i]);
    line.text[line.used++] = '\n';
    write_harmlessly(&line);
}
