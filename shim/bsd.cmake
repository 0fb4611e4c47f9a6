# libforkproof for macOS and the BSDs: it compiles and links, and has not been run (docs/porting.md). Linked with the
# system's libc, which is the only way into its kernel.

set(FP_BSD_DIRECTORY ${CMAKE_CURRENT_LIST_DIR})

function(fp_list_bsd_sources ret directory)
  list(TRANSFORM ARGN REPLACE "(.+)" "${FP_BSD_DIRECTORY}/${directory}/\\1.c" OUTPUT_VARIABLE files)
  set(${ret} ${files} PARENT_SCOPE)
endfunction()

add_library(fp_bsd_flags INTERFACE)
target_include_directories(fp_bsd_flags INTERFACE
    ${FP_BSD_DIRECTORY}/wrap/bsd ${FP_BSD_DIRECTORY}/core ${FP_BSD_DIRECTORY}/sys ${FP_BSD_DIRECTORY}/sys/bsd
    ${FP_BSD_DIRECTORY}/wrap)
target_compile_options(fp_bsd_flags INTERFACE
    -O2 -fPIC -fvisibility=hidden -fno-stack-protector -fno-strict-aliasing)
if(NOT APPLE)
  target_compile_options(fp_bsd_flags INTERFACE -ftls-model=initial-exec)
endif()
target_link_libraries(fp_bsd_flags INTERFACE fp_warnings fp_record)

# What the cases' programs use of it, too.
fp_list_bsd_sources(system sys/bsd proc real symbol)
if(APPLE)
  fp_list_bsd_sources(own sys/darwin copy names)
else()
  fp_list_bsd_sources(own sys/bsd names)
endif()
add_library(fp_bsd_system STATIC ${system} ${own})
target_link_libraries(fp_bsd_system PUBLIC fp_bsd_flags)

fp_list_bsd_sources(core core birth busy child chld claim deliver environ give group options origin pending pipes reap
    register say settings sigpipe stash sweep table tree version)
fp_list_bsd_sources(system sys/bsd alone guard subreaper)
fp_list_bsd_sources(wraps wrap/bsd disposition end exec fork pipe session shell signal spawn start wait)
add_library(forkproof_shim SHARED ${core} ${system} ${wraps} ${FP_BSD_DIRECTORY}/wrap/kept.c)
set_target_properties(forkproof_shim PROPERTIES OUTPUT_NAME forkproof)
target_link_libraries(forkproof_shim PRIVATE fp_bsd_system)
if(NOT APPLE) # no program becomes one with threads by it
  target_link_options(forkproof_shim PRIVATE -Wl,--as-needed)
endif()

if(CMAKE_SYSTEM_NAME STREQUAL FreeBSD)
  add_executable(forkproof-hold ${FP_BSD_DIRECTORY}/sys/freebsd/hold.c)
  target_link_libraries(forkproof-hold PRIVATE fp_bsd_system)
endif()
