/*
 * The remedy: each start names the handles that its child inherits. They are to be inheritable as
 * before, but what is inheritable and not in the list stays at home. It is the server's start that
 * has to do so for the worker's pipe: all starts of a program must.
 */
#include "case_windows.h"

static HANDLE pipe_made, server_started;

/* Its output goes there. */
static HANDLE start(const wchar_t *role, HANDLE output) {
    STARTUPINFOEX how = {
        .StartupInfo = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = output}};
    PROCESS_INFORMATION made;
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &size); /* tells the size */
    how.lpAttributeList = malloc(size);
    case_check(how.lpAttributeList &&
                   InitializeProcThreadAttributeList(how.lpAttributeList, 1, 0, &size) &&
                   UpdateProcThreadAttribute(how.lpAttributeList, 0,
                                             PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &output,
                                             sizeof output, NULL, NULL),
               "no list");
    case_check(CreateProcess(NULL, case_again(role), NULL, NULL, TRUE, EXTENDED_STARTUPINFO_PRESENT,
                             NULL, NULL, &how.StartupInfo, &made),
               "a child cannot be started");
    DeleteProcThreadAttributeList(how.lpAttributeList);
    free(how.lpAttributeList);
    CloseHandle(made.hThread);
    return made.hProcess;
}

static void make_inheritable(HANDLE handle) {
    case_check(SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT),
               "it cannot be made inheritable");
}

/* Another part of the program: it has nothing to do with the pipe. */
static DWORD WINAPI start_server(void *ret_server) {
    HANDLE log = CreateFile(L"log", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    case_check(log != INVALID_HANDLE_VALUE, "there is no log");
    make_inheritable(log);
    WaitForSingleObject(pipe_made, INFINITE);
    *(HANDLE *)ret_server = start(L"server", log);
    CloseHandle(log);
    SetEvent(server_started);
    return 0;
}

int main(int argc, char **argv) {
    HANDLE read_end, write_end, server = NULL;
    char bytes[64];
    DWORD n;
    case_begin();
    HANDLE over = CreateEvent(NULL, TRUE, FALSE, L"win-handle-inheritance-over");
    case_check(over != NULL, "no event");
    if (argc > 1 && strcmp(argv[1], "server") == 0)
        return (int)WaitForSingleObject(over, INFINITE);
    if (argc > 1) /* the worker */
        return !WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), "work\n", 5, &n, NULL);
    pipe_made = CreateEvent(NULL, TRUE, FALSE, NULL);
    server_started = CreateEvent(NULL, TRUE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, start_server, &server, 0, NULL);
    case_check(pipe_made && server_started && thread, "no events, or no thread");

    case_check(CreatePipe(&read_end, &write_end, NULL, 0), "no pipe");
    make_inheritable(write_end);
    /* Here the scheduler lets the other thread run. */
    SetEvent(pipe_made);
    WaitForSingleObject(server_started, INFINITE);
    HANDLE worker = start(L"worker", write_end);
    CloseHandle(write_end);
    WaitForSingleObject(worker, INFINITE);
    case_check(ReadFile(read_end, bytes, sizeof bytes, &n, NULL), "the worker wrote nothing");
    case_step("main: the worker has ended, its %lu bytes are read, reads on", n);
    if (PeekNamedPipe(read_end, NULL, 0, NULL, NULL, NULL)) {
        case_step("main: the pipe has a writer still"); /* for which ReadFile would wait */
        case_outcome("never-ends");
    } else if (GetLastError() == ERROR_BROKEN_PIPE) {
        case_outcome("completed");
    }

    SetEvent(over);
    WaitForSingleObject(server, INFINITE);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(worker);
    CloseHandle(server);
    CloseHandle(read_end);
}
