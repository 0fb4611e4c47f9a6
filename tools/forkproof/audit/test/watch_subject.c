/*
 * What test_watch.py records: a small program for each thing that the audit library watches, by
 * name. Those that need it are given a directory to be in.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char *self; // the path of this program

static void wait_for(pid_t child) {
    (void)waitpid(child, NULL, 0);
}

/* Nobody writes to the strings of an exec. */
static char **strings(const char **from) {
    return (char **)(uintptr_t)from;
}

/* --- threads and children --- */

static void *idle(void *ends) {
    char byte;
    (void)!read(((int *)ends)[0], &byte, 1);
    return NULL;
}

/* Forks while there is one more thread. */
static void fork_threaded(void (*in_child)(void)) {
    int ends[2];
    pthread_t thread;
    (void)!pipe2(ends, O_CLOEXEC);
    (void)pthread_create(&thread, NULL, idle, ends);
    pid_t child = fork();
    if (child == 0) {
        in_child();
        _exit(0);
    }
    wait_for(child);
    (void)!write(ends[1], "", 1);
    (void)pthread_join(thread, NULL);
}

static void allocate_twice(void) {
    for (volatile int i = 0; i < 2; i++) {
        void *volatile memory = malloc(100);
        free(memory);
    }
}

static void lock(void) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    (void)pthread_mutex_lock(&mutex);
}

static void call_all(void) {
    time_t now = 0;
    struct tm local;
    void *aligned;
    void *volatile memory;
    memory = calloc(1, 1);
    memory = realloc(memory, 9000);
    free(memory);
    (void)!posix_memalign(&aligned, 64, 64);
    memory = aligned_alloc(64, 64);
    printf("%s", "");
    fprintf(stdout, "%s", "");
    puts("");
    putchar('\n');
    fputs("x\n", stdout);
    (void)fwrite("x", 1, 1, stdout);
    (void)fflush(stdout);
    (void)fclose(fopen("/dev/null", "re"));
    setenv("A", "1", 1);
    unsetenv("A");
    tzset();
    localtime_r(&now, &local);
    (void)localtime(&now);
    (void)gmtime(&now);
    (void)mktime(&local);
}

static void fork_again(void) {
    pid_t child = fork();
    if (child == 0) {
        allocate_twice();
        _exit(0);
    }
    wait_for(child);
}

static void exec_self(void) {
    execl(self, self, "allocates", NULL);
}

static void do_allocates(void) {
    allocate_twice();
}
static void do_child(void) {
    pid_t child = fork();
    if (child == 0) {
        allocate_twice();
        _exit(0);
    }
    wait_for(child);
}
static void do_child_of_threads(void) {
    fork_threaded(allocate_twice);
}
static void do_grandchild_of_threads(void) {
    fork_threaded(fork_again);
}
static void do_child_locks(void) {
    fork_threaded(lock);
}
static void do_child_calls_all(void) {
    fork_threaded(call_all);
}
static void do_child_execs(void) {
    fork_threaded(exec_self);
}
static void do_pending(void) {
    printf("hello");
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    wait_for(child);
}
static void do_vfork(void) {
    pid_t child = vfork();
    if (child == 0) {
        void *volatile memory = malloc(100);
        (void)memory;
        (void)!chdir("/");
        _exit(0);
    }
    wait_for(child);
    allocate_twice(); // is no vfork child
    execl("/nowhere", "x", NULL);
}

/* --- handlers --- */

static sigjmp_buf target;

static void do_nothing(int number) {
    (void)number;
}
static void allocate_in_handler(int number) {
    (void)number;
    allocate_twice();
}
static void jump(int number) {
    (void)number;
    longjmp(target, 1);
}
static void block(int how, int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(how, &set, NULL);
}

static void do_handler(void) {
    signal(SIGHUP, allocate_in_handler);
    allocate_twice();
    raise(SIGHUP);
    raise(SIGHUP);
}
static void do_handler_after_block(void) {
    signal(SIGHUP, allocate_in_handler);
    block(SIG_BLOCK, SIGHUP);
    allocate_twice(); // the program's own wish
    block(SIG_UNBLOCK, SIGHUP);
    raise(SIGHUP);
}
static void do_handler_removed(void) {
    signal(SIGHUP, do_nothing);
    signal(SIGHUP, SIG_DFL);
    allocate_twice();
}
static void do_jump(void) {
    signal(SIGHUP, jump);
    if (setjmp(target) == 0)
        raise(SIGHUP);
    allocate_twice(); // SIGHUP is blocked still, and this is no handler any more
}
static void do_sigsetjmp(void) {
    signal(SIGHUP, do_nothing);
    block(SIG_BLOCK, SIGHUP);
    if (sigsetjmp(target, 1) == 0) {
        block(SIG_UNBLOCK, SIGHUP);
        siglongjmp(target, 1);
    }
    allocate_twice();
}

/* --- exec --- */

