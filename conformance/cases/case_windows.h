/*
 * case.h for programs of Windows, as far as they need it: in one file, so that a program is one
 * source. It writes the same lines, and is not what the case is about: it keeps no handle open.
 */
#ifndef CASE_WINDOWS_H
#define CASE_WINDOWS_H

#define UNICODE
#define _WIN32_WINNT 0x0602 /* Windows 8: jobs in jobs */
#include <stdarg.h>
#include <stdio.h>
#include <windows.h>

enum { CASE_LINE = 512, CASE_BROKEN = 125 };

static wchar_t case_words[MAX_PATH];

/* One write each, so that lines of several processes do not mix. */
static void case_tell(const char *kind, const char *text) {
    DWORD error = GetLastError(), written;
    char line[CASE_LINE + 64];
    int length = snprintf(line, sizeof line, "%s %s\n", kind, text);
    HANDLE file = CreateFile(case_words, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                             OPEN_ALWAYS, 0, NULL);
    WriteFile(file, line, (DWORD)length, &written, NULL);
    CloseHandle(file);
    SetLastError(error);
}

/* First of all in main. CASE_DIRECTORY is a path of Unix, which Wine has on drive Z. */
static inline void case_begin(void) {
    wchar_t directory[MAX_PATH / 2] = L".";
    GetEnvironmentVariable(L"CASE_DIRECTORY", directory, MAX_PATH / 2);
    swprintf(case_words, MAX_PATH, L"%ls%ls/words", directory[0] == L'/' ? L"Z:" : L"", directory);
}

/* One step of the story. */
__attribute__((format(printf, 1, 2))) static inline void case_step(const char *format, ...) {
    char kind[32], text[CASE_LINE];
    va_list arguments;
    snprintf(kind, sizeof kind, "step %lu", GetCurrentProcessId());
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    case_tell(kind, text);
}

/* What came of it: a word from the case's case.toml. The last one counts. */
static inline void case_outcome(const char *word) {
    case_tell("outcome", word);
}

/* The case itself did not work: BROK. Ends the process. */
_Noreturn static inline void case_broken(const char *why) {
    char text[CASE_LINE];
    snprintf(text, sizeof text, "%s, error %lu", why, GetLastError());
    case_tell("broken", text);
    ExitProcess(CASE_BROKEN);
}

/* A call that the case is not about: BROK if it failed. */
static inline void case_check(BOOL done, const char *why) {
    if (!done)
        case_broken(why);
}

/* The command line that starts this program anew, with one argument. Each call overwrites it. */
static inline wchar_t *case_again(const wchar_t *argument) {
    static _Thread_local wchar_t line[MAX_PATH + CASE_LINE];
    wchar_t program[MAX_PATH];
    GetModuleFileName(NULL, program, MAX_PATH);
    swprintf(line, MAX_PATH + CASE_LINE, L"\"%ls\" %ls", program, argument);
    return line;
}

#endif
