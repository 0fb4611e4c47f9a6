/* Functions of which glibc has two versions here; see versions.map. */
#ifndef FP_ARCH_VERSIONS_H
#define FP_ARCH_VERSIONS_H

/* posix_spawn and posix_spawnp; the newer one, which all others get, is GLIBC_2.15. */
#define FP_OLD_SPAWN "GLIBC_2.2"

#endif
