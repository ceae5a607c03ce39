# SPDX-License-Identifier: Apache-2.0

# kutta_add_component(<name> HEADERS <file>... [DEPENDS <target>...] [VERIFY ON|OFF])
#
# One header-only component: target kutta_<name>, alias kutta::<name>. Every component but the
# core depends on the core. Its headers, given relative to include/kutta, are a FILE_SET, so that
# they install with the target and each is compiled alone by all_verify_interface_header_sets.
function(kutta_add_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "VERIFY" "HEADERS;DEPENDS")
  if(NOT DEFINED arg_VERIFY)
    set(arg_VERIFY ON)
  endif()
  set(target kutta_${name})
  list(TRANSFORM arg_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/include/kutta/)

  add_library(${target} INTERFACE)
  add_library(kutta::${name} ALIAS ${target})
  target_sources(${target} INTERFACE
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${arg_HEADERS})
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_link_libraries(${target} INTERFACE ${arg_DEPENDS})
  if(NOT name STREQUAL "kutta")
    target_link_libraries(${target} INTERFACE kutta_kutta)
  endif()
  if(NOT KUTTA_TESTS)
    set(arg_VERIFY OFF)
  endif()
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ${arg_VERIFY})
  set_property(GLOBAL APPEND PROPERTY KUTTA_COMPONENTS ${name})
endfunction()
