/* What hung while it was looked at, and who died because nobody read any more. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "replay.h"

enum { STALLS = 256 };

/* --- stalls --- */

/* Places, in the order in which they matter; each once. */
struct places {
    struct {
        const char *what;
        size_t event;
    } at[4];
    size_t count;
};

static void add_place(struct places *places, const char *what, size_t event) {
    if (event == FP_NO_EVENT || places->count == sizeof places->at / sizeof *places->at)
        return;
    for (size_t i = 0; i < places->count; i++)
        if (places->at[i].event == event)
            return;
    places->at[places->count].what = what;
    places->at[places->count++].event = event;
}

/* The next line of the text, which begins behind it then. */
static struct fp_record_text take_line(struct fp_record_text *text) {
    const char *end = text->size ? memchr(text->at, '\n', text->size) : NULL;
    struct fp_record_text line = {text->at, end ? (size_t)(end - text->at) : text->size};
    size_t taken = line.size + (end != NULL);
    text->at += taken;
    text->size -= taken;
    return line;
}

/* The number between two marks, from *ret_at on, which moves behind it; -1: there is none. */
static int number_after(struct fp_record_text line, const char *before, char behind,
                        size_t *ret_at) {
    size_t length = strlen(before);
    for (size_t i = *ret_at; i + length < line.size; i++) {
        int number = 0;
        size_t at = i + length;
        if (memcmp(line.at + i, before, length) != 0)
            continue;
        while (at < line.size && line.at[at] >= '0' && line.at[at] <= '9' && number < 100000000)
            number = 10 * number + line.at[at++] - '0';
        if (at == i + length || at == line.size || line.at[at] != behind)
            continue;
        *ret_at = at;
        return number;
    }
    return -1;
}

/* What gave the number its file before that: FP_NO_EVENT when it goes to the parent, or nothing is
 * known. Copies are followed: *fd is then the number that was copied. */
static size_t pipe_in(const struct fp_scene *scene, const struct fp_life *life, size_t before,
                      int *fd, bool *ret_is_known) {
    for (size_t i = life->event_count; i-- > 0;) {
        struct fp_record_event event = fp_scene_event(scene, life->events[i]);
        const struct fp_audit_descriptor *what = event.descriptor;
        if (life->events[i] >= before || event.kind != FP_AUDIT_DESCRIPTOR || what->result < 0)
            continue;
        bool is_pipe = what->what == FP_TOUCHED_PIPE && (what->fd == *fd || what->other == *fd);
        *ret_is_known = is_pipe || (what->what == FP_TOUCHED_OPEN && what->fd == *fd);
        if (*ret_is_known)
            return is_pipe ? life->events[i] : FP_NO_EVENT;
        if (what->what == FP_TOUCHED_DUP && what->other == *fd)
            *fd = what->fd;
    }
    return FP_NO_EVENT;
}

/* Where the pipe was made that a process holds by that number. */
static size_t pipe_of(const struct fp_scene *scene, size_t life, int fd, size_t before) {
    bool is_known = false;
    while (life != FP_RECORD_NONE && !is_known) {
        const struct fp_life *of = &scene->lives[life];
        size_t made = pipe_in(scene, of, before, &fd, &is_known);
        if (made != FP_NO_EVENT)
            return made;
        before = of->forked == FP_NO_EVENT ? before : of->forked;
        life = of->parent;
    }
    return FP_NO_EVENT;
}

/* "NAME (PID), as descriptor FD": the pipe. */
static void add_pipe(const struct fp_scene *scene, size_t number, struct fp_record_text line,
                     struct places *places) {
    size_t at = 0;
    int pid = number_after(line, "(", ')', &at);
    int fd = pid < 0 ? -1 : number_after(line, ", as descriptor ", ':', &at);
    if (fd < 0)
        return;
    size_t life = fp_scene_who(scene, pid, fp_scene_event(scene, number).time);
    if (life != FP_RECORD_NONE)
        add_place(places, "the pipe is made here", pipe_of(scene, life, fd, number));
}

/* "NAME (PID)", all of them: where they were forked. */
static void add_forks(const struct fp_scene *scene, size_t number, struct fp_record_text line,
                      struct places *places) {
    size_t at = 0;
    for (int pid; (pid = number_after(line, "(", ')', &at)) >= 0;) {
        size_t life = fp_scene_who(scene, pid, fp_scene_event(scene, number).time);
        if (life != FP_RECORD_NONE)
            add_place(places, "forked here", scene->lives[life].forked);
    }
}

/* The last thing that the process is known to have done, with a stack. */
static void add_last(const struct fp_scene *scene, size_t life, size_t before,
                     struct places *places) {
    const struct fp_life *of = &scene->lives[life];
    for (size_t i = of->event_count; i-- > 0 && places->count == 0;)
        if (of->events[i] < before && fp_scene_event(scene, of->events[i]).machine)
            add_place(places, "the last that it is known to have done", of->events[i]);
}

