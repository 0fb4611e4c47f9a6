/* The heap. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "wrap_unsafe.h"

FP_UNSAFE_CALL(void *, malloc, (size_t size), (size), NULL)
FP_UNSAFE_CALL(void *, calloc, (size_t count, size_t size), (count, size), NULL)
FP_UNSAFE_CALL(void *, realloc, (void *old, size_t size), (old, size), NULL)
FP_UNSAFE_CALL(void *, memalign, (size_t alignment, size_t size), (alignment, size), NULL)
FP_UNSAFE_CALL(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size), NULL)
FP_UNSAFE_CALL(int, posix_memalign, (void **ret, size_t alignment, size_t size),
               (ret, alignment, size), ENOMEM)

FP_EXPORT void free(void *memory) {
    if (memory)
        FP_UNSAFE(free);
    __typeof__(&free) next = FP_NEXT(free);
    if (next)
        next(memory);
}
