/* `forkproof kill`, `stop` and `cont`; `forkproof ps`. argv[0] is the subcommand. */
#ifndef FP_TELL_H
#define FP_TELL_H

int fp_kill_main(int argc, char **argv);
int fp_stop_main(int argc, char **argv);
int fp_cont_main(int argc, char **argv);
int fp_ps_main(int argc, char **argv);

/* Of what getopt has found wrong, after ':' or '?': one line. */
int fp_tell_complain(const char *subcommand, int answer, char **argv);

#endif
