/*
 * A program knows of jobs, and of an old rule: a process can be in one only. So it asks first, and
 * where it runs in a job itself, as under a build service, it makes none for its child. There it
 * ends the child alone, and the worker that the child had started lives on.
 */
#include "case_windows_workers.h"

static int launch(void) {
    PROCESS_INFORMATION worker = case_start(L"worker", GetStdHandle(STD_OUTPUT_HANDLE), 0);
    return (int)WaitForSingleObject(worker.hProcess, INFINITE);
}

/* A job for the child, or NULL: the one that is there has to do. */
static HANDLE own_job(HANDLE child) {
    BOOL is_in_job;
    case_check(IsProcessInJob(child, NULL, &is_in_job), "whether it is in a job is not known");
    if (is_in_job) {
        case_step("program: there is a job already");
        return NULL;
    }
    HANDLE job = case_job(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE);
    case_check(AssignProcessToJobObject(job, child), "the launcher is in no job");
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
    case_step("program: ends the launcher");
    if (job)
        CloseHandle(job);
    else
        TerminateProcess(child.hProcess, 1);
    WaitForSingleObject(child.hProcess, INFINITE);
    case_step("program: the work is over, it thinks");
    case_outcome(case_lived_on(worker) ? "left-behind" : "nothing-left");
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
