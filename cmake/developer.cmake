# SPDX-License-Identifier: Apache-2.0
#
# What only those who work on kutta itself need: dependencies, warnings, the CUDA compiler.
# Nothing here reaches an exported target.
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "kutta needs g++ 12 or newer, found ${CMAKE_CXX_COMPILER_VERSION}")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
  message(FATAL_ERROR "kutta needs clang++ 16 or newer, found ${CMAKE_CXX_COMPILER_VERSION}")
endif()

find_program(KUTTA_CCACHE ccache)
mark_as_advanced(KUTTA_CCACHE)
if(KUTTA_CCACHE)  # relative paths, so that one clone profits from another
  foreach(language CXX CUDA)
    if(NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${KUTTA_CCACHE})
    endif()
  endforeach()
endif()

include(cmake/cuda.cmake)
include(cmake/dependencies.cmake)

# g++ 12 reports a false -Wrestrict from inlined std::string; nvcc's own line directives trip
# -Wpedantic, and Eigen's defaulted members nvcc's 20012.
add_library(kutta_warnings INTERFACE)
target_compile_options(kutta_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow;-Werror>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>
  $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra;-Werror=all-warnings;-diag-suppress=20012>)

# Programs whose speed is the point. Never exported: a library does not choose its user's processor.
set(KUTTA_BENCHMARK_FLAGS -O3 CACHE STRING "Flags of benchmarks and examples in Release builds")
# g++ 12 takes its own AVX-512 intrinsics for uninitialised variables.
add_library(kutta_optimised INTERFACE)
target_compile_options(kutta_optimised INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-uninitialized;-Wno-maybe-uninitialized>
  $<$<CONFIG:Release>:${KUTTA_BENCHMARK_FLAGS}$<$<BOOL:${KUTTA_NATIVE}>:;-march=native>>)
