/*
 * A program knows of jobs, and of an old rule: a process can be in one only. So it asks first, and
 * where it runs in a job itself, as under a build service, it makes none for its child. There it
 * ends the child alone, and the worker that the child had started lives on.
 */
#include "case_windows.h"

static HANDLE over; /* the case is: until then a worker works */
enum { WORKED_TO_THE_END = 42 };

static PROCESS_INFORMATION start(const wchar_t *role, HANDLE output, DWORD flags) {
    STARTUPINFO how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = output};
    PROCESS_INFORMATION made;
    case_check(
        CreateProcess(NULL, case_again(role), NULL, NULL, TRUE, flags, NULL, NULL, &how, &made),
        "a child cannot be started");
    return made;
}

static int work(void) {
    DWORD me = GetCurrentProcessId(), n;
    case_check(WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), &me, sizeof me, &n, NULL),
               "nobody listens to the worker");
    WaitForSingleObject(over, INFINITE);
    return WORKED_TO_THE_END;
}

static int launch(void) {
    PROCESS_INFORMATION worker = start(L"worker", GetStdHandle(STD_OUTPUT_HANDLE), 0);
    return (int)WaitForSingleObject(worker.hProcess, INFINITE);
}

/* The worker tells its pid when it is there, and does not end by itself: so the pid is its own. */
static HANDLE next_worker(HANDLE input) {
    DWORD pid, n;
    case_check(ReadFile(input, &pid, sizeof pid, &n, NULL), "no word from the worker");
    case_step("program: worker %lu is at work", pid);
    HANDLE worker = OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    case_check(worker != NULL, "the worker is not there");
    return worker;
}

/* All that are in it end with it. */
static HANDLE make_job(void) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    HANDLE job = CreateJobObject(NULL, NULL);
    case_check(
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits),
        "no job");
    return job;
}

/* A job for the child, or NULL: the one that is there has to do. */
static HANDLE own_job(HANDLE child) {
    BOOL is_in_job;
    case_check(IsProcessInJob(child, NULL, &is_in_job), "whether it is in a job is not known");
    if (is_in_job) {
        case_step("program: there is a job already");
        return NULL;
    }
    HANDLE job = make_job();
    case_check(AssignProcessToJobObject(job, child), "the launcher is in no job");
    return job;
}

/* Whoever is at work still goes home now, and its exit code says so. */
static BOOL lived_on(HANDLE worker) {
    DWORD status;
    SetEvent(over);
    WaitForSingleObject(worker, INFINITE);
    case_check(GetExitCodeProcess(worker, &status), "no exit code");
    return status == WORKED_TO_THE_END;
}

static int be_program(void) {
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE input, output;
    case_check(CreatePipe(&input, &output, &inherited, 0) &&
                   SetHandleInformation(input, HANDLE_FLAG_INHERIT, 0),
               "no pipe");

    PROCESS_INFORMATION child = start(L"launcher", output, CREATE_SUSPENDED);
    HANDLE job = own_job(child.hProcess);
    ResumeThread(child.hThread);
    CloseHandle(output);
    HANDLE worker = next_worker(input);
    case_step("program: ends the launcher");
    if (job)
        CloseHandle(job);
    else
        TerminateProcess(child.hProcess, 1);
    WaitForSingleObject(child.hProcess, INFINITE);
    case_step("program: the work is over, it thinks");
    case_outcome(lived_on(worker) ? "left-behind" : "nothing-left");
    return 0;
}

int main(int argc, char **argv) {
    case_begin();
    over = CreateEvent(NULL, TRUE, FALSE, L"win-job-nested-over");
    case_check(over != NULL, "no event");
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return work();
    if (argc > 1)
        return strcmp(argv[1], "launcher") == 0 ? launch() : be_program();

    HANDLE job = make_job();
    PROCESS_INFORMATION program = start(L"program", NULL, CREATE_SUSPENDED);
    case_check(AssignProcessToJobObject(job, program.hProcess), "the program is in no job");
    case_step("build service: starts the program in a job");
    ResumeThread(program.hThread);
    WaitForSingleObject(program.hProcess, INFINITE);
}
