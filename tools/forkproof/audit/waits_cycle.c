#include "waits_cycle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "waits_inner.h"

/*
 * Who is stuck waits for whom: nodes are places of processes, and one more that stands for
 * "anybody", which those wait for that need a signal or a fifo opened.
 */
struct graph {
    const struct fp_waits *waits;
    size_t nodes, anybody;
    size_t *first, *edges, edge_count; /* those of n: from first[n] to first[n + 1] */
    size_t *component;                 /* of each node; 0: not stuck */
    size_t components;
    bool *leaves; /* a component waits for another one */
    bool failed;
};

static bool add_edge(size_t to, void *data) {
    struct graph *graph = data;
    size_t *larger = fp_grow(graph->edges, &graph->edge_count, sizeof *larger);
    if (!larger) {
        graph->failed = true;
        return false;
    }
    graph->edges = larger;
    larger[graph->edge_count - 1] = to;
    return true;
}

static bool is_for_anybody(enum fp_wait_kind kind) {
    return kind == FP_WAIT_SIGNAL || kind == FP_WAIT_OPEN_READ || kind == FP_WAIT_OPEN_WRITE;
}

static void add_edges_of(struct graph *graph, size_t process) {
    const struct fp_waits *waits = graph->waits;
    const struct fp_looked *at = &waits->processes[process];
    for (size_t i = 0; i < at->count && !graph->failed; i++) {
        const struct fp_wait *wait = &waits->waits[at->first + i];
        if (is_for_anybody(wait->kind))
            add_edge(graph->anybody, graph);
        else
            fp_waits_each_waker(waits, wait, add_edge, graph);
    }
}

static int build(struct graph *graph, const struct fp_waits *waits) {
    *graph = (struct graph){.waits = waits};
    graph->anybody = waits->process_count;
    graph->nodes = graph->anybody + 1;
    graph->first = calloc(graph->nodes + 1, sizeof *graph->first);
    graph->component = calloc(graph->nodes, sizeof *graph->component);
    graph->leaves = calloc(graph->nodes + 1, sizeof *graph->leaves);
    if (!graph->first || !graph->component || !graph->leaves)
        return -ENOMEM;
    for (size_t i = 0; i < graph->anybody; i++) {
        graph->first[i] = graph->edge_count;
        if (fp_process_is_stuck(waits, i))
            add_edges_of(graph, i);
    }
    graph->first[graph->anybody] = graph->edge_count;
    for (size_t i = 0; i < graph->anybody; i++)
        if (fp_process_is_stuck(waits, i))
            add_edge(i, graph);
    graph->first[graph->nodes] = graph->edge_count;
    return graph->failed ? -ENOMEM : 0;
}

static void drop(struct graph *graph) {
    free(graph->first);
    free(graph->edges);
    free(graph->component);
    free(graph->leaves);
}

/* Tarjan's strongly connected components, without recursion: a chain may be as long as a run. */
struct tarjan {
    size_t *index, *low, *next; /* of each node; index 0: not seen */
    size_t *path, path_count;   /* the calls */
    size_t *open, open_count;   /* nodes of no component yet */
    size_t seen;
};

static void enter(struct tarjan *t, const struct graph *graph, size_t node) {
    t->index[node] = t->low[node] = ++t->seen;
    t->next[node] = graph->first[node];
    t->path[t->path_count++] = node;
    t->open[t->open_count++] = node;
}

static void leave(struct tarjan *t, struct graph *graph, size_t node) {
    t->path_count--;
    if (t->path_count > 0) {
        size_t above = t->path[t->path_count - 1];
        if (t->low[node] < t->low[above])
            t->low[above] = t->low[node];
    }
    if (t->low[node] != t->index[node])
        return;
    graph->components++;
    size_t member;
    do {
        member = t->open[--t->open_count];
        graph->component[member] = graph->components;
    } while (member != node);
}

static void visit_from(struct tarjan *t, struct graph *graph, size_t start) {
    enter(t, graph, start);
    while (t->path_count > 0) {
        size_t node = t->path[t->path_count - 1];
        if (t->next[node] == graph->first[node + 1]) {
            leave(t, graph, node);
            continue;
        }
        size_t to = graph->edges[t->next[node]++];
        if (t->index[to] == 0)
            enter(t, graph, to);
        else if (graph->component[to] == 0 && t->index[to] < t->low[node])
            t->low[node] = t->index[to];
    }
}

static int find_components(struct graph *graph) {
    size_t *room = calloc(graph->nodes * 5, sizeof *room), n = graph->nodes;
    if (!room)
        return -ENOMEM;
    struct tarjan t = {.index = room,
                       .low = room + n,
                       .next = room + 2 * n,
                       .path = room + 3 * n,
                       .open = room + 4 * n};
    for (size_t i = 0; i < graph->anybody; i++)
        if (t.index[i] == 0 && fp_process_is_stuck(graph->waits, i))
            visit_from(&t, graph, i);
    free(room);
    for (size_t i = 0; i < graph->nodes; i++)
        for (size_t e = graph->first[i]; graph->component[i] && e < graph->first[i + 1]; e++)
            if (graph->component[graph->edges[e]] != graph->component[i])
                graph->leaves[graph->component[i]] = true;
    return 0;
}

/* A wait in its own memory says least: told where a process has no other. */
static bool is_told(const struct fp_waits *waits, const struct fp_wait *wait) {
    const struct fp_looked *process = &waits->processes[wait->process];
    if (wait->kind != FP_WAIT_FUTEX)
        return true;
    for (size_t i = 0; i < process->count; i++) {
        const struct fp_wait *other = &waits->waits[process->first + i];
        if (other->kind != FP_WAIT_FUTEX)
            return false;
    }
    return wait == &waits->waits[process->first];
}

