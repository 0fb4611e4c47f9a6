/* What a shell is given by system and popen. */
#include "proc.h"
#include "sys.h"
#include "usertext.h"
#include "watch_inner.h"

/* The memory that an address is in, as /proc/self/maps has it: "START-END rw". */
struct scan {
    int fd;
    size_t at, end;
    char buffer[1024];
};

static int next_byte(struct scan *scan) {
    if (scan->at == scan->end) {
        long got = fp_sys_read(scan->fd, scan->buffer, sizeof scan->buffer);
        scan->at = 0;
        scan->end = got > 0 ? (size_t)got : 0;
    }
    return scan->at < scan->end ? (unsigned char)scan->buffer[scan->at++] : -1;
}

/* Digits up to any other byte, which is taken, too, and returned. */
static int read_address(struct scan *scan, uintptr_t *ret) {
    int byte = next_byte(scan);
    for (*ret = 0;; byte = next_byte(scan)) {
        if (byte >= '0' && byte <= '9')
            *ret = *ret * 16 + (unsigned)(byte - '0');
        else if (byte >= 'a' && byte <= 'f')
            *ret = *ret * 16 + (unsigned)(byte - 'a' + 10);
        else
            return byte;
    }
}

/* One line; false at the end. */
static bool read_line(struct scan *scan, uintptr_t *ret_start, uintptr_t *ret_end,
                      bool *ret_is_writable) {
    if (read_address(scan, ret_start) != '-' || read_address(scan, ret_end) != ' ')
        return false;
    (void)next_byte(scan);
    *ret_is_writable = next_byte(scan) == 'w';
    int byte = next_byte(scan);
    while (byte >= 0 && byte != '\n')
        byte = next_byte(scan);
    return true;
}

static bool is_constant(const char *user_text) {
    struct scan scan = {.at = 0, .end = 0};
    uintptr_t start;
    uintptr_t end;
    bool is_writable;
    bool is_found = false;
    scan.fd = fp_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (scan.fd < 0)
        return false;
    while (!is_found && read_line(&scan, &start, &end, &is_writable))
        is_found = (uintptr_t)user_text >= start && (uintptr_t)user_text < end;
    (void)fp_sys_close(scan.fd);
    return is_found && !is_writable;
}

void fp_watch_shell(enum fp_audit_forked how, const char *user_command,
                    const struct fp_here *here) {
    char text[FP_LOG_TEXT + 1];
    struct fp_audit_shell body = {.how = how};
    if (!fp_log_is_on() || !user_command)
        return;
    long length = fp_usertext_copy(text, user_command, sizeof text);
    body.flags = is_constant(user_command) ? FP_SHELL_LITERAL : 0;
    fp_log(&(struct fp_log_event){.kind = FP_AUDIT_SHELL,
                                  .flags = length < 0 || length == FP_LOG_TEXT ? FP_AUDIT_CUT : 0,
                                  .parts = {{&body, sizeof body},
                                            {text, length > 0 ? (size_t)length : 0}}},
           here);
}
