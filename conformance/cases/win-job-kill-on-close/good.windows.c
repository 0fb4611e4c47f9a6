/*
 * The remedy: the child is put into a job before it runs its first instruction, and the job ends
 * all that are in it when its last handle is closed: whoever is started by a member is one, in a
 * job of its own as well, and nobody may leave. If this program dies, its handle is closed for it.
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

    HANDLE job = case_job(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE);
    PROCESS_INFORMATION child = case_start(L"launcher", output, CREATE_SUSPENDED);
    case_check(AssignProcessToJobObject(job, child.hProcess), "the launcher is in no job");
    ResumeThread(child.hThread);
    CloseHandle(output);
    HANDLE workers[] = {case_next_worker(input), case_next_worker(input)};
    case_step("main: ends the job");
    CloseHandle(job);

    BOOL first = case_lived_on(workers[0]), second = case_lived_on(workers[1]);
    case_outcome(first && second ? "left-behind" : first || second ? "one-left" : "nothing-left");
    WaitForSingleObject(child.hProcess, INFINITE);
}
