/* The plan of a tree, one line a node: "ID PARENT key=word[:number] …"; forest/plan.py writes it.
 */
#ifndef TREES_PLAN_H
#define TREES_PLAN_H

#include "board.h"

/* In the order of the words in plan.c; the first is what holds where a line does not say. */
enum key {
    HOW,
    IMAGE,
    ENV,
    SESSION,
    NAME,
    DEAF,
    TERM,
    FDS,
    THREADS,
    CGROUP,
    ORDER,
    THEN,
    END,
    REAP,
    KEYS
};

enum { HOW_FORK, HOW_VFORK, HOW_SPAWN, HOW_DOUBLE, HOW_DAEMON, HOW_THREAD };
enum { IMAGE_SAME, IMAGE_DYNAMIC, IMAGE_STATIC };
enum { ENV_KEEP, ENV_CLEAR, ENV_UNLOAD };
enum { SESSION_SAME, SESSION_SETSID, SESSION_GROUP };
enum { NAME_PLAIN, NAME_ODD };
enum { DEAF_NO, DEAF_HUP, DEAF_INT, DEAF_BOTH };
enum { TERM_DEFAULT, TERM_IGNORE, TERM_EXIT, TERM_REFORK, TERM_HOP, TERM_BURST };
enum { FDS_KEEP, FDS_CLOSE };
enum { THREADS_NO, THREADS_SOME, THREADS_ORPHANED };
enum { CGROUP_SAME, CGROUP_INNER, CGROUP_OUT };
enum { ORDER_FREE, ORDER_ORPHAN };
enum { END_LIVE, END_STOP, END_EXIT, END_QUIT, END_SIGNAL, END_ABORT, END_KILLED, END_EXEC };
enum { REAP_YES, REAP_NO };

struct attribute {
    int word, number;
};

struct node {
    bool exists;
    int parent;
    struct attribute at[KEYS];
};

extern struct node plan[NODES];

/* Reads DIRECTORY/plan; the line that is wrong, 0 for none. */
int plan_read(const char *directory);

static inline int plan_word(int node, enum key key) {
    return plan[node].at[key].word;
}

static inline int plan_number(int node, enum key key) {
    return plan[node].at[key].number;
}

#endif
