/* What an exec is given: paths, variables, signal masks; and what a shell is told. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "../../values.h"
#include "forked.h"
#include "replay.h"

enum { LOOKED_BACK = 10000 }; /* events */

static bool has(const struct fp_record_text *text, char c) {
    return text->size && memchr(text->at, c, text->size);
}

/* --- which program --- */

/*
 * relative-program-path: an exec by a bare name, which is looked up in PATH, while an executable
 * file of that name lies in the working directory. A shell does not look up by such a call.
 */
static void bare_name(struct fp_scene *scene, size_t number, const struct fp_record_event *event) {
    uint32_t due = FP_EXEC_SEARCHED | FP_EXEC_ALSO_HERE;
    if ((event->exec->flags & due) != due || has(&event->text, '/'))
        return;
    const char *name = fp_scene_text(scene, event->text);
    struct fp_found *found =
        fp_find(scene, "relative-program-path", event->process, "executed here", number,
                "\"%s\" is looked up in PATH, and not run from the working directory, where a "
                "program of that name lies too",
                name);
    fp_found_line(found, "the path given: %s", name);
    if (fp_exec_end(scene, number) == FP_EXEC_FAILED)
        fp_found_line(found, "PATH had none: the exec failed");
}

/*
 * chdir-program-path: a forked child changes its directory and then executes a relative path with a
 * slash, which in its parent's directory leads to another file. Not of shells, whose scripts mean
 * the child's directory: (cd sub && ./program).
 */
static void moved_path(struct fp_scene *scene, size_t number, const struct fp_record_event *event) {
    uint32_t due = FP_EXEC_MOVED | FP_EXEC_PARENT_HAS | FP_EXEC_IN_CHILD;
    if ((event->exec->flags & due) != due || event->exec->flags & FP_EXEC_SEARCHED ||
        !has(&event->text, '/') || event->text.at[0] == '/')
        return;
    const char *path = fp_scene_text(scene, event->text);
    bool is_lost = fp_exec_end(scene, number) == FP_EXEC_FAILED;
    struct fp_found *found =
        fp_find(scene, "chdir-program-path", event->process, "executed here", number,
                "\"%s\" is looked up in the directory that the child has changed to, %s", path,
                is_lost ? "where it cannot be executed; in its parent's it is there"
                        : "and not in its parent's, where it is another file");
    fp_found_place(found, "forked here", scene->lives[event->process].forked);
}

/* --- signals --- */

#define BIT(number) (UINT64_C(1) << ((number)-1))

/* Of the C library, for threads and timers; no program can block them. */
static const uint64_t internal = BIT(32) | BIT(33) | BIT(34);

static void name_signals(struct fp_found *found, uint64_t signals) {
    for (int i = 1; i <= 64; i++)
        if (signals & BIT(i))
            fp_found_line(found, "blocked: %s", fp_signal_name(i));
}

static void blocked(struct fp_scene *scene, size_t number, size_t life, uint64_t signals) {
    int first = 1;
    while (!(signals & BIT(first)))
        first++;
    struct fp_found *found = fp_find(scene, "sigmask-inherited", life, "executed here", number,
                                     "%s is executed with %s%s blocked, which it will not expect",
                                     fp_exec_path(scene, number), fp_signal_name(first),
                                     signals & (signals - 1) ? " and others" : "");
    name_signals(found, signals);
}

static void ignored(struct fp_scene *scene, size_t number, size_t life, const char *which) {
    struct fp_found *found = fp_find(scene, "sigmask-inherited", life, "executed here", number,
                                     "%s is executed with %s ignored, which it will not expect",
                                     fp_exec_path(scene, number), which);
    fp_found_line(found, "ignored: %s", which);
}

/*
 * sigmask-inherited: a program is executed with a signal blocked that was not blocked when the
 * image that executes it began, or with SIGPIPE or SIGCHLD ignored that was not ignored then. Not
 * by a shell: its script has a trap, which is there to be inherited.
 */
static void signals_kept(const struct fp_replay *replay, size_t number,
                         const struct fp_record_event *event) {
    struct fp_scene *scene = fp_replay_scene(replay);
    const struct fp_audit_exec *exec = event->exec;
    uint64_t more = exec->blocked & ~exec->blocked_before & ~internal;
    uint32_t had = exec->flags & (FP_EXEC_HAD_NO_SIGPIPE | FP_EXEC_HAD_NO_SIGCHLD);
    if (fp_exec_end(scene, number) != FP_EXEC_WORKED || fp_replay_is_shell(replay, event->process))
        return;
    if (more)
        blocked(scene, number, event->process, more);
    if (exec->flags & FP_EXEC_NO_SIGPIPE && !(had & FP_EXEC_HAD_NO_SIGPIPE))
        ignored(scene, number, event->process, "SIGPIPE");
    if (exec->flags & FP_EXEC_NO_SIGCHLD && !(had & FP_EXEC_HAD_NO_SIGCHLD))
        ignored(scene, number, event->process, "SIGCHLD");
}

/* --- a file that is still open for writing --- */

