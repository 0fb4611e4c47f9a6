/*
 * The remedy: jobs nest, since Windows 8. The program makes its own without asking, empty; its
 * child, which is in the other one by birth, is put into it before it runs. If the system refuses,
 * the call says so.
 */
#include "case_windows_workers.h"

static int launch(void) {
    PROCESS_INFORMATION worker = case_start(L"worker", GetStdHandle(STD_OUTPUT_HANDLE), 0);
    return (int)WaitForSingleObject(worker.hProcess, INFINITE);
}

/* A job for the child. */
static HANDLE own_job(HANDLE child) {
    HANDLE job = case_job(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE);
    case_check(AssignProcessToJobObject(job, child), "no job in the job");
    return job;
}

static int be_program(void) {
    HANDLE input, output;
    case_make_pipe(&input, &output);

    PROCESS_INFORMATION child = case_start(L"launcher", output, CREATE_SUSPENDED);
    HANDLE job = own_job(child.hProcess);
    ResumeThread(child.hThread);
    CloseHandle(output);
    HANDLE worker = case_next_worker(input);
    case_step("program: ends the job");
    CloseHandle(job);
    case_outcome(case_lived_on(worker) ? "left-behind" : "nothing-left");
    WaitForSingleObject(child.hProcess, INFINITE);
    return 0;
}

int main(int argc, char **argv) {
    case_begin_workers(L"win-job-nested-over");
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return case_work();
    if (argc > 1)
        return strcmp(argv[1], "launcher") == 0 ? launch() : be_program();

    HANDLE job = case_job(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE);
    PROCESS_INFORMATION program = case_start(L"program", NULL, CREATE_SUSPENDED);
    case_check(AssignProcessToJobObject(job, program.hProcess), "the program is in no job");
    case_step("build service: starts the program in a job");
    ResumeThread(program.hThread);
    WaitForSingleObject(program.hProcess, INFINITE);
}
