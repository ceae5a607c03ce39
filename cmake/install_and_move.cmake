# SPDX-License-Identifier: Apache-2.0
#
# cmake -D BUILD=<build folder> -D PREFIX=<folder> -P install_and_move.cmake
#
# Installs elsewhere first: what PREFIX then holds works only if no file names its own place.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${PREFIX} ${PREFIX}.before)
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX}.before
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(RENAME ${PREFIX}.before ${PREFIX})
