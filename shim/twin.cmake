# Programs of both classes on one machine: a second shim (and audit library), for 32-bit programs, and one path for both.
#
# LD_PRELOAD names one path for all, and glibc's loader complains aloud of an object of the wrong
# class. It also replaces $PLATFORM in that path by a word of its own, which differs by class. So a
# private directory beside the library has an entry for each of the words, and one for musl's
# loader, which takes the path as it stands (docs/design.md, two classes).
option(FORKPROOF_TWIN "Build a shim for 32-bit programs, too, where the compiler can" ON)
set(FP_CLASSES ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/forkproof)
set(FP_CLASSES_INSTALLED ${CMAKE_INSTALL_LIBDIR}/forkproof)

# No SSE: old programs call with a stack aligned to four bytes.
set(twin_options -m32 -march=i686 -mno-sse -Wno-psabi)
if(CMAKE_LIBRARY_ARCHITECTURE) # which a compiler that is told -m32 does not look at
  list(APPEND twin_options "SHELL:-isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}")
endif()
list(APPEND twin_options "SHELL:-idirafter ${CMAKE_CURRENT_SOURCE_DIR}/arch/i386/include")

# FP_CAN_TWIN: compiler, headers and linker are up to it; no 32-bit libc is needed.
# FP_HAS_LIBC32: there is one, so that programs of that class can be built to test with.
function(fp_look_for_twin)
  include(CheckCSourceCompiles)
  string(REPLACE "SHELL:" "" flags "${twin_options}")
  string(REPLACE ";" " " CMAKE_REQUIRED_FLAGS "${flags}")
  check_c_source_compiles("
      #include <stdio.h>
      int main(int argc, char **argv) { return puts(argv[argc - 1]); }" FP_HAS_LIBC32)
  set(CMAKE_REQUIRED_LINK_OPTIONS -nostdlib -shared)
  check_c_source_compiles("
      #include <link.h>
      #include <linux/sched.h>
      #include <pthread.h>
      #include <sys/wait.h>
      int probe(void) { return 0; }" FP_CAN_TWIN)
endfunction()

# An object of the other class without anything in it: nothing to hook with, nothing to say.
function(fp_make_none path ret)
  find_program(FP_AS as)
  execute_process(COMMAND ${FP_AS} --32 -o ${path}.o /dev/null OUTPUT_QUIET ERROR_QUIET)
  execute_process(
      COMMAND ${CMAKE_LINKER} -m elf_i386 -shared --hash-style=gnu -z noseparate-code -z norelro
              -z noexecstack -o ${path} ${path}.o
      RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  file(REMOVE ${path}.o)
  if(status EQUAL 0)
    set(${ret} TRUE PARENT_SCOPE)
  endif()
endfunction()

function(fp_class_link to link component)
  get_filename_component(folder ${link} DIRECTORY)
  file(MAKE_DIRECTORY ${FP_CLASSES}/${folder})
  file(CREATE_LINK ${to} ${FP_CLASSES}/${link} SYMBOLIC)
  install(FILES ${FP_CLASSES}/${link}
      DESTINATION ${FP_CLASSES_INSTALLED}/${folder} COMPONENT ${component})
endfunction()

# TARGET: a library for 32-bit programs, libOUTPUT.so, made by fp_add_shim or fp_add_audit.
function(fp_finish_twin target output component)
  target_compile_options(${target} PRIVATE ${twin_options})
  target_link_options(${target} PRIVATE -m32)
  set_target_properties(${target} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${FP_CLASSES}/i686
      EXPORT_COMPILE_COMMANDS OFF) # clang-tidy 14 takes every va_list of this class for a mistake
  if(IS_SYMLINK ${FP_CLASSES}/i686/lib${output}.so) # to the empty one, when there was no twin
    file(REMOVE ${FP_CLASSES}/i686/lib${output}.so)
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION ${FP_CLASSES_INSTALLED}/i686 COMPONENT ${component})
endfunction()

file(MAKE_DIRECTORY ${FP_CLASSES}/i686)
fp_make_none(${FP_CLASSES}/i686/none.so has_none)
if(FORKPROOF_TWIN)
  fp_look_for_twin()
endif()

if(FORKPROOF_TWIN AND FP_CAN_TWIN)
  fp_add_shim(forkproof_twin i386)
  fp_finish_twin(forkproof_twin forkproof library)
  add_dependencies(forkproof_shim forkproof_twin)
  fp_add_audit(forkproof_audit_twin i386)
  fp_finish_twin(forkproof_audit_twin forkproof-audit audit)
  add_dependencies(forkproof_audit forkproof_audit_twin)
  message(STATUS "forkproof: 32-bit programs: hooked")
elseif(has_none)
  fp_class_link(none.so i686/libforkproof.so library)
  fp_class_link(none.so i686/libforkproof-audit.so audit)
  install(FILES ${FP_CLASSES}/i686/none.so
      DESTINATION ${FP_CLASSES_INSTALLED}/i686 COMPONENT library)
  message(STATUS "forkproof: 32-bit programs: not hooked (no shim for them: FORKPROOF_TWIN is off, "
      "or ${CMAKE_C_COMPILER} -m32 does not work)")
else()
  file(REMOVE_RECURSE ${FP_CLASSES})
  message(STATUS "forkproof: 32-bit programs: not hooked, and their loader will say so "
      "(neither ${CMAKE_C_COMPILER} -m32 nor ${CMAKE_LINKER} -m elf_i386 works)")
  return()
endif()

# The words: from the kernel x86_64 and i386 to i686; instead of them some releases of glibc say
# which processor it is. A shell that expands $PLATFORM once more leaves nothing of it.
fp_class_link(../../libforkproof.so x86_64/libforkproof.so library)
fp_class_link(../libforkproof.so libforkproof.so library)
fp_class_link(../../libforkproof-audit.so x86_64/libforkproof-audit.so audit)
fp_class_link(../libforkproof-audit.so libforkproof-audit.so audit)
foreach(word $PLATFORM haswell xeon_phi)
  fp_class_link(x86_64 ${word} library)
endforeach()
foreach(word i386 i486 i586)
  fp_class_link(i686 ${word} library)
endforeach()
