/*
 * A deploy tool has a setting for its child, and puts it into a copy of its own environment: where
 * the name is there already it is replaced. It compares names exactly. Windows does not: "Target",
 * which somebody has set outside, is the same variable, and stands before "TARGET".
 */
#include "case_windows.h"

static BOOL is_same_name(const wchar_t *variable, const wchar_t *name, size_t length) {
    return wcsncmp(variable, name, length) == 0;
}

static wchar_t block[32767], *end = block; /* strings, and an empty one */

static void add(const wchar_t *variable) {
    case_check(end + wcslen(variable) + 1 < block + 32767, "the environment is too long");
    end = wcscpy(end, variable) + wcslen(variable) + 1;
}

/* A copy of the environment in which the variable of this name is set so. */
static wchar_t *with(const wchar_t *name, const wchar_t *setting) {
    size_t length = wcslen(name);
    BOOL is_set = FALSE;
    wchar_t *ours = GetEnvironmentStrings();
    case_check(ours != NULL, "no environment");
    for (wchar_t *each = ours; *each; each += wcslen(each) + 1) {
        BOOL is_it = is_same_name(each, name, length) && each[length] == L'=';
        add(is_it ? setting : each);
        is_set |= is_it;
    }
    if (!is_set)
        add(setting);
    FreeEnvironmentStrings(ours);
    return block;
}

static int deploy(void) {
    wchar_t target[64] = L"";
    GetEnvironmentVariable(L"TARGET", target, 64);
    case_step("deploy: TARGET is %ls", target);
    case_outcome(wcscmp(target, L"test") == 0 ? "deployed-to-test" : "deployed-to-production");
    return 0;
}

int main(int argc, char **argv) {
    STARTUPINFO how = {.cb = sizeof how};
    PROCESS_INFORMATION made;
    (void)argv;
    case_begin();
    if (argc > 1)
        return deploy();
    case_check(SetEnvironmentVariable(L"Target", L"production"), "no variable"); /* our starter's */

    case_step("main: starts deploy with TARGET=test");
    case_check(CreateProcess(NULL, case_again(L"deploy"), NULL, NULL, FALSE,
                             CREATE_UNICODE_ENVIRONMENT, with(L"TARGET", L"TARGET=test"), NULL,
                             &how, &made),
               "deploy cannot be started");
    WaitForSingleObject(made.hProcess, INFINITE);
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
}
