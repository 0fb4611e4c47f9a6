/*
 * What the exec tests exec: prints its arguments and its environment, or what is asked for:
 *   hooked      whether the shim is loaded into this image
 *   loaded      the preloaded objects by name, in the loader's order
 *   exit N      exits with N
 */
#include <link.h>

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

int main(int argc, char **argv, char **envp) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "exit") == 0)
        return atoi(argv[2]); // NOLINT(cert-err34-c)
    if (strcmp(mode, "hooked") == 0) {
        say("hooked %s", hooked() ? "yes" : "no");
        return 0;
    }
    if (strcmp(mode, "loaded") == 0) {
        dl_iterate_phdr(name_preloads, NULL);
        return 0;
    }
    for (int i = 0; i < argc; i++)
        say("argument %s", i == 0 && strchr(argv[0], '/') ? strrchr(argv[0], '/') : argv[i]);
    for (char **variable = envp; *variable; variable++)
        say("variable %.200s%s", *variable, strlen(*variable) > 200 ? "…" : "");
    say("same environment: %s", envp == environ ? "yes" : "no");
    return 0;
}