static struct fp_record_text without_dot(struct fp_record_text path) {
    while (path.size > 2 && path.at[0] == '.' && path.at[1] == '/')
        path.at += 2, path.size -= 2;
    return path;
}

static bool is_same_text(struct fp_record_text one, struct fp_record_text other) {
    return one.size == other.size && memcmp(one.at, other.at, one.size) == 0;
}

static bool writes_it(const struct fp_record_event *event, struct fp_record_text path) {
    return event->kind == FP_AUDIT_DESCRIPTOR && event->descriptor->what == FP_TOUCHED_OPEN &&
           event->descriptor->result == 0 && event->descriptor->flags & (O_WRONLY | O_RDWR) &&
           is_same_text(without_dot(event->text), path);
}

static size_t last_opened(const struct fp_scene *scene, size_t number, struct fp_record_text path) {
    for (size_t left = LOOKED_BACK; number-- > 0 && left > 0; left--) {
        struct fp_record_event event = fp_scene_event(scene, number);
        if (writes_it(&event, path))
            return number;
    }
    return FP_NO_EVENT;
}

/* A child that was forked while the file was open, and had not executed anything yet. */
static size_t holder_of(const struct fp_scene *scene, size_t opened, size_t number, size_t self) {
    struct fp_record_event open = fp_scene_event(scene, opened);
    const size_t *children;
    size_t count = fp_scene_children(scene, open.process, &children);
    for (size_t i = 0; i < count; i++) {
        const struct fp_life *child = &scene->lives[children[i]];
        if (children[i] == self || child->forked == FP_NO_EVENT || child->forked < opened ||
            child->forked > number)
            continue;
        bool had_executed = child->executed != FP_NO_EVENT && child->executed < number;
        bool was_over = child->died && child->died < fp_scene_event(scene, number).time;
        if (!had_executed && !was_over)
            return children[i];
    }
    return FP_RECORD_NONE;
}

/*
 * etxtbsy-race: an exec failed with ETXTBSY. With the call that opened that path for writing, and
 * the fork, while it was open, of a child that had not executed anything by then.
 */
static void text_busy(struct fp_scene *scene, size_t number, const struct fp_record_event *event) {
    const char *path = fp_scene_text(scene, event->text);
    size_t opened = last_opened(scene, number, without_dot(event->text));
    size_t holder =
        opened == FP_NO_EVENT ? FP_RECORD_NONE : holder_of(scene, opened, number, event->process);
    struct fp_found *found =
        fp_find(scene, "etxtbsy-race", event->process, "executed here", number,
                holder == FP_RECORD_NONE
                    ? "\"%s\" cannot be executed: somebody has it open for writing"
                    : "\"%s\" cannot be executed: child %d still has it open for writing",
                path, holder == FP_RECORD_NONE ? 0 : (int)scene->lives[holder].pid);
    fp_found_place(found, "opened for writing here", opened);
    if (holder != FP_RECORD_NONE)
        fp_found_place(found, "forked here while it was open", scene->lives[holder].forked);
}

/* --- variables --- */

/* http_proxy and its like are written in both ways by custom. */
static bool is_proxy(struct fp_record_text names) {
    static const char tail[] = "_proxy";
    size_t size = sizeof tail - 1;
    return names.size > size && strncasecmp(names.at + names.size - size, tail, size) == 0;
}

/*
 * env-case: an exec is given a name twice, which the image had not itself. Names that differ only
 * in case are a note: on Unix they are two.
 */
static void variable(struct fp_scene *scene, size_t number, const struct fp_record_event *event) {
    size_t exec = fp_exec_of(scene, number);
    const char *names = fp_scene_text(scene, event->text);
    bool is_twice = event->variable->what == FP_VARIABLE_TWICE;
    if (exec == FP_NO_EVENT || (!is_twice && is_proxy(event->text)))
        return;
    struct fp_found *found = fp_find(
        scene, "env-case", event->process, "executed here", exec,
        is_twice ? "the environment has %s twice, and each reader takes the one it likes"
                 : "the environment has %s, which differ only in case: elsewhere they are one",
        names);
    fp_found_line(found, "for %s", fp_exec_path(scene, exec));
    if (!is_twice)
        fp_found_severity(found, FP_NOTE);
}

/* --- what a shell is told --- */

enum { PIECE = 3 }; /* shorter ones stand in a command by chance */

static const char syntax[] = ";|&$<>`()\n";

static bool has_syntax(struct fp_record_text text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] && strchr(syntax, text.at[i]))
            return true;
    return false;
}

/* The quote that is open where the command comes to that place; 0: none. */
static char quote_at(struct fp_record_text command, size_t place) {
    char quote = 0;
    for (size_t i = 0; i < place; i++) {
        char c = command.at[i];
        if (c == '\\' && quote != '\'')
            i++;
        else if (quote ? c == quote : c == '\'' || c == '"')
            quote = quote ? 0 : c;
    }
    return quote;
}

