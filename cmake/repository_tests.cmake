# SPDX-License-Identifier: Apache-2.0
#
# Tests of the repository itself, labelled so: once is enough, some presets leave them out.
set(scripts ${PROJECT_SOURCE_DIR}/cmake)
set(package ${CMAKE_CURRENT_BINARY_DIR}/package)

add_test(NAME layers
  COMMAND ${CMAKE_COMMAND} -D INCLUDE=${PROJECT_SOURCE_DIR}/include -P ${scripts}/check_layers.cmake)
add_test(NAME layers.planted_violations
  COMMAND ${CMAKE_COMMAND} -D SCRATCH=${CMAKE_CURRENT_BINARY_DIR}/planted_layers
          -P ${scripts}/check_layers_test.cmake)
add_test(NAME listed
  COMMAND ${CMAKE_COMMAND} -D ROOT=${PROJECT_SOURCE_DIR} -P ${scripts}/check_listed.cmake)
add_test(NAME readme_listing
  COMMAND ${CMAKE_COMMAND} -D PAGE=${PROJECT_SOURCE_DIR}/README.md
          -D PROGRAM=${PROJECT_SOURCE_DIR}/examples/custom_residual/custom_residual.cpp
          -P ${scripts}/check_listing.cmake)

# Every header compiles alone. CMake 3.25 verifies no CUDA header, so each header of kutta::cuda
# gets a source of one line: plain C++ on Thrust's CPP system and, with KUTTA_CUDA, nvcc's.
function(kutta_verify_cuda_headers target extension)
  get_target_property(headers kutta_cuda HEADER_SET)
  set(sources "")
  foreach(header IN LISTS headers)
    cmake_path(RELATIVE_PATH header BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/include)
    string(REGEX REPLACE "[/.]" "_" name ${header})
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${target}/${name}.${extension})
    file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n")
    list(APPEND sources ${source})
  endforeach()
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(${target} PRIVATE ${ARGN} kutta_warnings)
  set(header_targets ${header_targets} ${target} PARENT_SCOPE)
endfunction()

set(header_targets all_verify_interface_header_sets)
if(TARGET kutta_cuda)
  if(TARGET kutta_thrust_host)
    kutta_verify_cuda_headers(kutta_cuda_headers_host cpp kutta::kutta kutta_thrust_host)
  endif()
  if(KUTTA_CUDA)
    kutta_verify_cuda_headers(kutta_cuda_headers_device cu kutta::cuda)
  endif()
endif()
add_test(NAME headers_compile_alone
  COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target ${header_targets})

# The installed tree, moved after its installation, serves a foreign project.
add_test(NAME package.install
  COMMAND ${CMAKE_COMMAND} -D BUILD=${PROJECT_BINARY_DIR} -D PREFIX=${package}/prefix
          -P ${scripts}/install_and_move.cmake)
set(configure_consumer
  --build-generator ${CMAKE_GENERATOR} --build-options
  -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_BUILD_TYPE=Debug)
set(test_consumer --test-command ${CMAKE_CTEST_COMMAND} --output-on-failure --no-tests=error)
add_test(NAME package.find_package
  COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test
          ${CMAKE_CURRENT_SOURCE_DIR}/consumer ${package}/find_package
          ${configure_consumer} -DCMAKE_PREFIX_PATH=${package}/prefix ${test_consumer})
add_test(NAME package.subdirectory
  COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test
          ${CMAKE_CURRENT_SOURCE_DIR}/consumer ${package}/subdirectory
          ${configure_consumer} -DKUTTA_SOURCE=${PROJECT_SOURCE_DIR} ${test_consumer})
add_test(NAME package.missing_component
  COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_SOURCE_DIR}/consumer -B ${package}/missing_component
          -DCMAKE_PREFIX_PATH=${package}/prefix -DCOMPONENTS=thermodynamics)
set_tests_properties(package.missing_component PROPERTIES
  PASS_REGULAR_EXPRESSION "kutta has no component +\"thermodynamics\"")
find_program(KUTTA_PKG_CONFIG pkg-config)
mark_as_advanced(KUTTA_PKG_CONFIG)
if(KUTTA_PKG_CONFIG)
  add_test(NAME package.pkg_config
    COMMAND sh -e ${CMAKE_CURRENT_SOURCE_DIR}/consumer/with_pkg_config.sh
            ${CMAKE_CXX_COMPILER} ${package}/pkg_config)
  set_tests_properties(package.pkg_config PROPERTIES
    ENVIRONMENT PKG_CONFIG_PATH=${package}/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

set_tests_properties(package.install PROPERTIES FIXTURES_SETUP package)
get_property(tests DIRECTORY PROPERTY TESTS)
foreach(test IN LISTS tests)
  if(test MATCHES "^package\\.(find_package|missing_component|pkg_config)$")
    set_tests_properties(${test} PROPERTIES FIXTURES_REQUIRED package)
  endif()
  if(test MATCHES "^(layers|listed|readme|headers_compile_alone|package)")
    set_tests_properties(${test} PROPERTIES LABELS repository)
  endif()
endforeach()
