# Warnings for every target of ours: link against it, no global flags.
add_library(fp_warnings INTERFACE)
target_compile_options(fp_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wundef -Wvla -Wformat=2 -Wcast-qual -Wwrite-strings
    -Wnull-dereference -Wimplicit-fallthrough -Wswitch-enum -Wframe-larger-than=4096 -Werror=format-security
    $<$<BOOL:${FORKPROOF_WERROR}>:-Werror>)