/* A quote protects what does not end it, and double ones not from substitution. */
static bool is_quoted(struct fp_record_text command, size_t place, struct fp_record_text piece) {
    char quote = quote_at(command, place);
    if (quote == '\'')
        return !has(&piece, '\'');
    return quote == '"' && !has(&piece, '"') && !has(&piece, '$') && !has(&piece, '`');
}

/* Where the command begins with it, it is one by design: "sh -c" with something around it. */
static bool begins_with_it(struct fp_record_text command, size_t place) {
    for (size_t i = 0; i < place; i++)
        if (!isspace((unsigned char)command.at[i]) && !strchr("({", command.at[i]))
            return false;
    return true;
}

static bool is_told(struct fp_record_text command, struct fp_record_text piece) {
    if (piece.size < PIECE || piece.size >= command.size || !has_syntax(piece))
        return false;
    for (size_t i = 0; i + piece.size <= command.size; i++)
        if (memcmp(command.at + i, piece.at, piece.size) == 0 && !begins_with_it(command, i) &&
            !is_quoted(command, i, piece))
            return true;
    return false;
}

/* An argument of the program that holds it. */
static struct fp_record_text argument_in(const struct fp_scene *scene, size_t image,
                                         struct fp_record_text command) {
    if (image == FP_NO_EVENT)
        return (struct fp_record_text){NULL, 0};
    struct fp_record_text argv = fp_scene_event(scene, image).text;
    for (size_t begin = 0; begin < argv.size;) {
        const char *end = memchr(argv.at + begin, '\0', argv.size - begin);
        size_t size = end ? (size_t)(end - argv.at) - begin : argv.size - begin;
        struct fp_record_text piece = {argv.at + begin, size};
        if (begin > 0 && is_told(command, piece))
            return piece;
        begin += size + 1;
    }
    return (struct fp_record_text){NULL, 0};
}

/*
 * A path that the process, or one that it was forked from in this image, has opened before: not
 * long before, as there may be a hundred thousand such calls.
 */
static size_t path_in(const struct fp_scene *scene, size_t life, size_t before,
                      struct fp_record_text command) {
    for (size_t left = LOOKED_BACK; left > 0 && life != FP_RECORD_NONE;
         life = scene->lives[life].parent) {
        const struct fp_life *of = &scene->lives[life];
        for (size_t i = fp_events_after(of, before); i-- > 0 && left > 0; left--) {
            struct fp_record_event event = fp_scene_event(scene, of->events[i]);
            if (event.kind == FP_AUDIT_IMAGE)
                return FP_NO_EVENT;
            if (event.kind == FP_AUDIT_DESCRIPTOR && event.descriptor->what == FP_TOUCHED_OPEN &&
                is_told(command, event.text))
                return of->events[i];
        }
    }
    return FP_NO_EVENT;
}

/*
 * shell-injection: system or popen is given a command that is no constant, in which an argument of
 * the program, or a path that it has opened, stands verbatim and not quoted, and has shell syntax
 * in it. Not where the command is that argument, or begins with it: it is meant as one.
 */
static void shell(const struct fp_replay *replay, size_t number,
                  const struct fp_record_event *event) {
    struct fp_scene *scene = fp_replay_scene(replay);
    if (event->shell->flags & FP_SHELL_LITERAL || !has_syntax(event->text))
        return;
    size_t image = fp_replay_image(replay, event->process);
    struct fp_record_text piece = argument_in(scene, image, event->text);
    size_t opened = piece.size ? FP_NO_EVENT : path_in(scene, event->process, number, event->text);
    if (opened != FP_NO_EVENT)
        piece = fp_scene_event(scene, opened).text;
    if (piece.size == 0)
        return;
    struct fp_found *found =
        fp_find(scene, "shell-injection", event->process, "given to the shell here", number,
                "%s \"%s\" reaches the shell unquoted: what is syntax in it runs",
                opened == FP_NO_EVENT ? "the argument" : "the path", fp_scene_text(scene, piece));
    fp_found_place(found, "the path is opened here", opened);
    fp_found_line(found, "the command: %s", fp_scene_text(scene, event->text));
}

/* --- all --- */

static void exec(const struct fp_replay *replay, size_t number,
                 const struct fp_record_event *event) {
    struct fp_scene *scene = fp_replay_scene(replay);
    if (event->exec->result == -ETXTBSY)
        text_busy(scene, number, event);
    if (event->exec->result != 0)
        return;
    bare_name(scene, number, event);
    if (!fp_replay_is_shell(replay, event->process))
        moved_path(scene, number, event);
    signals_kept(replay, number, event);
}

static void look(struct fp_replay *replay, size_t number, const struct fp_record_event *event,
                 void *unused) {
    (void)unused;
    if (event->kind == FP_AUDIT_EXEC)
        exec(replay, number, event);
    else if (event->kind == FP_AUDIT_VARIABLE)
        variable(fp_replay_scene(replay), number, event);
    else if (event->kind == FP_AUDIT_SHELL)
        shell(replay, number, event);
}

void fp_rules_exec(struct fp_scene *scene) {
    fp_replay(scene, look, NULL, NULL);
}
