/* For `forkproof doctor`, which looks for it in the file: which version this object is of. */
#include "forkproof_version.h"

__attribute__((used)) static const char version[] = "forkproof version " FORKPROOF_VERSION;
