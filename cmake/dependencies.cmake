# SPDX-License-Identifier: Apache-2.0
#
# An installed package first, its pinned source second. Fetched sources give headers alone
# (SOURCE_SUBDIR names no folder with CMake code), so that nothing foreign builds or installs.
include(FetchContent)

# kutta_find_headers(<package> <target> <repository> <tag> <include folder> [<find_package arg>...])
function(kutta_find_headers package target repository tag folder)
  FetchContent_Declare(${package}
    GIT_REPOSITORY ${repository} GIT_TAG ${tag} GIT_SHALLOW ON SOURCE_SUBDIR headers_only
    FIND_PACKAGE_ARGS ${ARGN} QUIET)
  FetchContent_MakeAvailable(${package})
  if(NOT TARGET ${target})
    FetchContent_GetProperties(${package} SOURCE_DIR source)
    add_library(${target} INTERFACE IMPORTED)
    target_include_directories(${target} SYSTEM INTERFACE ${source}/${folder})
  endif()
endfunction()

kutta_find_headers(Eigen3 Eigen3::Eigen https://gitlab.com/libeigen/eigen.git 3.4.0 .
  3.4 NO_MODULE)
if(KUTTA_TESTS)
  kutta_find_headers(xtl xtl https://github.com/xtensor-stack/xtl.git 0.7.2 include)
  kutta_find_headers(xtensor xtensor https://github.com/xtensor-stack/xtensor.git 0.24.3 include)
  target_link_libraries(xtensor INTERFACE xtl)
  kutta_find_headers(doctest doctest::doctest https://github.com/doctest/doctest.git v2.4.9 .)
endif()
if(KUTTA_EXAMPLES)
  kutta_find_headers(CLI11 CLI11::CLI11 https://github.com/CLIUtils/CLI11.git v2.1.2 include)
endif()
if(KUTTA_BENCHMARKS)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  FetchContent_Declare(benchmark
    GIT_REPOSITORY https://github.com/google/benchmark.git GIT_TAG v1.7.1 GIT_SHALLOW ON
    FIND_PACKAGE_ARGS 1.7 QUIET)
  FetchContent_MakeAvailable(benchmark)
  find_package(Boost QUIET)  # odeint, as a peer
endif()
