#include "plan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node plan[NODES];

static const struct {
    const char *name;
    const char *words[9];
} keys[KEYS] = {
    [HOW] = {"how", {"fork", "vfork", "spawn", "double", "daemon", "thread"}},
    [IMAGE] = {"image", {"same", "dynamic", "static"}},
    [ENV] = {"env", {"keep", "clear", "unload"}},
    [SESSION] = {"session", {"same", "setsid", "group"}},
    [NAME] = {"name", {"plain", "odd"}},
    [DEAF] = {"deaf", {"no", "hup", "int", "both"}},
    [TERM] = {"term", {"default", "ignore", "exit", "refork", "hop", "burst"}},
    [FDS] = {"fds", {"keep", "close"}},
    [THREADS] = {"threads", {"no", "some", "orphaned"}},
    [CGROUP] = {"cgroup", {"same", "inner", "out"}},
    [ORDER] = {"order", {"free", "orphan"}},
    [THEN] = {"then", {"same", "dynamic", "static"}},
    [END] = {"end", {"live", "stop", "exit", "quit", "signal", "abort", "killed", "exec"}},
    [REAP] = {"reap", {"yes", "no"}},
};

static bool set(struct node *node, enum key key, const char *value) {
    size_t length = strcspn(value, ":");
    for (int i = 0; keys[key].words[i]; i++)
        if (strlen(keys[key].words[i]) == length &&
            strncmp(keys[key].words[i], value, length) == 0) {
            node->at[key].word = i;
            node->at[key].number = value[length] ? atoi(value + length + 1) : 0;
            return true;
        }
    return false;
}

static bool read_attribute(struct node *node, char *text) {
    char *equals = strchr(text, '=');
    if (!equals)
        return false;
    *equals = '\0';
    for (int key = 0; key < KEYS; key++)
        if (strcmp(keys[key].name, text) == 0)
            return set(node, (enum key)key, equals + 1);
    return false;
}

static bool read_line(char *line) {
    char *rest, *id = strtok_r(line, " \n", &rest), *parent = strtok_r(NULL, " \n", &rest);
    if (!id || *id == '#')
        return true;
    int number = atoi(id);
    if (!parent || number < 0 || number >= NODES)
        return false;
    struct node *node = &plan[number];
    node->exists = true;
    node->parent = *parent == '-' ? -1 : atoi(parent);
    bool good = node->parent < number;
    for (char *text; good && (text = strtok_r(NULL, " \n", &rest));)
        good = read_attribute(node, text);
    return good;
}

int plan_read(const char *directory) {
    char path[PATH_SIZE], line[512];
    int number = 0, wrong = 0;
    snprintf(path, sizeof path, "%s/plan", directory);
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    while (!wrong && fgets(line, sizeof line, file)) {
        number++;
        if (!read_line(line))
            wrong = number;
    }
    fclose(file);
    return wrong;
}
