/*
 * The remedy: the program looks for itself, where it means to, and hands over a full path. Then
 * nothing is looked up.
 */
#include "case_windows.h"

enum place { ARCHIVE = 'a', BIN = 'b', PROJECT = 'p' }; /* as their directories begin */

/* There is a tool in each. */
static void make_directory(const wchar_t *name, wchar_t *ret_path) {
    wchar_t program[MAX_PATH], copy[MAX_PATH];
    GetModuleFileName(NULL, program, MAX_PATH);
    GetFullPathName(name, MAX_PATH, ret_path, NULL);
    swprintf(copy, MAX_PATH, L"%ls\\tool.exe", ret_path);
    case_check(CreateDirectory(ret_path, NULL) && CopyFile(program, copy, TRUE),
               "the tool cannot be copied");
}

static int be_tool(void) {
    wchar_t program[MAX_PATH];
    GetModuleFileName(NULL, program, MAX_PATH);
    *wcsrchr(program, L'\\') = L'\0';
    const wchar_t *place = wcsrchr(program, L'\\') + 1;
    case_step("tool: I am the one in %ls", place);
    return place[0];
}

/* Runs it in that directory (NULL: ours), and answers where it was found. */
static enum place run(const wchar_t *program, wchar_t *line, const wchar_t *directory) {
    STARTUPINFO how = {.cb = sizeof how};
    PROCESS_INFORMATION made;
    DWORD status;
    case_step("main: starts %ls", program);
    case_check(CreateProcess(program, line, NULL, NULL, FALSE, 0, NULL, directory, &how, &made),
               "it cannot be started");
    WaitForSingleObject(made.hProcess, INFINITE);
    case_check(GetExitCodeProcess(made.hProcess, &status), "no exit code");
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
    return (enum place)status;
}

static void judge(BOOL installed, BOOL own) {
    case_outcome(installed && own ? "programs-meant"
                 : installed      ? "parents-program"
                 : own            ? "planted-program"
                                  : "other-programs");
}

int main(int argc, char **argv) {
    wchar_t archive[MAX_PATH], bin[MAX_PATH], project[MAX_PATH];
    wchar_t installed[] = L"tool --version", own[] = L".\\tool --version";
    (void)argv;
    case_begin();
    if (argc > 1)
        return be_tool();
    make_directory(L"archive", archive);
    make_directory(L"bin", bin);
    make_directory(L"project", project);
    case_check(SetEnvironmentVariable(L"PATH", bin) && SetCurrentDirectory(archive),
               "PATH or the current directory cannot be set");

    wchar_t path[MAX_PATH], program[MAX_PATH];
    GetEnvironmentVariable(L"PATH", path, MAX_PATH);
    case_check(SearchPath(path, L"tool", L".exe", MAX_PATH, program, NULL) > 0, /* only there */
               "there is no tool in PATH");
    enum place first = run(program, installed, NULL);
    swprintf(program, MAX_PATH, L"%ls\\tool.exe", project);
    enum place second = run(program, own, project);
    judge(first == BIN, second == PROJECT);
}
