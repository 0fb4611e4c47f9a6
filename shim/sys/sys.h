/*
 * What differs by operating system, behind one header. A port adds a folder beside linux/ with
 * the same functions; docs/porting.md will say which are needed first.
 */
#ifndef FP_SYS_H
#define FP_SYS_H

#if defined(__linux__)
#include "linux/calls.h"
#else
#error "no sys implementation for this system"
#endif

#endif
