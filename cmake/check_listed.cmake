# SPDX-License-Identifier: Apache-2.0
#
# cmake -D ROOT=<repository> -P check_listed.cmake
#
# Lists are written by hand; a file that exists but is in no list would be neither installed nor
# run. Each must be named in the list that serves its folder.
cmake_minimum_required(VERSION 3.25)
function(check_listed list folder)
  file(READ ${ROOT}/${list} text)
  string(REGEX REPLACE "#[^\n]*" "" text "${text}")
  string(REGEX REPLACE "[ \t\n()\";]+" " " text " ${text} ")
  foreach(pattern IN LISTS ARGN)
    file(GLOB_RECURSE files RELATIVE ${ROOT}/${folder} ${ROOT}/${folder}/${pattern})
    foreach(file IN LISTS files)
      # Some lists hold names, to which a function adds folder and extension.
      cmake_path(GET file STEM name)
      string(FIND "${text}" " ${file} " listed)
      string(FIND "${text}" " ${name} " listed_by_name)
      if(listed EQUAL -1 AND listed_by_name EQUAL -1)
        message(SEND_ERROR "${folder}/${file} is not listed in ${list}")
      endif()
    endforeach()
  endforeach()
endfunction()

check_listed(cmake/headers.cmake include/kutta *.hpp)
check_listed(tests/CMakeLists.txt tests *_test.cpp *.cu)
check_listed(tests/compile_fail/CMakeLists.txt tests/compile_fail *.cpp)
check_listed(benchmarks/CMakeLists.txt benchmarks *.cpp)
check_listed(examples/CMakeLists.txt examples *.cpp)
check_listed(docs/CMakeLists.txt docs *.cpp)