static void do_moved(void) {
    pid_t child = fork();
    if (child == 0) {
        (void)!chdir("sub");
        execl("./none", "none", NULL);
        execl("sub/tool", "tool", NULL);
        _exit(0);
    }
    wait_for(child);
}
static void do_searched(void) {
    execlp("tool", "tool", NULL);
}
static void do_inherits(void) {
    (void)!dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 77);
    (void)open("/dev/null", O_RDONLY | O_CLOEXEC);
    execl("/nowhere", "x", NULL);
}
static void do_spawn_closes(void) {
    posix_spawn_file_actions_t actions;
    const char *argv[] = {self, "allocates", NULL};
    pid_t child;
    (void)!dup2(0, 77);
    (void)!dup2(0, 78);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, 77);
    if (posix_spawn(&child, self, &actions, NULL, strings(argv), environ) == 0)
        wait_for(child);
}
static void do_variables(void) {
    const char *envp[] = {"A=1", "Path=x", "b=1",          "PATH=y", "A=2",          "A=3", "C=1",
                          "C=1", "=x",     "http_proxy=x", "x",      "HTTP_PROXY=y", NULL};
    const char *argv[] = {"x", NULL};
    execve("/nowhere", strings(argv), strings(envp));
}
static void do_variables_given(void) {
    const char *argv[] = {self, "execs_environ", NULL};
    const char *envp[256] = {"Given=1", "GIVEN=2"};
    for (int i = 0; environ[i] && i < 253; i++)
        envp[i + 2] = environ[i];
    execve(self, strings(argv), strings(envp));
}
static void do_execs_environ(void) {
    const char *argv[] = {"x", NULL};
    execve("/nowhere", strings(argv), environ);
}
static void do_bad_pointers(void) {
    const char *argv[] = {"x", NULL};
    const char *bad[] = {"A=1", (const char *)8, "A=2", NULL};
    char **volatile nowhere = (char **)8; // the compiler need not know
    execve((char *)nowhere, strings(argv), environ);
    execve("/nowhere", strings(argv), nowhere);
    execve("/nowhere", strings(argv), strings(bad));
}
static void do_masked(void) {
    block(SIG_BLOCK, SIGUSR1);
    signal(SIGPIPE, SIG_IGN);
    execl("/nowhere", "x", NULL);
}
static void do_shell(void) {
    char command[] = "true 'a b'";
    (void)!system("true");
    (void)!system(command);
}

/* --- descriptors --- */

static void do_opens(void) {
    int ends[2];
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(openat(AT_FDCWD, "/dev/zero", O_RDONLY));
    close(fcntl(fd, F_DUPFD_CLOEXEC, 60));
    (void)fcntl(fd, F_GETFD);
    (void)fcntl(fd, F_SETFD, 0);
    (void)socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
    (void)fclose(fopen("/dev/null", "re"));
    (void)open("/nowhere", O_RDONLY);
    close(fd);
    close(fd);
}
static void do_bad_use(void) {
    char byte;
    for (volatile int i = 0; i < 3; i++)
        (void)!write(99, "", 1);
    (void)!read(99, &byte, 1);
    (void)!dup(99);
    (void)!read(-1, &byte, 1);
}
static void do_close_loop(void) {
    for (int fd = 90; fd < 200; fd++)
        close(fd);
}

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
static void do_close_range(void) {
    int (*range)(unsigned, unsigned, int);
    void (*from)(int);
    *(void **)&range = dlsym(RTLD_DEFAULT, "close_range");
    *(void **)&from = dlsym(RTLD_DEFAULT, "closefrom");
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)range(10, 20, 4);
    (void)range(20, 10, 0); // fails
    (void)range((unsigned)fd, ~0U, 0);
    close(fd);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    from(fd);
    close(fd);
}
static void do_raw(void) {
    int ends[2];
    (void)syscall(SYS_pipe2, ends, O_CLOEXEC);
    (void)syscall(SYS_dup, ends[0]);
    (void)syscall(SYS_dup3, ends[0], 60, O_CLOEXEC);
    for (volatile int i = 0; i < 2; i++)
        (void)syscall(SYS_close, ends[0]);
    (void)syscall(SYS_dup, ends[0]);
    (void)syscall(SYS_close_range, ends[1], ~0U, 0);
}
static void do_popen(void) {
    (void)pclose(popen("cat", "w"));
    (void)pclose(popen("true", "re"));
}

/* --- memory --- */

enum { MEMORY = 1 << 20 };

/* Of the mapping whose line in smaps has this text: what is there, and whether it is locked. */
static size_t resident(const char *text, int *ret_is_locked) {
    char line[1024]; // no path here is longer
    unsigned long start;
    unsigned long end;
    size_t size = 0;
    int is_it = 0;
    FILE *maps = fopen("/proc/self/smaps", "r");
    *ret_is_locked = 0;
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            is_it = strstr(line, text) != NULL;
        if (is_it && sscanf(line, "Rss: %zu", &size) != 1 && strncmp(line, "VmFlags:", 8) == 0)
            *ret_is_locked = strstr(line, " lo ") != NULL;
    }
    (void)fclose(maps);
    return size * 1024;
}

