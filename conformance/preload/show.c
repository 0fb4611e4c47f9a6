/*
 * What the exec tests exec: prints its arguments and its environment, or what is asked for:
 *   hooked      whether the shim is loaded into this image
 *   loaded      the preloaded objects by name, in the loader's order
 *   exit N      exits with N
 *   descriptors which of the first 64 are open
 *   where       the name of this program and of its directory
 *   sigpipe     what SIGPIPE and SIGUSR1 do
 *   then PROGRAM ARGUMENT...   as hooked, then execs that
 */
#include <link.h>
#include <sys/stat.h>

#include "canon.h"

static int name_preloads(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    const char *base = strrchr(info->dlpi_name, '/');
    if (base && (strstr(base, "libforkproof") || strstr(base, "libmarker")))
        say("loaded %s", base + 1);
    return 0;
}

static bool hooked(void) {
    char line[1024];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps))
        found = found || strstr(line, "libforkproof");
    if (maps)
        fclose(maps);
    return found;
}

/*
 * Runtimes that look for the auxiliary vector behind the environment ask /proc when they find it
 * empty there, and cannot go on when they find something else.
 */
static bool is_auxiliary_vector_usable(char **envp) {
    while (*envp)
        envp++;
    const ElfW(auxv_t) *first = (const ElfW(auxv_t) *)(const void *)(envp + 1);
    for (const ElfW(auxv_t) *entry = first; entry->a_type != AT_NULL; entry++)
        if (entry->a_type == AT_PAGESZ)
            return true;
    return first->a_type == AT_NULL;
}

static void name_descriptors(void) {
    struct stat status;
    for (int fd = 0; fd < 64; fd++)
        if (fstat(fd, &status) == 0)
            say("descriptor %d%s", fd, S_ISFIFO(status.st_mode) ? " pipe" : "");
}

static void name_place(const char *called) {
    static char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(path, '/');
    while (slash && slash > path && slash[-1] != '/')
        slash--;
    say("%s called %s", slash ? slash : path, called);
}

static const char *disposition(int number) {
    struct sigaction now = {.sa_handler = SIG_ERR};
    sigaction(number, NULL, &now);
    return now.sa_handler == SIG_DFL ? "default" : now.sa_handler == SIG_IGN ? "ignored" : "?";
}

int main(int argc, char **argv, char **envp) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "exit") == 0)
        return atoi(argv[2]); // NOLINT(cert-err34-c)
    if (strcmp(mode, "hooked") == 0) {
        say("hooked %s", hooked() ? "yes" : "no");
        return 0;
    }
    if (strcmp(mode, "then") == 0) {
        say("hooked %s", hooked() ? "yes" : "no");
        execv(argv[2], argv + 2);
        return 9;
    }
    if (strcmp(mode, "loaded") == 0) {
        dl_iterate_phdr(name_preloads, NULL);
        return 0;
    }
    if (strcmp(mode, "descriptors") == 0) {
        name_descriptors();
        return 0;
    }
    if (strcmp(mode, "where") == 0) {
        name_place(argv[0]);
        return 0;
    }
    if (strcmp(mode, "sigpipe") == 0) {
        say("SIGPIPE %s, SIGUSR1 %s", disposition(SIGPIPE), disposition(SIGUSR1));
        return 0;
    }
    for (int i = 0; i < argc; i++)
        say("argument %s", i == 0 && strchr(argv[0], '/') ? strrchr(argv[0], '/') : argv[i]);
    for (char **variable = envp; *variable; variable++)
        say("variable %.200s%s", *variable, strlen(*variable) > 200 ? "…" : "");
    say("same environment: %s", envp == environ ? "yes" : "no");
    say("auxiliary vector usable: %s", is_auxiliary_vector_usable(envp) ? "yes" : "no");
    return 0;
}
