/*
 * A program ends its child and believes that the work is over. The child, a launcher, had started
 * two workers, the one in a job of its own. Nobody ends them: they live on without anybody who
 * knows of them.
 */
#include "case_windows_workers.h"

static int launch(void) {
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE), own = CreateJobObject(NULL, NULL);
    PROCESS_INFORMATION first = case_start(L"worker", output, CREATE_SUSPENDED);
    case_check(AssignProcessToJobObject(own, first.hProcess), "the worker has no job of its own");
    ResumeThread(first.hThread);
    if (!case_start(L"worker", output, CREATE_BREAKAWAY_FROM_JOB).hProcess) {
        case_step("launcher: the second worker may not break away");
        case_check(case_start(L"worker", output, 0).hProcess != NULL, "no second worker");
    }
    return (int)WaitForSingleObject(first.hProcess, INFINITE);
}

int main(int argc, char **argv) {
    HANDLE input, output;
    case_begin_workers(L"win-job-kill-on-close-over");
    if (argc > 1)
        return strcmp(argv[1], "worker") == 0 ? case_work() : launch();
    case_make_pipe(&input, &output);

    PROCESS_INFORMATION child = case_start(L"launcher", output, 0);
    case_check(child.hProcess != NULL, "no launcher");
    CloseHandle(output);
    HANDLE workers[] = {case_next_worker(input), case_next_worker(input)};
    case_step("main: ends the launcher, and waits for it");
    case_check(TerminateProcess(child.hProcess, 1), "the launcher cannot be ended");
    WaitForSingleObject(child.hProcess, INFINITE);
    case_step("main: the work is over, it thinks");

    BOOL first = case_lived_on(workers[0]), second = case_lived_on(workers[1]);
    case_outcome(first && second ? "left-behind" : first || second ? "one-left" : "nothing-left");
}