static void expect_memory(const char *text, int is_all_there) {
    int is_locked;
    size_t size = resident(text, &is_locked);
    if (is_locked != is_all_there || (size >= MEMORY) != is_all_there)
        abort();
}

/* It may lock more than it has, but less than it has with the record; then less than it has. */
static void do_mlockall_limited(void) {
    struct rlimit limit = {8 << 20, 8 << 20};
    (void)!setuid(65534); // an ordinary user
    if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 || mlockall(MCL_CURRENT) < 0)
        abort();
    expect_memory("/memfd:record", 0);
    limit.rlim_cur = 4096;
    if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 || munlockall() < 0 || mlockall(MCL_CURRENT) == 0 ||
        errno != ENOMEM)
        abort();
}

static void do_mlockall(void) {
    char own[40];
    void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)snprintf(own, sizeof own, "%lx-", (unsigned long)(uintptr_t)memory);
    if (mlockall(MCL_CURRENT | MCL_ONFAULT) < 0 || mlockall(64) == 0)
        abort();
    expect_memory("/memfd:record", 0);
    for (int raw = 0; raw < 2; raw++) {
        if (raw ? syscall(SYS_mlockall, MCL_CURRENT | MCL_FUTURE)
                : mlockall(MCL_CURRENT | MCL_FUTURE))
            abort();
        expect_memory("/memfd:record", 0);
        expect_memory(own, 1);
    }
    memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)snprintf(own, sizeof own, "%lx-", (unsigned long)(uintptr_t)memory);
    expect_memory(own, 1);
    (void)munlockall();
}

/* --- signals --- */

static void do_kill_raw(void) {
    siginfo_t info = {.si_code = SI_QUEUE};
    signal(SIGHUP, do_nothing);
    (void)syscall(SYS_tkill, syscall(SYS_gettid), SIGHUP);
    pid_t child = fork();
    while (child == 0)
        pause();
    (void)syscall(SYS_tkill, child, SIGKILL);
    wait_for(child);
    (void)syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGHUP);
    (void)syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGHUP, &info);
}

enum { KILLS = 20 };

static void *kill_each(void *ends) {
    pid_t child;
    (void)sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0});
    while (read(((int *)ends)[0], &child, sizeof child) == sizeof child)
        kill(child, SIGKILL);
    return NULL;
}
/* On one processor, of which the thread that kills gets what the others leave: before its kill has
 * returned the child has ended, and the other thread has taken it. */
static void do_kills(void) {
    int ends[2];
    pthread_t thread;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((unsigned)sched_getcpu(), &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    (void)!pipe2(ends, O_CLOEXEC);
    (void)pthread_create(&thread, NULL, kill_each, ends);
    for (int i = 0; i < KILLS; i++) {
        pid_t child = fork();
        while (child == 0)
            pause();
        (void)!write(ends[1], &child, sizeof child);
        wait_for(child);
    }
    close(ends[1]);
    (void)pthread_join(thread, NULL);
}

/* --- the end --- */

static void at_exit(void) {}
static void do_atexit(void) {
    (void)atexit(at_exit);
    (void)atexit(at_exit);
}

#define PROGRAM(name)                                                                              \
    { #name, do_##name }
static const struct {
    const char *name;
    void (*run)(void);
} programs[] = {
    PROGRAM(allocates),
    PROGRAM(child),
    PROGRAM(child_of_threads),
    PROGRAM(grandchild_of_threads),
    PROGRAM(child_locks),
    PROGRAM(child_calls_all),
    PROGRAM(child_execs),
    PROGRAM(pending),
    PROGRAM(vfork),
    PROGRAM(handler),
    PROGRAM(handler_after_block),
    PROGRAM(handler_removed),
    PROGRAM(jump),
    PROGRAM(sigsetjmp),
    PROGRAM(moved),
    PROGRAM(searched),
    PROGRAM(inherits),
    PROGRAM(spawn_closes),
    PROGRAM(variables),
    PROGRAM(variables_given),
    PROGRAM(execs_environ),
    PROGRAM(bad_pointers),
    PROGRAM(masked),
    PROGRAM(shell),
    PROGRAM(opens),
    PROGRAM(bad_use),
    PROGRAM(close_loop),
    PROGRAM(close_range),
    PROGRAM(raw),
    PROGRAM(popen),
    PROGRAM(mlockall),
    PROGRAM(mlockall_limited),
    PROGRAM(kill_raw),
    PROGRAM(kills),
    PROGRAM(atexit),
};

int main(int argc, char **argv) {
    self = realpath("/proc/self/exe", NULL);
    for (size_t i = 0; argc > 1 && i < sizeof programs / sizeof programs[0]; i++) {
        if (strcmp(programs[i].name, argv[1]) == 0) {
            programs[i].run();
            _exit(0); // C++ and sanitizers have handlers of their own
        }
    }
    return 1;
}
