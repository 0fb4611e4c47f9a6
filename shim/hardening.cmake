# How what is installed is compiled and linked against misuse, whatever flags a distribution has, and with no path of
# the machine that builds it (docs/design.md, what is hardened).
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

# Two builds, the same bytes: sources are said to lie in the folder that a debugger is started in, as Debian has it. A
# Debug build keeps its paths, and so does a distribution that gathers the sources by them. gcc takes the last that fits;
# a build directory often lies in the source's.
option(FORKPROOF_PREFIX_MAP "Let no path of this machine into what is built" ON)
if(FORKPROOF_PREFIX_MAP AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(maps -ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -ffile-prefix-map=${PROJECT_BINARY_DIR}=./build)
  add_compile_options(${maps})
  add_link_options("$<$<LINK_LANG_AND_ID:C,GNU>:${maps}>" "$<$<LINK_LANG_AND_ID:CXX,GNU>:${maps}>") # for LTO
endif()

# The command, and what it has beside it. What a compiler or linker does not know is left out, and tools/lint/hardening
# says so.
add_library(fp_hardened INTERFACE)
target_compile_options(fp_hardened INTERFACE -fPIE)
target_link_options(fp_hardened INTERFACE -fPIE -pie)

# Where a jump may land is marked, and each object says so. The shim's must: a library that does not say so takes
# that, and on x86-64 the shadow stack, from the whole program that loads it.
set(FP_BRANCHES_x86_64 -fcf-protection)
set(FP_BRANCHES_aarch64 -mbranch-protection=standard)
foreach(flag -fstack-protector-strong -fstack-clash-protection ${FP_BRANCHES_${FP_ARCH}})
  string(MAKE_C_IDENTIFIER FP_HAS${flag} known)
  check_c_compiler_flag(${flag} ${known})
  if(${known})
    target_compile_options(fp_hardened INTERFACE ${flag})
  endif()
endforeach()

foreach(flag relro now noexecstack separate-code)
  string(MAKE_C_IDENTIFIER FP_HAS_Z_${flag} known)
  check_linker_flag(C -Wl,-z,${flag} ${known})
  if(${known})
    target_link_options(fp_hardened INTERFACE -Wl,-z,${flag})
  endif()
endforeach()

# Needs an optimising compiler; sanitizers look themselves, and see less through it.
if(NOT FORKPROOF_SANITIZE)
  target_compile_options(fp_hardened INTERFACE
      "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>")
endif()
