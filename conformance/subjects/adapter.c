#include "adapter.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct capability *can;
static FILE *answers;
static json_t *asked; /* `id` of the request that is to be answered */

/* --- names of children --- */

struct name {
    struct name *next;
    struct child *child;
    char text[];
};

static struct name *names;
static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;

/* The place that points to it; to the end of the list where there is none. */
static struct name **find(const char *text) {
    struct name **name = &names;
    while (*name && strcmp((*name)->text, text) != 0)
        name = &(*name)->next;
    return name;
}

static struct child *child_named(const char *text) {
    pthread_mutex_lock(&names_lock);
    struct name *name = *find(text);
    struct child *child = name ? name->child : NULL;
    pthread_mutex_unlock(&names_lock);
    return child;
}

void request_keep(const struct request *request, struct child *child) {
    const char *text = request_text(request, "child");
    struct name *name = malloc(sizeof *name + strlen(text) + 1);
    strcpy(name->text, text);
    name->child = child;
    pthread_mutex_lock(&names_lock);
    name->next = names;
    names = name;
    pthread_mutex_unlock(&names_lock);
}

void request_forget(const struct request *request) {
    pthread_mutex_lock(&names_lock);
    struct name **place = find(request_text(request, "child")), *name = *place;
    if (name)
        *place = name->next;
    pthread_mutex_unlock(&names_lock);
    free(name);
}

/* --- what is asked --- */

const char *request_text(const struct request *request, const char *member) {
    return json_string_value(json_object_get(request->members, member));
}

bool request_pipe(const struct request *request, const char *stream) {
    const char *text = request_text(request, stream);
    return text && strcmp(text, "pipe") == 0;
}

bool request_true(const struct request *request, const char *member) {
    return json_is_true(json_object_get(request->members, member));
}

/* `first`, if there is one, and the texts of the list behind it. */
static char **words(const char *first, const json_t *list) {
    size_t count = first ? 1 : 0;
    char **all = calloc(count + json_array_size(list) + 1, sizeof *all);
    all[0] = (char *)first;
    for (size_t i = 0; i < json_array_size(list); i++)
        all[count + i] = (char *)json_string_value(json_array_get(list, i));
    return all;
}

char **request_argv(const struct request *request) {
    return words(request_text(request, "program"), json_object_get(request->members, "arguments"));
}

char **request_env(const struct request *request) {
    return words(NULL, json_object_get(request->members, "env"));
}

char *request_bytes(const struct request *request, size_t *ret_size) {
    *ret_size = (size_t)json_integer_value(json_object_get(request->members, "size"));
    char *bytes = malloc(*ret_size);
    memset(bytes, 'x', *ret_size);
    return bytes;
}

/* --- the answer --- */

json_t *answer(const char *format, ...) {
    va_list values;
    va_start(values, format);
    json_t *ok = json_vpack_ex(NULL, 0, format, values);
    va_end(values);
    return json_pack("{s:o}", "ok", ok);
}

json_t *answer_error(const char *text) {
    return json_pack("{s:s}", "error", text);
}

json_t *answer_errno(void) {
    return answer_error(strerror(errno));
}

json_t *answer_status(int status) {
    if (WIFEXITED(status))
        return answer("{s:i}", "exit", WEXITSTATUS(status));
    return answer("{s:i}", "signal", WTERMSIG(status));
}

/* --- C's own files, signals, and waitpid --- */

static int opened; /* by `open` */

static bool copy(int from, int to) {
    char bytes[1 << 16];
    ssize_t n;
    while ((n = read(from, bytes, sizeof bytes)) > 0)
        if (write(to, bytes, (size_t)n) != n)
            return false;
    return n == 0;
}

json_t *play_open(const struct request *request) {
    int from = open(request_text(request, "from"), O_RDONLY);
    if (from < 0)
        return answer_errno();
    opened = open(request_text(request, "path"), O_WRONLY | O_CREAT | O_TRUNC, 0755);
    bool good = opened >= 0 && copy(from, opened);
    json_t *ret = good ? answer("{}") : answer_errno();
    close(from);
    return ret;
}

json_t *play_shut(const struct request *request) {
    (void)request;
    return close(opened) == 0 ? answer("{}") : answer_errno();
}

json_t *play_await(const struct request *request) {
    FILE *fifo = fopen(request_text(request, "path"), "r");
    if (!fifo)
        return answer_errno();
    fgetc(fifo);
    fclose(fifo);
    return answer("{}");
}

json_t *play_reap(const struct request *request) {
    (void)request;
    json_t *pids = json_array();
    for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;)
        json_array_append_new(pids, json_integer(pid));
    return answer("{s:o}", "pids", pids);
}

