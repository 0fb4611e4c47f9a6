/* spawn_version.c, as a program that was linked long ago. */
#define OLD
#include "spawn_version.c"
