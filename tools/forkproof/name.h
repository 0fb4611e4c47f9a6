/* The names that ps, pkill and killall know our own processes by. */
#ifndef FP_NAME_H
#define FP_NAME_H

/*
 * The calling process gets another name, and its arguments are wiped: what sweeps by the command's
 * name, or by a word of its arguments, passes it by. argv: as main() got it, or NULL.
 */
void fp_name_self(const char *name, char **argv);

#endif
