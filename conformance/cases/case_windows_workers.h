/*
 * For the cases of Windows about who ends with a job: a launcher starts workers, which work until
 * the case is over and do not end by themselves.
 */
#ifndef CASE_WINDOWS_WORKERS_H
#define CASE_WINDOWS_WORKERS_H

#include "case_windows.h"

static HANDLE case_over; /* the case is */
enum { CASE_WORKED_TO_THE_END = 42 };

/* First of all in main; `over` names the event. */
static inline void case_begin_workers(const wchar_t *over) {
    case_begin();
    case_over = CreateEvent(NULL, TRUE, FALSE, over);
    case_check(case_over != NULL, "no event");
}

/* This program anew, with one argument and this output. Without handles: it was refused. */
static inline PROCESS_INFORMATION case_start(const wchar_t *role, HANDLE output, DWORD flags) {
    STARTUPINFO how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = output};
    PROCESS_INFORMATION made = {0};
    CreateProcess(NULL, case_again(role), NULL, NULL, TRUE, flags, NULL, NULL, &how, &made);
    return made;
}

/* What workers write, which is inherited, and what is read of them. */
static inline void case_make_pipe(HANDLE *ret_input, HANDLE *ret_output) {
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    case_check(CreatePipe(ret_input, ret_output, &inherited, 0) &&
                   SetHandleInformation(*ret_input, HANDLE_FLAG_INHERIT, 0),
               "no pipe");
}

/* A worker: tells its pid, and works. */
static inline int case_work(void) {
    DWORD me = GetCurrentProcessId(), n;
    case_check(WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), &me, sizeof me, &n, NULL),
               "nobody listens to the worker");
    WaitForSingleObject(case_over, INFINITE);
    return CASE_WORKED_TO_THE_END;
}

/* The next one that has told its pid, which is its own, since it does not end by itself. NULL:
 * there is none any more. */
static inline HANDLE case_next_worker(HANDLE input) {
    DWORD pid, n;
    if (!ReadFile(input, &pid, sizeof pid, &n, NULL))
        return NULL;
    case_step("worker %lu is at work", pid);
    HANDLE worker = OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    case_check(worker != NULL, "the worker is not there");
    return worker;
}

/* Whoever is at work still goes home now, and its exit code says so. */
static inline BOOL case_lived_on(HANDLE worker) {
    DWORD status;
    SetEvent(case_over);
    WaitForSingleObject(worker, INFINITE);
    case_check(GetExitCodeProcess(worker, &status), "no exit code");
    return status == CASE_WORKED_TO_THE_END;
}

/* JOB_OBJECT_LIMIT_… Its one handle is ours: it is not inherited. */
static inline HANDLE case_job(DWORD limit_flags) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags = limit_flags;
    HANDLE job = CreateJobObject(NULL, NULL);
    case_check(
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits),
        "no job");
    return job;
}

#endif
