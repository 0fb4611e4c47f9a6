/* What the compiler may call by itself, in an object that is linked with no library. */
#include <stddef.h>
#include <stdint.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) eight;

void *memset(void *to, int byte, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
int __ctzdi2(uint64_t bits);

void *memset(void *to, int byte, size_t size) {
    unsigned char *at = to;
    for (; size >= sizeof(eight); size -= sizeof(eight), at += sizeof(eight))
        *(eight *)at = (unsigned char)byte * UINT64_C(0x0101010101010101);
    while (size-- > 0)
        *at++ = (unsigned char)byte;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    unsigned char *at = to;
    const unsigned char *source = from;
    for (; size >= sizeof(eight);
         size -= sizeof(eight), at += sizeof(eight), source += sizeof(eight))
        *(eight *)at = *(const eight *)source;
    while (size-- > 0)
        *at++ = *source++;
    return to;
}

/* Called where no instruction counts them (riscv64, 32-bit machines): a builtin would be this. */
int __ctzdi2(uint64_t bits) {
    uint32_t half = (uint32_t)bits ? (uint32_t)bits : (uint32_t)(bits >> 32);
    int zeros = (uint32_t)bits ? 0 : 32;
    for (int step = 16; step > 0; step /= 2)
        if (half << (32 - step) == 0) {
            zeros += step;
            half >>= step;
        }
    return zeros;
}
