/* Parts of the load that differ in what they start: programs, groups, daemons, filters. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "soak.h"

/* Whether a child was made; its status is promised and, from now on, waited for by nobody else. */
static bool is_made(pid_t pid, int status) {
    if (pid >= 0) {
        soak_promise(pid, status);
        return true;
    }
    soak_refused();
    soak_pause();
    return false;
}

static void make_wrong(void) {
    atomic_fetch_add(&soak->wrong, 1);
}

/* --- spawner: programs, by everything that starts one --- */

enum { TURNS = 7, TIGHT_TURNS = 16 };

static pid_t spawn(const char *path, char *const *argv, bool search) {
    pid_t pid;
    errno = search ? posix_spawnp(&pid, path, NULL, NULL, argv, environ)
                   : posix_spawn(&pid, path, NULL, NULL, argv, environ);
    return errno == 0 ? pid : -1;
}

static pid_t vfork_and_exec(char *const *argv) {
    pid_t pid = vfork();
    if (pid == 0) {
        execv("/bin/sh", argv);
        _exit(127);
    }
    return pid;
}

static pid_t fork_and_exec(char *const *argv) {
    pid_t pid = fork();
    if (pid == 0) {
        execvp("sh", argv);
        _exit(127);
    }
    return pid;
}

/* That the shell could not be started is told as if it had exited with 127. */
static void by_system(const char *command, int code) {
    errno = 0;
    int status = system(command);
    if ((status == -1 || status == soak_exited(127)) && soak_refused())
        soak_pause();
    else
        soak_compare(soak_exited(code), status);
}

static void by_popen(const char *command, int code) {
    char line[16] = "";
    FILE *pipe = popen(command, "re");
    if (!pipe) {
        soak_refused();
        soak_pause();
        return;
    }
    if (!fgets(line, sizeof line, pipe) || atoi(line) != code)
        make_wrong();
    soak_compare(soak_exited(code), pclose(pipe));
}

/* The load itself, where no memory can be mapped: see be_tight in load.c. */
static void spawn_tight(unsigned turn) {
    char *const argv[] = {(char[]){"load"}, (char[]){"tight"}, NULL};
    pid_t pid = spawn("/proc/self/exe", argv, false);
    if (is_made(pid, soak_exited(0)))
        soak_wait(pid, turn);
}

static void spawn_any(unsigned turn) {
    char command[64];
    char *const argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    int code = soak_code(turn) % 100;
    snprintf(command, sizeof command, "echo %d; exit %d", code, code);
    if (turn % TURNS == 0) {
        by_popen(command, code);
        return;
    }
    snprintf(command, sizeof command, "exit %d", code);
    if (turn % TURNS == 1) {
        by_system(command, code);
        return;
    }
    pid_t pid = turn % TURNS == 2   ? vfork_and_exec(argv)
                : turn % TURNS == 3 ? fork_and_exec(argv)
                : turn % TURNS == 4 ? spawn("sh", argv, true)
                                    : spawn("/bin/sh", argv, false);
    if (is_made(pid, soak_exited(code)))
        soak_wait(pid, turn / TURNS);
}

static void *spawner(void *first) {
    for (unsigned turn = *(unsigned *)first; soak_running() || soak_park(); turn += 2) {
        spawn_any(turn);
        if (turn % TIGHT_TURNS == 0)
            spawn_tight(turn);
    }
    return NULL;
}

void soak_run_spawner(void) {
    void *(*const run[])(void *) = {spawner, spawner};
    soak_run_threads(run, SOAK_SPAWNER_WORKERS);
}

/* --- groups: process groups that are signalled and waited for, children that are stopped --- */

static bool make_pipe(int *ends) {
    if (pipe2(ends, O_CLOEXEC) == 0)
        return true;
    soak_refused();
    soak_pause();
    return false;
}

/* Until all other holders of its other end have closed it, or have written. */
static void await_byte(int fd) {
    char byte;
    while (read(fd, &byte, 1) < 0 && errno == EINTR)
        ;
}

static _Noreturn void lead_group(int ready) {
    setpgid(0, 0);
    if (fork() != 0)
        (void)!write(ready, "x", 1);
    for (;;)
        pause();
}

