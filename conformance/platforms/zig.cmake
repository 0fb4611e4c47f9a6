# A toolchain that compiles for a system which is not here: zig, from build/packages (tools/bootstrap zig), with
# FORKPROOF_ZIG_TARGET, as in x86_64-freebsd.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FORKPROOF_ZIG_TARGET FORKPROOF_ZIG)
set(FORKPROOF_ZIG ${CMAKE_CURRENT_LIST_DIR}/../../build/packages/zig CACHE PATH "Where zig's packages are unpacked")
string(REGEX MATCH "^([a-z0-9_]+)-([a-z]+)" target "${FORKPROOF_ZIG_TARGET}")
set(CMAKE_SYSTEM_PROCESSOR ${CMAKE_MATCH_1})
set(systems macos Darwin freebsd FreeBSD netbsd NetBSD openbsd OpenBSD)
list(FIND systems "${CMAKE_MATCH_2}" at)
math(EXPR at "${at} + 1")
list(GET systems ${at} CMAKE_SYSTEM_NAME)
set(CMAKE_SYSTEM_VERSION 1)
set(CMAKE_C_COMPILER ${CMAKE_CURRENT_LIST_DIR}/zig cc -target ${FORKPROOF_ZIG_TARGET})
set(CMAKE_C_COMPILER_ID_RUN TRUE)
set(CMAKE_AR ${CMAKE_CURRENT_LIST_DIR}/zig-ar)
