/* How large a record can be. */
#ifndef FP_STORE_SIZE_H
#define FP_STORE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#define FP_STORE_LEAST (UINT64_C(1) << 20)

/* At most what is wanted, and a fair share of the memory, address space and file size that there
 * is. */
uint64_t fp_store_size(uint64_t wanted);

/* The machine gives no memory but what was promised: a store into what was not is a SIGBUS. */
bool fp_store_must_reserve(void);

#endif
