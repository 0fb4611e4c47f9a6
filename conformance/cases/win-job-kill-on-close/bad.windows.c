/*
 * A program ends its child and believes that the work is over. The child, a launcher, had started
 * two workers, the one in a job of its own. Nobody ends them: they live on without anybody who
 * knows of them.
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

static int launch(void) {
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE), own = CreateJobObject(NULL, NULL);
    PROCESS_INFORMATION first = start(L"worker", output, CREATE_SUSPENDED);
    case_check(AssignProcessToJobObject(own, first.hProcess), "the worker has no job of its own");
    ResumeThread(first.hThread);
    if (!start(L"worker", output, CREATE_BREAKAWAY_FROM_JOB).hProcess) {
        case_step("launcher: the second worker may not break away");
        case_check(start(L"worker", output, 0).hProcess != NULL, "no second worker");
    }
    return (int)WaitForSingleObject(first.hProcess, INFINITE);
}

/* The worker tells its pid when it is there, and does not end by itself: so the pid is its own. */
static HANDLE next_worker(HANDLE input) {
    DWORD pid, n;
    case_check(ReadFile(input, &pid, sizeof pid, &n, NULL), "no word from a worker");
    case_step("main: worker %lu is at work", pid);
    HANDLE worker = OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    case_check(worker != NULL, "the worker is not there");
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
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE input, output;
    case_begin();
    over = CreateEvent(NULL, TRUE, FALSE, L"win-job-kill-on-close-over");
    case_check(over != NULL, "no event");
    if (argc > 1)
        return strcmp(argv[1], "worker") == 0 ? work() : launch();
    case_check(CreatePipe(&input, &output, &inherited, 0) &&
                   SetHandleInformation(input, HANDLE_FLAG_INHERIT, 0),
               "no pipe");

    PROCESS_INFORMATION child = start(L"launcher", output, 0);
    case_check(child.hProcess != NULL, "no launcher");
    CloseHandle(output);
    HANDLE workers[] = {next_worker(input), next_worker(input)};
    case_step("main: ends the launcher, and waits for it");
    case_check(TerminateProcess(child.hProcess, 1), "the launcher cannot be ended");
    WaitForSingleObject(child.hProcess, INFINITE);
    case_step("main: the work is over, it thinks");

    BOOL first = lived_on(workers[0]), second = lived_on(workers[1]);
    case_outcome(first && second ? "left-behind" : first || second ? "one-left" : "nothing-left");
}
