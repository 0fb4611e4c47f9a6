/*
 * A program keeps its child in a job, so that all of it ends together. But the child, a launcher,
 * starts its worker with CREATE_BREAKAWAY_FROM_JOB, and a job refuses that. So the program permits
 * it: by BREAKAWAY_OK to those that ask, or by SILENT_BREAKAWAY_OK to all. The launcher is content,
 * and its worker is in no job.
 */
#include "case_windows.h"

static HANDLE over; /* the case is: until then a worker works */
enum { WORKED_TO_THE_END = 42 };

static PROCESS_INFORMATION start(const wchar_t *role, HANDLE output, DWORD flags) {
    STARTUPINFO how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = output};
    PROCESS_INFORMATION made = {0};
    CreateProcess(NULL, case_again(role), NULL, NULL, TRUE, flags, NULL, NULL, &how, &made);
    return made; /* without handles: it was refused */
}

static int work(void) {
    DWORD me = GetCurrentProcessId(), n;
    case_check(WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), &me, sizeof me, &n, NULL),
               "nobody listens to the worker");
    WaitForSingleObject(over, INFINITE);
    return WORKED_TO_THE_END;
}

/* It does not try again without the flag. */
static int launch(DWORD flags) {
    PROCESS_INFORMATION worker = start(L"worker", GetStdHandle(STD_OUTPUT_HANDLE), flags);
    if (!worker.hProcess)
        case_outcome("refused");
    return (int)WaitForSingleObject(worker.hProcess, INFINITE);
}

/* The worker tells its pid when it is there, and does not end by itself: so the pid is its own. */
static HANDLE next_worker(HANDLE input) {
    DWORD pid, n;
    if (!ReadFile(input, &pid, sizeof pid, &n, NULL)) /* there is none, and the launcher told why */
        ExitProcess(0);
    case_step("main: worker %lu is at work", pid);
    HANDLE worker = OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    case_check(worker != NULL, "the worker is not there");
    return worker;
}

static HANDLE make_job(DWORD flags) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags = flags;
    HANDLE job = CreateJobObject(NULL, NULL);
    case_check(
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits),
        "no job");
    return job;
}

/* Starts the launcher in a job that permits this, and ends the job. Answers the worker. */
static HANDLE run(const wchar_t *launcher, DWORD permitted) {
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE input, output;
    case_check(CreatePipe(&input, &output, &inherited, 0) &&
                   SetHandleInformation(input, HANDLE_FLAG_INHERIT, 0),
               "no pipe");

    HANDLE job = make_job(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | permitted);
    PROCESS_INFORMATION child = start(launcher, output, CREATE_SUSPENDED);
    case_check(AssignProcessToJobObject(job, child.hProcess), "the launcher is in no job");
    ResumeThread(child.hThread);
    CloseHandle(output);
    HANDLE worker = next_worker(input);
    case_step("main: ends the job of %ls, and waits for it", launcher);
    CloseHandle(job);
    WaitForSingleObject(child.hProcess, INFINITE);
    return worker;
}

/* Whoever is at work still goes home now, and its exit code says so. */
static BOOL lived_on(HANDLE worker) {
    DWORD status;
    SetEvent(over);
    WaitForSingleObject(worker, INFINITE);
    case_check(GetExitCodeProcess(worker, &status), "no exit code");
    return status == WORKED_TO_THE_END;
}

int main(int argc, char **argv) {
    case_begin();
    over = CreateEvent(NULL, TRUE, FALSE, L"win-job-breakaway-over");
    case_check(over != NULL, "no event");
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return work();
    if (argc > 1)
        return launch(strcmp(argv[1], "asks") == 0 ? CREATE_BREAKAWAY_FROM_JOB : 0);

    HANDLE workers[] = {run(L"asks", JOB_OBJECT_LIMIT_BREAKAWAY_OK),
                        run(L"does-not-ask", JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK)};
    BOOL first = lived_on(workers[0]), second = lived_on(workers[1]);
    case_outcome(first && second   ? "both-outlive"
                 : first || second ? "one-outlives"
                                   : "nothing-left");
}
