# SPDX-License-Identifier: Apache-2.0
#
# cmake -D COMPILE=<command> -D SOURCE=<file> -P check_diagnostic.cmake
#
# With -DMISTAKE the file must fail to compile, with an error that matches its first `// error: <regex>`.
cmake_minimum_required(VERSION 3.25)
file(STRINGS ${SOURCE} expected REGEX "^// error: " LIMIT_COUNT 1)
string(REGEX REPLACE "^// error: " "" expected "${expected}")
if(expected STREQUAL "")
  message(FATAL_ERROR "${SOURCE}: expected a line `// error: <regex>`")
endif()

execute_process(COMMAND ${COMPILE} -DMISTAKE ${SOURCE}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles with the mistake")
elseif(NOT output MATCHES "${expected}")
  message(FATAL_ERROR "${SOURCE} fails to compile, but without '${expected}':\n${output}")
endif()