/* Of a pipe, best of one that is full. */
static int weight(enum fp_wait_kind kind) {
    switch (kind) {
    case FP_WAIT_WRITE:
        return 4;
    case FP_WAIT_READ:
        return 3;
    case FP_WAIT_LOCK:
    case FP_WAIT_OPEN_READ:
    case FP_WAIT_OPEN_WRITE:
        return 2;
    case FP_WAIT_CHILD:
    case FP_WAIT_VFORK:
    case FP_WAIT_FUTEX:
        return 1;
    case FP_WAIT_OTHER:
    case FP_WAIT_SIGNAL:
        break;
    }
    return 0;
}

static bool note_first(size_t process, void *data) {
    *(size_t *)data = process;
    return false;
}

struct other {
    size_t self, found;
};

static bool note_other(size_t process, void *data) {
    struct other *other = data;
    if (process == other->self)
        return true;
    other->found = process;
    return false;
}

/* Whose turn it would be; SIZE_MAX: nobody's in particular. Itself only when there is no other. */
static size_t next_of(const struct fp_waits *waits, const struct fp_wait *wait) {
    struct other other = {wait->process, SIZE_MAX};
    size_t first = SIZE_MAX;
    if (is_for_anybody(wait->kind))
        return SIZE_MAX;
    fp_waits_each_waker(waits, wait, note_other, &other);
    if (other.found == SIZE_MAX)
        fp_waits_each_waker(waits, wait, note_first, &first);
    return other.found != SIZE_MAX ? other.found : first;
}

static size_t position_of(const struct fp_cycle *cycle, const struct fp_waits *waits, size_t from,
                          size_t process) {
    for (size_t i = from; i < cycle->wait_count; i++)
        if (waits->waits[cycle->waits[i]].process == process)
            return i;
    return SIZE_MAX;
}

static void move(size_t *waits, size_t from, size_t to) {
    size_t value = waits[from];
    memmove(waits + to + 1, waits + to, (from - to) * sizeof *waits);
    waits[to] = value;
}

/* Turns the first `count` so that the one at `start` is the first. */
static void rotate(size_t *waits, size_t start, size_t count) {
    for (size_t i = 0; i < start; i++) {
        size_t value = waits[0];
        memmove(waits, waits + 1, (count - 1) * sizeof *waits);
        waits[count - 1] = value;
    }
}

/* Walks from the weightiest; what leads to a ring without being of it comes after the ring. */
static void arrange(struct fp_cycle *cycle, const struct fp_waits *waits) {
    size_t best = 0;
    for (size_t i = 1; i < cycle->wait_count; i++)
        if (weight(waits->waits[cycle->waits[i]].kind) >
            weight(waits->waits[cycle->waits[best]].kind))
            best = i;
    move(cycle->waits, best, 0);
    for (cycle->chain = 1;; cycle->chain++) {
        size_t next = next_of(waits, &waits->waits[cycle->waits[cycle->chain - 1]]);
        size_t at = next == SIZE_MAX ? next : position_of(cycle, waits, 0, next);
        if (at == SIZE_MAX)
            return;
        if (at < cycle->chain) {
            rotate(cycle->waits, at, cycle->chain);
            cycle->chain -= at;
            cycle->is_ring = true;
            return;
        }
        move(cycle->waits, at, cycle->chain);
    }
}

/*
 * Who waits for a signal may be doing what it is there for. That is worth a word only when somebody
 * else waits for what it holds, and not when a parent waits for it to end.
 */
static bool is_worth_telling(const struct fp_cycle *cycle, const struct fp_waits *waits) {
    int most = 0;
    for (size_t i = 0; i < cycle->wait_count; i++) {
        int one = weight(waits->waits[cycle->waits[i]].kind);
        most = one > most ? one : most;
    }
    return most > (cycle->by_signal ? 1 : 0);
}

static int fill(struct fp_cycle *cycle, const struct graph *graph, size_t component) {
    const struct fp_waits *waits = graph->waits;
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < waits->wait_count; i++) {
        const struct fp_wait *wait = &waits->waits[i];
        if (graph->component[wait->process] != component)
            continue;
        cycle->process_count += wait->process != last;
        last = wait->process;
        cycle->by_signal |= wait->kind == FP_WAIT_SIGNAL;
        cycle->by_name |= wait->kind != FP_WAIT_SIGNAL && is_for_anybody(wait->kind);
        if (!is_told(waits, wait))
            continue;
        size_t *larger = fp_grow(cycle->waits, &cycle->wait_count, sizeof *larger);
        if (!larger)
            return -ENOMEM;
        cycle->waits = larger;
        larger[cycle->wait_count - 1] = i;
    }
    return 0;
}

static int add_cycle(const struct graph *graph, size_t component, struct fp_cycles *cycles) {
    struct fp_cycle cycle = {0};
    int r = fill(&cycle, graph, component);
    if (r == 0 && cycle.wait_count && is_worth_telling(&cycle, graph->waits)) {
        struct fp_cycle *larger = fp_grow(cycles->at, &cycles->count, sizeof *larger);
        if (larger) {
            arrange(&cycle, graph->waits);
            cycles->at = larger;
            larger[cycles->count - 1] = cycle;
            return 0;
        }
        r = -ENOMEM;
    }
    free(cycle.waits);
    return r;
}

int fp_cycles_find(const struct fp_waits *waits, struct fp_cycles *ret) {
    struct graph graph;
    int r = build(&graph, waits);
    if (r == 0 && graph.edges) /* whoever is stuck has one to it, from anybody */
        r = find_components(&graph);
    for (size_t i = 1; r == 0 && i <= graph.components; i++)
        if (!graph.leaves[i])
            r = add_cycle(&graph, i, ret);
    drop(&graph);
    return r;
}