static void kill_group(unsigned turn) {
    int ready[2];
    if (!make_pipe(ready))
        return;
    pid_t leader = fork();
    if (leader == 0)
        lead_group(ready[1]);
    close(ready[1]);
    if (is_made(leader, SIGTERM)) {
        await_byte(ready[0]);
        if (turn % 2 ? killpg(leader, SIGTERM) : kill(-leader, SIGTERM))
            atomic_fetch_add(&soak->refused, 1);
        soak_wait(leader, turn);
    }
    close(ready[0]);
}

static void stop_and_continue(unsigned turn) {
    siginfo_t info = {0};
    int status = 0;
    pid_t pid = soak_fork(turn, true);
    if (!is_made(pid, SIGKILL))
        return;
    soak_signal_own(pid, SIGSTOP, turn);
    if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
        make_wrong();
    soak_signal_own(pid, SIGCONT, turn);
    if (waitid(P_PID, (id_t)pid, &info, WCONTINUED) != 0 || info.si_code != CLD_CONTINUED)
        make_wrong();
    soak_signal_own(pid, SIGKILL, turn);
    soak_wait(pid, turn);
}

void soak_run_groups(void) {
    for (unsigned turn = 0; soak_running() || soak_park(); turn++) {
        kill_group(turn);
        stop_and_continue(turn);
    }
}

/* --- daemons: double forks whose parents look after nothing but the status --- */

static _Noreturn void be_daemon(unsigned turn) {
    for (unsigned i = turn % 64; i > 0; i--)
        sched_yield();
    _exit(1);
}

static _Noreturn void daemonise(unsigned turn) {
    if (turn % 2 && daemon(1, 1) == 0) // its parent exits with 0
        be_daemon(turn);
    if (turn % 2 == 0 && setsid() > 0 && fork() == 0)
        be_daemon(turn);
    _exit(turn % 2 ? 0 : soak_code(turn));
}

/* The daemon has ended when nobody holds the pipe any more. */
void soak_run_daemons(void) {
    for (unsigned turn = 0; soak_running() || soak_park(); turn++) {
        int held[2];
        if (!make_pipe(held))
            continue;
        pid_t pid = fork();
        if (pid == 0)
            daemonise(turn);
        close(held[1]);
        if (is_made(pid, soak_exited(turn % 2 ? 0 : soak_code(turn)))) {
            soak_wait(pid, turn);
            await_byte(held[0]);
        }
        close(held[0]);
    }
}

/* --- pump: data through a child and back --- */

enum { CHUNK = 1024, CHUNKS = 64 };

static _Noreturn void be_filter(int from, int to, int code) {
    char data[CHUNK];
    ssize_t size;
    while ((size = read(from, data, sizeof data)) > 0)
        if (write(to, data, (size_t)size) != size)
            _exit(255);
    _exit(code);
}

static bool comes_back(int to, int from, int byte) {
    char out[CHUNK], in[CHUNK];
    size_t got = 0;
    ssize_t more = 1;
    memset(out, byte, sizeof out);
    if (write(to, out, sizeof out) != (ssize_t)sizeof out)
        return false;
    while (got < sizeof in && (more = read(from, in + got, sizeof in - got)) > 0)
        got += (size_t)more;
    return got == sizeof in && memcmp(in, out, sizeof in) == 0;
}

static void pump_once(const int *there, const int *back, unsigned turn) {
    int code = soak_code(turn) % 255;
    pid_t pid = fork();
    if (pid == 0) {
        close(there[1]);
        close(back[0]);
        be_filter(there[0], back[1], code);
    }
    close(there[0]);
    close(back[1]);
    bool made = is_made(pid, soak_exited(code));
    for (int i = 0; made && i < CHUNKS; i++)
        if (!comes_back(there[1], back[0], (int)turn + i))
            make_wrong();
    close(there[1]);
    close(back[0]);
    if (made)
        soak_wait(pid, turn);
}

void soak_run_pump(void) {
    for (unsigned turn = 0; soak_running() || soak_park(); turn++) {
        int there[2], back[2];
        if (!make_pipe(there))
            continue;
        if (make_pipe(back)) {
            pump_once(there, back, turn);
            continue;
        }
        close(there[0]);
        close(there[1]);
    }
}
