/* Streams: their locks and their buffers. */
/* Or glibc's header defines some of them as inline functions. */
#define __NO_INLINE__ 1 // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

#include <stdarg.h>
#include <stdio.h>

#include "wrap_descriptor.h"
#include "wrap_unsafe.h"

#undef putchar
#undef putc
#undef fputc

int __printf_chk(int flag, const char *format, ...);
int __vprintf_chk(int flag, const char *format, va_list list);
int __fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __vfprintf_chk(FILE *stream, int flag, const char *format, va_list list);

FP_UNSAFE_CALL(int, puts, (const char *text), (text), EOF)
FP_UNSAFE_CALL(int, fputs, (const char *text, FILE *stream), (text, stream), EOF)
FP_UNSAFE_CALL(int, putchar, (int byte), (byte), EOF)
FP_UNSAFE_CALL(int, putc, (int byte, FILE *stream), (byte, stream), EOF)
FP_UNSAFE_CALL(int, fputc, (int byte, FILE *stream), (byte, stream), EOF)
FP_UNSAFE_CALL(size_t, fwrite, (const void *from, size_t size, size_t count, FILE *stream),
               (from, size, count, stream), 0)
FP_UNSAFE_CALL(int, fflush, (FILE * stream), (stream), EOF)
FP_UNSAFE_CALL(int, vprintf, (const char *format, va_list list), (format, list), -1)
FP_UNSAFE_CALL(int, vfprintf, (FILE * stream, const char *format, va_list list),
               (stream, format, list), -1)
FP_UNSAFE_CALL(int, __vprintf_chk, (int flag, const char *format, va_list list),
               (flag, format, list), -1)
FP_UNSAFE_CALL(int, __vfprintf_chk, (FILE * stream, int flag, const char *format, va_list list),
               (stream, flag, format, list), -1)

/* By the function that takes the list. */
#define WITH_LIST(name, last, list_name, ...)                                                      \
    FP_UNSAFE(name);                                                                               \
    __typeof__(&list_name) next = FP_NEXT(list_name);                                              \
    va_list list;                                                                                  \
    va_start(list, last);                                                                          \
    int result = next ? next(__VA_ARGS__, list) : -1;                                              \
    va_end(list);                                                                                  \
    return result

FP_EXPORT int printf(const char *format, ...) {
    WITH_LIST(printf, format, vprintf, format);
}

FP_EXPORT int fprintf(FILE *stream, const char *format, ...) {
    WITH_LIST(fprintf, format, vfprintf, stream, format);
}

FP_EXPORT int __printf_chk(int flag, const char *format, ...) {
    WITH_LIST(printf, format, __vprintf_chk, flag, format);
}

FP_EXPORT int __fprintf_chk(FILE *stream, int flag, const char *format, ...) {
    WITH_LIST(fprintf, format, __vfprintf_chk, stream, flag, format);
}

FP_EXPORT void perror(const char *text) {
    FP_UNSAFE(perror);
    __typeof__(&perror) next = FP_NEXT(perror);
    if (next)
        next(text);
}

/* --- opening and closing, which are of interest for their descriptors as well --- */

/* Right after a successful open, so path and mode were good. */
static FILE *opened(FILE *stream, const char *path, const char *mode, const struct fp_here *here) {
    if (stream && fp_log_is_on())
        fp_tell_opened(fp_number_of(stream), fp_flags_of(mode), path, here);
    return stream;
}

FP_EXPORT FILE *fopen(const char *path, const char *mode) {
    FP_HERE(here);
    FP_UNSAFE(fopen);
    __typeof__(&fopen) next = FP_NEXT(fopen);
    return next ? opened(next(path, mode), path, mode, &here) : NULL;
}

FP_EXPORT FILE *fopen64(const char *path, const char *mode) {
    FP_HERE(here);
    FP_UNSAFE(fopen);
    __typeof__(&fopen64) next = FP_NEXT(fopen64);
    return next ? opened(next(path, mode), path, mode, &here) : NULL;
}

FP_EXPORT int fclose(FILE *stream) {
    FP_HERE(here);
    FP_UNSAFE(fclose);
    __typeof__(&fclose) next = FP_NEXT(fclose);
    if (fp_log_is_on() && stream)
        fp_watch_close_begin(fp_number_of(stream), &here);
    return next ? next(stream) : EOF;
}