static const char *known_rule(const struct fp_scene *scene, struct fp_record_text id) {
    for (size_t i = 0; i < scene->gotcha_count; i++)
        if (*scene->gotchas[i].audit && strlen(scene->gotchas[i].id) == id.size &&
            memcmp(scene->gotchas[i].id, id.at, id.size) == 0)
            return scene->gotchas[i].id;
    return NULL;
}

static int length_of(struct fp_record_text text) {
    return text.size < 1024 ? (int)text.size : 1024;
}

/*
 * pipe-full-deadlock, sequential-capture, pipe-writer-left-open, pipe-reader-left-open,
 * wait-blocks-on-held-pipe and whatever else the stall is called: forkproof has looked, twice, at
 * who waits for whom, and decided (waits.h). Here it gets its places: where the pipes were made
 * that it names, and where the processes were forked.
 */
static void stall(struct fp_scene *scene, size_t number, const struct fp_record_event *event) {
    struct fp_record_text text = event->text;
    struct places places = {.count = 0};
    const char *rule = known_rule(scene, take_line(&text));
    struct fp_record_text sentence = take_line(&text);
    size_t life = fp_scene_who(scene, event->stall->pid, event->time);
    if (life == FP_RECORD_NONE)
        life = scene->root;
    if (!rule || sentence.size == 0 || life == FP_RECORD_NONE)
        return;
    for (struct fp_record_text rest = text; rest.size;)
        add_pipe(scene, number, take_line(&rest), &places);
    add_forks(scene, number, sentence, &places);
    add_last(scene, life, number, &places);
    struct fp_found *found = fp_find(scene, rule, life, places.count ? places.at[0].what : "",
                                     places.count ? places.at[0].event : FP_NO_EVENT, "%.*s",
                                     length_of(sentence), sentence.at);
    for (size_t i = 1; i < places.count; i++)
        fp_found_place(found, places.at[i].what, places.at[i].event);
    while (text.size) {
        struct fp_record_text line = take_line(&text);
        fp_found_line(found, "%.*s", length_of(line), line.at);
    }
}

/* --- who died --- */

/* A writing end that this process has made and kept, without the reading end; FP_NO_EVENT. */
static size_t kept_for_writing(const struct fp_replay *replay, size_t life) {
    const struct fp_scene *scene = fp_replay_scene(replay);
    const struct fp_held *all;
    size_t count = fp_replay_all(replay, life, &all), made = FP_NO_EVENT;
    for (size_t i = 0; i < count; i++) {
        bool is_kept = fp_held_is_open(&all[i]) && all[i].end == FP_WRITING_END &&
                       fp_scene_event(scene, all[i].made).process == life;
        for (size_t k = 0; k < count && is_kept; k++)
            is_kept = !(fp_held_is_open(&all[k]) && all[k].made == all[i].made &&
                        all[k].end == FP_READING_END);
        if (is_kept && (made == FP_NO_EVENT || all[i].made > made))
            made = all[i].made;
    }
    return made;
}

/* A child that was forked after that and ended before this one. */
static size_t ended_reader(const struct fp_scene *scene, size_t life, size_t made) {
    const size_t *children;
    size_t count = fp_scene_children(scene, life, &children);
    for (size_t i = 0; i < count; i++) {
        const struct fp_life *child = &scene->lives[children[i]];
        if (child->forked != FP_NO_EVENT && child->forked > made && child->died &&
            (!scene->lives[life].died || child->died <= scene->lives[life].died))
            return children[i];
    }
    return FP_RECORD_NONE;
}

/*
 * stdin-epipe: a process was killed by SIGPIPE that held the writing end, and not the reading end,
 * of a pipe that it had made itself before it forked a child which ended before it did. So not the
 * writer of a shell's pipeline, which has made no pipe; and not a shell.
 */
static void died(struct fp_replay *replay, size_t life, void *unused) {
    struct fp_scene *scene = fp_replay_scene(replay);
    int status = scene->lives[life].status;
    (void)unused;
    if (status < 0 || !WIFSIGNALED(status) || WTERMSIG(status) != SIGPIPE ||
        fp_replay_is_shell(replay, life))
        return;
    size_t made = kept_for_writing(replay, life);
    size_t child = made == FP_NO_EVENT ? FP_RECORD_NONE : ended_reader(scene, life, made);
    if (child == FP_RECORD_NONE)
        return;
    struct fp_found *found =
        fp_find(scene, "stdin-epipe", life, "the pipe is made here", made,
                "%s was killed by SIGPIPE: it held a pipe for writing, and its child %s had ended",
                fp_scene_name(scene, life), fp_scene_name(scene, child));
    fp_found_place(found, "the child is forked here", scene->lives[child].forked);
}

static void look(struct fp_replay *replay, size_t number, const struct fp_record_event *event,
                 void *left) {
    size_t *stalls = left;
    if (event->kind == FP_AUDIT_STALL && *stalls > 0) {
        stall(fp_replay_scene(replay), number, event);
        --*stalls;
    }
}

void fp_rules_stall(struct fp_scene *scene) {
    size_t stalls = STALLS; // forkproof writes a few; a member may have written millions
    fp_replay(scene, look, died, &stalls);
}
