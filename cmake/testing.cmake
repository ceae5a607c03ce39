# SPDX-License-Identifier: Apache-2.0

# kutta_discover_tests(<target> <prefix>)
#
# Every doctest case of the executable becomes a test `<prefix>.<name>`. Cases are run by number,
# so a name may hold any character; a run of no case fails.
function(kutta_discover_tests target prefix)
  set(tests ${CMAKE_CURRENT_BINARY_DIR}/${target}_tests.cmake)
  add_custom_command(TARGET ${target} POST_BUILD BYPRODUCTS ${tests}
    COMMAND ${CMAKE_COMMAND} -D EXECUTABLE=$<TARGET_FILE:${target}> -D PREFIX=${prefix}
            -D TESTS=${tests} -P ${PROJECT_SOURCE_DIR}/cmake/discover_tests.cmake
    VERBATIM)
  set(include ${CMAKE_CURRENT_BINARY_DIR}/${target}_include.cmake)
  file(WRITE ${include} "include(${tests} OPTIONAL RESULT_VARIABLE found)\n"
    "if(NOT found)\n  add_test(${target}_not_built ${target}_not_built)\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${include})
endfunction()

# kutta_add_test(<name> SOURCES <file>... [LIBRARIES <target>...])
#
# The executable test_<name>, one ctest for each of its test cases.
function(kutta_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE kutta_test_main ${arg_LIBRARIES})
  kutta_discover_tests(test_${name} ${name})
endfunction()

# kutta_add_device_test(<name> <source>.cu [LIBRARIES <target>...])
#
# test_<name>_host: the source as plain C++ on Thrust's CPP system, run everywhere.
# test_<name>_device: the source compiled by nvcc, run where there is a GPU and skipped elsewhere.
function(kutta_add_device_test name source)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "LIBRARIES")
  if(TARGET kutta_thrust_host)
    set(twin ${CMAKE_CURRENT_BINARY_DIR}/${name}_host.cpp)
    file(CONFIGURE OUTPUT ${twin} CONTENT "#include \"${CMAKE_CURRENT_SOURCE_DIR}/${source}\"\n")
    kutta_add_test(${name}_host SOURCES ${twin} LIBRARIES kutta_thrust_host ${arg_LIBRARIES})
    # For g++ an unnamed namespace of an included file is one in a header.
    target_compile_options(test_${name}_host PRIVATE
      $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
  if(KUTTA_CUDA)
    add_executable(test_${name}_device ${source})
    target_link_libraries(test_${name}_device PRIVATE
      kutta_test_main_device kutta::cuda ${arg_LIBRARIES})
    add_dependencies(device_tests test_${name}_device)
    add_test(NAME ${name}_device COMMAND test_${name}_device)
    set_tests_properties(${name}_device PROPERTIES
      SKIP_RETURN_CODE 77 LABELS device RESOURCE_LOCK gpu FAIL_REGULAR_EXPRESSION "cases: +0 ")
  endif()
endfunction()