static void do_nothing(int signal) {
    (void)signal;
}

/* No SA_RESTART: a program has to ask for it. */
json_t *play_handle(const struct request *request) {
    (void)request;
    struct sigaction action = {.sa_handler = do_nothing, .sa_flags = 0};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGUSR1, &action, NULL) == 0 ? answer("{}") : answer_errno();
}

/* --- one request, and two lists at once --- */

static const struct capability *capability_of(const char *op) {
    const struct capability *capability = can;
    while (capability->name && strcmp(capability->name, op) != 0)
        capability++;
    return capability->play ? capability : NULL;
}

/* The names of those that are started by this request are not known yet. */
static bool is_start(const char *op) {
    return strcmp(op, "spawn") == 0 || strcmp(op, "pipeline") == 0;
}

static json_t *play(json_t *members) {
    struct request request = {.members = members};
    const char *op = request_text(&request, "op"), *child = request_text(&request, "child");
    if (strcmp(op, "ping") == 0 || strcmp(op, "end") == 0)
        return answer("{}");
    const struct capability *capability = capability_of(op);
    if (!capability)
        return json_pack("{s:s}", "cannot", op);
    if (child && !is_start(op) && !(request.child = child_named(child)))
        return answer_error("there is no such child");
    return capability->play(&request);
}

struct list {
    pthread_barrier_t *barrier;
    json_t *requests, *answers;
};

static void *play_list(void *argument) {
    struct list *list = argument;
    pthread_barrier_wait(list->barrier);
    for (size_t i = 0; i < json_array_size(list->requests); i++)
        json_array_append_new(list->answers, play(json_array_get(list->requests, i)));
    return NULL;
}

json_t *play_together(const struct request *request) {
    static const char *const members[] = {"first", "second"};
    pthread_barrier_t barrier;
    pthread_t threads[2];
    struct list lists[2];
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < 2; i++) {
        lists[i].barrier = &barrier;
        lists[i].requests = json_object_get(request->members, members[i]);
        lists[i].answers = json_array();
        pthread_create(&threads[i], NULL, play_list, &lists[i]);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
    return answer("{s:o, s:o}", members[0], lists[0].answers, members[1], lists[1].answers);
}

/* --- lines --- */

static _Noreturn void give_up(const char *what, const char *why) {
    fprintf(stderr, "adapter: %s: %s\n", what, why);
    exit(2);
}

static FILE *open_fifo(const char *path, const char *mode) {
    FILE *fifo = path ? fopen(path, mode) : NULL;
    if (!fifo)
        give_up(path ? path : "usage", path ? strerror(errno) : "ADAPTER REQUESTS ANSWERS");
    return fifo;
}

static void say(json_t *line) {
    json_dumpf(line, answers, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputc('\n', answers);
    fflush(answers);
    json_decref(line);
}

void adapter_reply(json_t *answer) {
    json_object_set_new(answer, "id", asked);
    say(answer);
}

FILE *adapter_begin(char **argv, const char *name, const char *version,
                    const struct capability *capabilities) {
    FILE *requests = open_fifo(argv[1], "r");
    answers = open_fifo(argv[2], "w");
    can = capabilities;
    json_t *list = json_array();
    for (const struct capability *capability = can; capability->name; capability++)
        json_array_append_new(list, json_string(capability->name));
    say(json_pack("{s:i, s:s, s:s, s:i, s:o}", "adapter", 1, "name", name, "version", version,
                  "pid", getpid(), "can", list));
    return requests;
}

bool adapter_answer(const char *line) {
    json_error_t error;
    json_t *members = json_loads(line, 0, &error);
    const char *op = json_string_value(json_object_get(members, "op"));
    asked = json_incref(json_object_get(members, "id"));
    if (!asked || !op)
        give_up("this is no request", line);
    bool more = strcmp(op, "end") != 0;
    json_t *now = play(members);
    if (now)
        adapter_reply(now);
    json_decref(members);
    return more;
}

/* A signal that the program handles may come while it waits for the line. */
static bool next_line(char **line, size_t *room, FILE *requests) {
    while (getline(line, room, requests) <= 0) {
        if (!ferror(requests) || errno != EINTR)
            return false;
        clearerr(requests);
    }
    return true;
}

int adapter_serve(char **argv, const char *name, const char *version,
                  const struct capability *capabilities) {
    FILE *requests = adapter_begin(argv, name, version, capabilities);
    char *line = NULL;
    size_t room = 0;
    while (next_line(&line, &room, requests) && adapter_answer(line))
        ;
    free(line);
    return 0;
}
