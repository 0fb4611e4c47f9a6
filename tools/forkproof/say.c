#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"

static int say_fd = STDERR_FILENO;
static char *kept;
static size_t kept_size;

void fp_say_to(int fd) {
    say_fd = fd;
}

void fp_say_into(char *ret, size_t size) {
    kept = ret;
    kept_size = size;
}

void fp_say(const char *format, ...) {
    char text[700];
    char line[1500] = "forkproof: ";
    int saved = errno;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n >= sizeof text)
        memcpy(text + sizeof text - 4, "...", 4);
    if (kept) {
        snprintf(kept, kept_size, "%s", text);
        errno = saved;
        return;
    }
    size_t start = strlen(line);
    size_t length = start + fp_escape(text, strlen(text), line + start, sizeof line - start - 1);
    line[length++] = '\n';
    for (size_t done = 0; done < length && say_fd >= 0;) {
        ssize_t w = write(say_fd, line + done, length - done);
        if (w < 0 && errno != EINTR)
            break;
        done += w > 0 ? (size_t)w : 0;
    }
    errno = saved;
}
