/*
 * A program ends its worker and then removes the file that the worker had open. TerminateProcess
 * only begins the end, so that it asks first: an exit code of STILL_ACTIVE means, not yet. But that
 * is a number like others, 259, and this worker was ended with an error code, ERROR_NO_MORE_ITEMS:
 * 259. However long the program asks, the worker seems to run.
 */
#include "case_windows.h"

static int work(void) {
    HANDLE file = CreateFile(L"scratch", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    case_check(file != INVALID_HANDLE_VALUE, "the worker has no file");
    case_check(SetEvent(OpenEvent(EVENT_MODIFY_STATE, FALSE, L"win-terminate-wait-at-work")),
               "nobody waits for the worker");
    return (int)WaitForSingleObject(GetCurrentProcess(), INFINITE); /* for ever */
}

/* Goes through a list in the registry. Answers why it went no further. */
static LONG go_through_list(void) {
    wchar_t name[MAX_PATH];
    LONG error = ERROR_SUCCESS;
    for (DWORD i = 0; error == ERROR_SUCCESS; i++)
        error = RegEnumKey(HKEY_CURRENT_USER, i, name, MAX_PATH);
    return error;
}

int main(int argc, char **argv) {
    STARTUPINFO how = {.cb = sizeof how};
    PROCESS_INFORMATION worker;
    DWORD status;
    (void)argv;
    case_begin();
    if (argc > 1)
        return work();
    HANDLE at_work = CreateEvent(NULL, TRUE, FALSE, L"win-terminate-wait-at-work");
    case_check(at_work != NULL, "no event");
    case_check(
        CreateProcess(NULL, case_again(L"worker"), NULL, NULL, FALSE, 0, NULL, NULL, &how, &worker),
        "the worker cannot be started");
    WaitForSingleObject(at_work, INFINITE);

    LONG error = go_through_list();
    case_step("main: that was all, error %ld: ends the worker with it", error);
    case_check(TerminateProcess(worker.hProcess, (UINT)error), "the worker cannot be ended");
    case_check(GetExitCodeProcess(worker.hProcess, &status), "no exit code");
    if (status == STILL_ACTIVE) { /* it would ask again, and again */
        case_step("main: the worker is still active");
        case_outcome("looks-alive");
        return 0;
    }
    case_outcome(DeleteFile(L"scratch") ? "gone" : "file-in-use");
}
