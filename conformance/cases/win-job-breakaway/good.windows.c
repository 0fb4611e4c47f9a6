/*
 * The remedy: two jobs. The inner one permits what the launcher wants, so that it is content. The
 * outer one permits nothing, and who breaks away goes as far as a job that does not: no further
 * than that one. It ends all of them.
 */
#include "case_windows_workers.h"

/* It does not try again without the flag. */
static int launch(DWORD flags) {
    PROCESS_INFORMATION worker = case_start(L"worker", GetStdHandle(STD_OUTPUT_HANDLE), flags);
    if (!worker.hProcess)
        case_outcome("refused");
    return (int)WaitForSingleObject(worker.hProcess, INFINITE);
}

/* Starts the launcher in a job that permits this, and ends the job. Answers the worker. */
static HANDLE run(const wchar_t *launcher, DWORD permitted) {
    HANDLE input, output;
    case_make_pipe(&input, &output);

    HANDLE job = case_job(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE), inner = case_job(permitted);
    PROCESS_INFORMATION child = case_start(launcher, output, CREATE_SUSPENDED);
    case_check(AssignProcessToJobObject(job, child.hProcess), "the launcher is in no job");
    case_check(AssignProcessToJobObject(inner, child.hProcess), "no job in the job");
    ResumeThread(child.hThread);
    CloseHandle(output);
    HANDLE worker = case_next_worker(input);
    if (!worker) /* the launcher told why */
        ExitProcess(0);
    case_step("main: ends the job of %ls, and waits for it", launcher);
    CloseHandle(job);
    WaitForSingleObject(child.hProcess, INFINITE);
    return worker;
}

int main(int argc, char **argv) {
    case_begin_workers(L"win-job-breakaway-over");
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return case_work();
    if (argc > 1)
        return launch(strcmp(argv[1], "asks") == 0 ? CREATE_BREAKAWAY_FROM_JOB : 0);

    HANDLE workers[] = {run(L"asks", JOB_OBJECT_LIMIT_BREAKAWAY_OK),
                        run(L"does-not-ask", JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK)};
    BOOL first = case_lived_on(workers[0]), second = case_lived_on(workers[1]);
    case_outcome(first && second   ? "both-outlive"
                 : first || second ? "one-outlives"
                                   : "nothing-left");
}
