# SPDX-License-Identifier: Apache-2.0
#
# cmake -D PAGE=<file.md> -D PROGRAM=<file.cpp> -P check_listing.cmake
#
# A listing of the page is the program that is compiled, without its licence line and without what
# is said to the formatter.
cmake_minimum_required(VERSION 3.25)
file(READ ${PAGE} page)
file(READ ${PROGRAM} program)
string(REGEX REPLACE "^// SPDX[^\n]*\n" "" program "${program}")
string(REGEX REPLACE "// clang-format (on|off)\n" "" program "${program}")
string(FIND "${page}" "```cpp\n${program}```" found)
if(found EQUAL -1)
  message(FATAL_ERROR "${PAGE} does not hold ${PROGRAM} as it is")
endif()
