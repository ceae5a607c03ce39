# SPDX-License-Identifier: Apache-2.0
#
# cmake -D EXECUTABLE=<test program> -D PREFIX=<prefix> -D TESTS=<file to write> -P discover_tests.cmake
#
# Writes one add_test for each test case of a doctest program. Lines are cut off one at a time: a
# CMake list would break at the `;` and the unpaired `[` that names like "on [0, 1)" contain.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${EXECUTABLE} --list-test-cases
  OUTPUT_VARIABLE rest COMMAND_ERROR_IS_FATAL ANY)

set(script "")
set(number 0)
while(rest MATCHES "^([^\n]*)\n")
  set(line "${CMAKE_MATCH_1}")
  string(LENGTH "${line}\n" length)
  string(SUBSTRING "${rest}" ${length} -1 rest)
  if(NOT line MATCHES "^(\\[doctest\\] |=====)")
    math(EXPR number "${number} + 1")
    string(APPEND script "add_test([==[${PREFIX}.${line}]==] [==[${EXECUTABLE}]==]"
      " --first=${number} --last=${number} --no-intro)\n"
      "set_tests_properties([==[${PREFIX}.${line}]==] PROPERTIES"
      " FAIL_REGULAR_EXPRESSION \"test cases: +0 \")\n")
  endif()
endwhile()
if(number EQUAL 0)
  message(FATAL_ERROR "${EXECUTABLE} has no test case")
endif()
file(WRITE ${TESTS} "${script}")
