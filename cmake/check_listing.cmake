# SPDX-License-Identifier: Apache-2.0
#
# cmake -D ROOT=<repository> -P check_listing.cmake
#
# The README's first listing is the example that is compiled, without its licence line.
cmake_minimum_required(VERSION 3.25)
file(READ ${ROOT}/README.md readme)
file(READ ${ROOT}/examples/custom_residual/custom_residual.cpp program)
string(REGEX REPLACE "^// SPDX[^\n]*\n" "" program "${program}")
string(FIND "${readme}" "```cpp\n${program}```" found)
if(found EQUAL -1)
  message(FATAL_ERROR "README.md does not hold examples/custom_residual/custom_residual.cpp as it is")
endif()
