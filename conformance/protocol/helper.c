/*
 * The children of the protocol cases: helper REPORTS VERB [ARGUMENT]...
 *
 * Each tells what it has to tell in one line of REPORTS, a FIFO: "VERB PID WORD...", the words
 * percent-encoded. A gate is a FIFO too: whoever reads a byte of it passes.
 *
 *     exit N             exits at once
 *     gate PATH N        reports, passes the gate, exits
 *     sleep              reports, and sleeps until it is killed
 *     deaf               the same, and ignores SIGTERM
 *     polite             reports "ready", sleeps; on SIGTERM reports "polite" and exits with 0
 *     parent HOW         starts a child that sleeps, with the same standard streams, and sleeps as
 *                        well; HOW: same, or session (the child has its own). Reports itself and
 *                        the child
 *     daemon             the child's child has a session of its own and sleeps, the others exit
 *                        with 0; reports the daemon
 *     fill N             writes N bytes to standard output and N to standard error, then reads all
 *                        input
 *     read               reads all input, reports how much
 *     environment NAME.. reports variables of these names in any case
 *     descriptors        reports what is open above 2
 *     signals            reports what is blocked, what is ignored
 *     arguments WORD...  reports them
 *     where              reports its program and its working directory
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BROKEN = 125 };

extern char **environ;

static const char *reports;

static _Noreturn void fail(const char *what) {
    dprintf(STDERR_FILENO, "helper: %s: %s\n", what, strerror(errno));
    _exit(BROKEN);
}

/* --- reports --- */

static struct {
    char text[PIPE_BUF]; /* written at once, so that lines of several processes do not mix */
    size_t length;
} line;

static void add_char(char c) {
    if (line.length == sizeof line.text)
        fail("a report is too long");
    line.text[line.length++] = c;
}

static void add_word(const char *word) {
    static const char digits[] = "0123456789ABCDEF";
    add_char(' ');
    for (; *word; word++) {
        unsigned char c = (unsigned char)*word;
        if (isalnum(c) || strchr("/._-=:+,", c)) {
            add_char((char)c);
        } else {
            add_char('%');
            add_char(digits[c >> 4]);
            add_char(digits[c & 15]);
        }
    }
}

static void add_number(long number) {
    char text[24];
    snprintf(text, sizeof text, "%ld", number);
    add_word(text);
}

static void begin_report(const char *verb) {
    line.length = 0;
    while (*verb)
        add_char(*verb++);
    add_number(getpid());
}

static void end_report(void) {
    add_char('\n');
    int fd = open(reports, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, line.text, line.length) != (ssize_t)line.length)
        fail(reports);
    close(fd);
}

static void report(const char *verb) {
    begin_report(verb);
    end_report();
}

/* --- what they do --- */

static void pass(const char *gate) {
    char byte;
    int fd = open(gate, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, &byte, 1) != 1)
        fail(gate);
    close(fd);
}

static _Noreturn void sleep_on(void) {
    for (;;)
        pause();
}

static int number_of(const char *word) {
    return word ? atoi(word) : 0;
}

static int just_exit(char **words) {
    return number_of(words[0]);
}

static int gate(char **words) {
    report("gate");
    pass(words[0]);
    return number_of(words[1]);
}

static int asleep(char **words) {
    (void)words;
    report("sleep");
    sleep_on();
}

static int deaf(char **words) {
    (void)words;
    signal(SIGTERM, SIG_IGN);
    report("deaf");
    sleep_on();
}

static void be_polite(int sig) {
    (void)sig;
    report("polite");
    _exit(0);
}

static int polite(char **words) {
    (void)words;
    signal(SIGTERM, be_polite);
    report("ready");
    sleep_on();
}

static pid_t start(void) {
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    return pid;
}

static int parent(char **words) {
    pid_t child = start();
    if (child == 0) {
        if (words[0] && strcmp(words[0], "session") == 0)
            setsid();
        report("child");
        sleep_on();
    }
    begin_report("parent");
    add_number(child);
    end_report();
    sleep_on();
}

static int daemonize(char **words) {
    (void)words;
    if (start() != 0) {
        wait(NULL);
        return 0;
    }
    setsid();
    if (start() != 0)
        _exit(0);
    report("daemon");
    sleep_on();
}

static void fill_one(int fd, int size) {
    char block[2048] = {0};
    while (size > 0) {
        ssize_t n = write(fd, block, size < (int)sizeof block ? (size_t)size : sizeof block);
        if (n < 0)
            fail("write");
        size -= (int)n;
    }
}

static long drain(int fd) {
    char block[2048];
    long total = 0;
    for (ssize_t n; (n = read(fd, block, sizeof block)) > 0; total += n)
        ;
    return total;
}

static int fill(char **words) {
    fill_one(STDOUT_FILENO, number_of(words[0]));
    fill_one(STDERR_FILENO, number_of(words[0]));
    drain(STDIN_FILENO);
    return 0;
}

static int read_all(char **words) {
    (void)words;
    report("reading");
    long total = drain(STDIN_FILENO);
    begin_report("read");
    add_number(total);
    end_report();
    return 0;
}

static int environment(char **words) {
    begin_report("environment");
    for (char **entry = environ; *entry; entry++)
        for (char **name = words; *name; name++) {
            size_t length = strlen(*name);
            if (strncasecmp(*entry, *name, length) == 0 && (*entry)[length] == '=')
                add_word(*entry);
        }
    end_report();
    return 0;
}

static int descriptors(char **words) {
    (void)words;
    begin_report("descriptors");
    for (int fd = 3; fd < 1024; fd++) {
        char path[32], target[1024];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, target, sizeof target - 1);
        if (n < 0)
            continue;
        target[n] = '\0';
        add_word(target);
    }
    end_report();
    return 0;
}

static void add_signals(const char *name, int (*is_in)(int)) {
    char word[1024] = "";
    snprintf(word, sizeof word, "%s=", name);
    for (int sig = 1; sig < SIGRTMAX; sig++)
        if (is_in(sig) == 1)
            snprintf(word + strlen(word), sizeof word - strlen(word), "%d,", sig);
    add_word(word);
}

static int is_blocked(int sig) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, sig);
}

static int is_ignored(int sig) {
    struct sigaction action;
    return sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static int signals(char **words) {
    (void)words;
    begin_report("signals");
    add_signals("blocked", is_blocked);
    add_signals("ignored", is_ignored);
    end_report();
    return 0;
}

static int arguments(char **words) {
    begin_report("arguments");
    while (*words)
        add_word(*words++);
    end_report();
    return 0;
}

static int where(char **words) {
    char path[1024];
    (void)words;
    begin_report("where");
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    add_word(path);
    add_word(getcwd(path, sizeof path) ? path : "nowhere");
    end_report();
    return 0;
}

static const struct {
    const char *name;
    int (*act)(char **words);
} verbs[] = {
    {"exit", just_exit},
    {"gate", gate},
    {"sleep", asleep},
    {"deaf", deaf},
    {"polite", polite},
    {"parent", parent},
    {"daemon", daemonize},
    {"fill", fill},
    {"read", read_all},
    {"environment", environment},
    {"signals", signals},
    {"where", where},
    {"descriptors", descriptors},
    {"arguments", arguments},
};

int main(int argc, char **argv) {
    prctl(PR_SET_NAME, "helper");
    if (argc < 3)
        return BROKEN;
    reports = argv[1];
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, argv[2]) == 0)
            return verbs[i].act(argv + 3);
    errno = EINVAL;
    fail(argv[2]);
}
