#include "tell.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"
#include "find.h"
#include "say.h"
#include "values.h"

#define ANSWER_NS (5 * FP_SECOND)

struct subcommand {
    const char *name;
    enum fp_order_type type;
    const char *help;
};

static const struct subcommand to_kill = {
    "kill", FP_ORDER_END,
    "Usage: forkproof kill [--signal=SIGNAL] RUN\n"
    "Ends a run: its program and all that belongs to it get the run's signal, the\n"
    "grace and SIGKILL. A second time, it ends the grace.\n"
    "RUN is a run's name, its id, or the beginning of its id.\n\n"
    "  -s, --signal=SIGNAL  only send this signal, to every member\n"
    "  -h, --help           this text\n\n"
    "Returns when the order is taken, not when the run has ended.\n"
    "Exit status: 0; 125 it was not carried out.\n"};

static const struct subcommand to_stop = {
    "stop", FP_ORDER_STOP,
    "Usage: forkproof stop RUN\n"
    "Holds every member of a run still, until forkproof cont, or forkproof kill\n"
    "ends it.\n"
    "RUN is a run's name, its id, or the beginning of its id.\n\n"
    "  -h, --help  this text\n\n"
    "Exit status: 0; 125 it was not carried out.\n"};

static const struct subcommand to_cont = {
    "cont", FP_ORDER_CONT,
    "Usage: forkproof cont RUN\n"
    "Lets the members of a run go on that forkproof stop has stopped.\n"
    "RUN is a run's name, its id, or the beginning of its id.\n\n"
    "  -h, --help  this text\n\n"
    "Exit status: 0; 125 it was not carried out.\n"};

int fp_tell_text(const char *text) {
    errno = ENOMEM;
    if (text && fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return 0;
    fp_say("cannot write to standard output: %s", strerror(errno));
    return FP_EXIT_FAILED;
}

int fp_tell_complain(const char *subcommand, int answer, char **argv) {
    const char *word = argv[optind - 1];
    if (answer == ':')
        fp_say("%s: option '%s' needs a value", subcommand, word);
    else if (optopt && strncmp(word, "--", 2) != 0)
        fp_say("%s: unknown option '-%c'", subcommand, optopt);
    else
        fp_say("%s: unknown option, or a value that it does not take: '%s'", subcommand, word);
    return -EINVAL;
}

/* The answer, or -errno after one line. */
static int ask(const struct fp_found *run, const struct fp_order *order, json_t **ret_answer) {
    int fd = fp_find_send(run, order);
    int r = fd < 0 ? fd : fp_find_receive(fd, fp_now() + ANSWER_NS, ret_answer);
    if (fd >= 0)
        close(fd);
    if (r < 0)
        fp_say("run %s %s", run->id, fp_find_problem(r));
    return r;
}

/* The exit status. */
static int judge(const char *id, const json_t *answer) {
    const char *error = json_string_value(json_object_get(answer, "error"));
    long long denied = json_integer_value(json_object_get(answer, "denied"));
    if (error)
        fp_say("run %s: %.200s", id, error);
    else if (denied > 0)
        fp_say("run %s: %lld of its members may not be signalled", id, denied);
    else if (json_is_true(json_object_get(answer, "late")))
        fp_say("run %s: not all of its members have stopped yet", id);
    else
        return 0;
    return FP_EXIT_FAILED;
}

static int order(const char *text, const struct fp_order *what) {
    struct fp_places places;
    struct fp_found run = {0};
    json_t *answer;
    if (fp_places_open(&places) < 0 || fp_find_run(&places, text, &run) < 0 ||
        ask(&run, what, &answer) < 0)
        return FP_EXIT_FAILED;
    int status = judge(run.id, answer);
    json_decref(answer);
    return status;
}

static int set_signal(struct fp_order *what, const char *text) {
    int sig;
    if (fp_value_signal(text, &sig) < 0) {
        fp_say("kill: bad value '%s' for --signal: expected a signal's name or number", text);
        return -EINVAL;
    }
    what->type = FP_ORDER_SIGNAL;
    what->sig = sig;
    return 0;
}

/* 1: help was printed. */
static int parse(int argc, char **argv, const struct subcommand *sub, struct fp_order *what) {
    static const struct option to_all[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    static const struct option kills[] = {{"signal", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    bool kill = sub->type == FP_ORDER_END;
    int option, r = 0;
    opterr = 0;
    optind = 1;
    while (r == 0 && (option = getopt_long(argc, argv, kill ? ":s:h" : ":h", kill ? kills : to_all,
                                           NULL)) != -1)
        if (option == 'h')
            return fp_tell_text(sub->help) == 0 ? 1 : -EIO;
        else
            r = option == 's' ? set_signal(what, optarg)
                              : fp_tell_complain(sub->name, option, argv);
    if (r == 0 && optind != argc - 1) {
        fp_say("%s: %s; see forkproof %s --help", sub->name,
               optind == argc ? "no run given" : "more than one run given", sub->name);
        r = -EINVAL;
    }
    return r;
}

static int run(int argc, char **argv, const struct subcommand *sub) {
    struct fp_order what = {.magic = FP_ORDER_MAGIC, .type = sub->type};
    int r = parse(argc, argv, sub, &what);
    if (r != 0)
        return r > 0 ? 0 : FP_EXIT_FAILED;
    return order(argv[optind], &what);
}

int fp_kill_main(int argc, char **argv) {
    return run(argc, argv, &to_kill);
}

int fp_stop_main(int argc, char **argv) {
    return run(argc, argv, &to_stop);
}

int fp_cont_main(int argc, char **argv) {
    return run(argc, argv, &to_cont);
}
