/* What the fuzz targets share: docs/fuzzing.md. A target is one file, fuzz_NAME.c. */
#ifndef FP_FUZZ_H
#define FP_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of libFuzzer. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A claim about the code under test; a crash where it does not hold. */
#define FP_CLAIM(holds) ((holds) ? (void)0 : fp_fuzz_refute(#holds, __FILE__, __LINE__))
_Noreturn void fp_fuzz_refute(const char *claim, const char *file, int line);

/* A file with these bytes and no others. There are two, which are used again and again. */
int fp_fuzz_file(unsigned number, const void *bytes, size_t size);

/* The path of that file. Good until the next call for the same number. */
const char *fp_fuzz_path(unsigned number, const void *bytes, size_t size);

/* A copy that ends where its block ends, with a NUL behind it; to be freed. */
char *fp_fuzz_text(const uint8_t *data, size_t size);

/* Reads the file as a record, and claims of the reader, the rules and the formats what must hold.
 */
void fp_fuzz_audit(int fd);

#endif
