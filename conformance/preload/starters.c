/*
 * Tested: children made by other calls than fork: vfork and exec, posix_spawn, system, popen and
 * pclose, wordexp. They are waited for and killed as bare.
 */
#include <spawn.h>
#include <wordexp.h>

#include "canon.h"

static char sh[] = "sh", c[] = "-c";

static pid_t vforked(char *script) {
    char *argv[] = {sh, c, script, NULL};
    pid_t pid = vfork();
    if (pid == 0) {
        execv("/bin/sh", argv);
        _exit(127);
    }
    return pid;
}

static pid_t spawned(char *script) {
    char *argv[] = {sh, c, script, NULL};
    pid_t pid = -1;
    int error = posix_spawnp(&pid, "sh", NULL, NULL, argv, environ);
    if (error)
        say("posix_spawnp: %s", error_name(error));
    return pid;
}

static void waited_and_killed(const char *what, pid_t (*start)(char *)) {
    char exits[] = "exit 3";
    char stays[] = "kill -STOP $$";
    int status = UNTOUCHED;
    pid_t pid = start(exits);
    SAY_WAIT(what, waitpid(pid, &status, 0), pid, status);
    errno = 0;
    say("%s: kill of the reaped one: %d %s", what, kill(pid, 0), error_name(errno));
    pid = start(stays);
    SAY_WAIT(what, waitpid(-1, &status, WUNTRACED), pid, status);
    say("%s: kill: %d", what, kill(pid, SIGKILL));
    SAY_WAIT(what, wait(&status), pid, status);
    errno = 0;
    SAY_WAIT(what, wait(NULL), pid, UNTOUCHED);
}

static void by_popen(void) {
    char line[64] = "";
    FILE *stream = popen("echo hello; exit 5", "re");
    if (!stream || !fgets(line, sizeof line, stream))
        abort();
    say("popen: %.5s, %s", line, status_name(pclose(stream)));
    // A wait for any child takes popen's child, too: pclose then fails, bare as well.
    stream = popen("exit 6", "re");
    int status = UNTOUCHED;
    pid_t taken = wait(&status);
    say("taken from popen: %s, %s", taken > 0 ? "a child" : "none", status_name(status));
    errno = 0;
    int closed = pclose(stream);
    say("pclose: %d, %s", closed, error_name(errno));
}

int main(void) {
    waited_and_killed("vfork", vforked);
    waited_and_killed("posix_spawn", spawned);
    say("system: %s", status_name(system("exit 7")));                // NOLINT(cert-env33-c)
    say("system, killed: %s", status_name(system("kill -TERM $$"))); // NOLINT(cert-env33-c)
    handle(SIGCHLD, SIG_IGN, 0);
    errno = 0;
    int ignored = system("exit 7"); // NOLINT(cert-env33-c)
    say("system, SIGCHLD ignored: %d, %s", ignored, error_name(errno));
    handle(SIGCHLD, SIG_DFL, 0);
    by_popen();
    wordexp_t words;
    int result = wordexp("a $(echo b c) d", &words, 0);
    say("wordexp: %d, %zu words, %s", result, words.we_wordc, words.we_wordv[2]);
    wordfree(&words);
    pid_t child = 0;
    char none[] = "/nonexistent/program";
    char *argv[] = {none, NULL};
    say("posix_spawn of nothing: %s",
        error_name(posix_spawn(&child, none, NULL, NULL, argv, environ)));
    errno = 0;
    SAY_WAIT("left", wait(NULL), child, UNTOUCHED);
    return 0;
}
