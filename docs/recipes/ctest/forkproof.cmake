# Runs tests under forkproof. include() it behind project() and before the targets that are tested.
#
# Tests whose command is an executable of the project are held by themselves. Others, as scripts, by
#   add_test(NAME script COMMAND ${FORKPROOF_LAUNCHER} sh script.sh)

set(FORKPROOF_TESTS audit CACHE STRING "audit: a test that leaves processes behind fails; run: they are ended; off")
set_property(CACHE FORKPROOF_TESTS PROPERTY STRINGS audit run off)

set(FORKPROOF_LAUNCHER "")
if(NOT FORKPROOF_TESTS STREQUAL "off")
  find_program(FORKPROOF_COMMAND forkproof REQUIRED)
  set(FORKPROOF_LAUNCHER ${FORKPROOF_COMMAND} ${FORKPROOF_TESTS} -q --)
endif()

# The emulator comes last: it is the program that forkproof runs.
if(CMAKE_VERSION VERSION_LESS 3.29)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${FORKPROOF_LAUNCHER} ${CMAKE_CROSSCOMPILING_EMULATOR})
else()
  set(CMAKE_TEST_LAUNCHER ${FORKPROOF_LAUNCHER} ${CMAKE_TEST_LAUNCHER})
endif()
