/* `forkproof kill`, `stop` and `cont`; `forkproof ps`. argv[0] is the subcommand. */
#ifndef FP_TELL_H
#define FP_TELL_H

int fp_kill_main(int argc, char **argv);
int fp_stop_main(int argc, char **argv);
int fp_cont_main(int argc, char **argv);
int fp_ps_main(int argc, char **argv);

/* A text for standard output: the exit status, 125 after one line. NULL: there was no memory. */
int fp_tell_text(const char *text);

/* Of what getopt has found wrong, after ':' or '?': one line. */
int fp_tell_complain(const char *subcommand, int answer, char **argv);

#endif
