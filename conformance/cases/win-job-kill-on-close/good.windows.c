/*
 * The remedy: the child is put into a job before it runs its first instruction, and the job ends
 * all that are in it when its last handle is closed: whoever is started by a member is one, in a
 * job of its own as well, and nobody may leave. If this program dies, its handle is closed for it.
 */
#include "case_windows.h"

static HANDLE over; /* the case is: until then a worker works */

static PROCESS_INFORMATION start(const wchar_t *role, HANDLE output, DWORD flags) {
    STARTUPINFO how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = output};
    PROCESS_INFORMATION made = {0};
    CreateProcess(NULL, case_again(role), NULL, NULL, TRUE, flags, NULL, NULL, &how, &made);
    return made; /* without handles: it was refused */
}

static int work(void) {
    DWORD me = GetCurrentProcessId(), n;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), &me, sizeof me, &n, NULL);
    return (int)WaitForSingleObject(over, INFINITE);
}

static int launch(void) {
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE), own = CreateJobObject(NULL, NULL);
    PROCESS_INFORMATION first = start(L"worker", output, CREATE_SUSPENDED);
    if (!AssignProcessToJobObject(own, first.hProcess))
        case_broken("no job in the job");
    ResumeThread(first.hThread);
    if (!start(L"worker", output, CREATE_BREAKAWAY_FROM_JOB).hProcess) {
        case_step("launcher: the second worker may not break away");
        start(L"worker", output, 0);
    }
    return (int)WaitForSingleObject(first.hProcess, INFINITE);
}

/* The worker tells its pid when it is there, and does not end by itself: so the pid is its own. */
static HANDLE next_worker(HANDLE input) {
    DWORD pid, n;
    ReadFile(input, &pid, sizeof pid, &n, NULL);
    case_step("main: worker %lu is at work", pid);
    return OpenProcess(SYNCHRONIZE, FALSE, pid);
}

int main(int argc, char **argv) {
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE input, output;
    case_begin();
    over = CreateEvent(NULL, TRUE, FALSE, L"win-job-kill-on-close-over");
    if (argc > 1)
        return strcmp(argv[1], "worker") == 0 ? work() : launch();
    CreatePipe(&input, &output, &inherited, 0);

    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    HANDLE job = CreateJobObject(NULL, NULL); /* not inheritable: the one handle is ours */
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    PROCESS_INFORMATION child = start(L"launcher", output, CREATE_SUSPENDED);
    AssignProcessToJobObject(job, child.hProcess);
    ResumeThread(child.hThread);
    HANDLE workers[] = {next_worker(input), next_worker(input)};
    case_step("main: ends the job, and waits for the launcher and its workers");
    CloseHandle(job);
    WaitForSingleObject(child.hProcess, INFINITE);

    WaitForMultipleObjects(2, workers, TRUE, INFINITE);
    case_step("main: the work is over");
    case_outcome("nothing-left");
    SetEvent(over);
}
