# SPDX-License-Identifier: Apache-2.0
#
# Two ways to compile device code:
#   kutta_thrust_host  plain C++: Thrust's CPP system, which runs where there is no GPU
#   KUTTA_CUDA         nvcc
include(CheckLanguage)
find_package(CUDAToolkit 13 QUIET)

if(NOT DEFINED CMAKE_CUDA_HOST_COMPILER)
  find_program(KUTTA_CUDA_HOST_COMPILER g++-12)
  mark_as_advanced(KUTTA_CUDA_HOST_COMPILER)
  if(KUTTA_CUDA_HOST_COMPILER)
    set(CMAKE_CUDA_HOST_COMPILER ${KUTTA_CUDA_HOST_COMPILER})
  endif()
endif()
if(NOT DEFINED KUTTA_CUDA AND CUDAToolkit_FOUND)
  check_language(CUDA)
endif()
if(CMAKE_CUDA_COMPILER)
  option(KUTTA_CUDA "Compile device code with nvcc" ON)
else()
  option(KUTTA_CUDA "Compile device code with nvcc" OFF)
endif()

if(KUTTA_CUDA)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 90)
  endif()
  enable_language(CUDA)
  if(CMAKE_VERSION VERSION_LESS 3.25.2)  # older ones do not know nvcc's C++20
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
  endif()
  set(CMAKE_CUDA_STANDARD 20)
  set(CMAKE_CUDA_EXTENSIONS OFF)
  find_package(CUDAToolkit 13 REQUIRED)
  find_package(CCCL CONFIG REQUIRED QUIET HINTS ${CUDAToolkit_LIBRARY_DIR}/cmake)
endif()

# From the toolkit, or Debian's libthrust-dev. The system must be chosen for the whole target:
# without it Thrust assumes CUDA.
find_path(KUTTA_THRUST_INCLUDE_DIR thrust/device_vector.h
  HINTS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES cccl)
mark_as_advanced(KUTTA_THRUST_INCLUDE_DIR)
if(KUTTA_THRUST_INCLUDE_DIR)
  add_library(kutta_thrust_host INTERFACE)
  target_include_directories(kutta_thrust_host SYSTEM INTERFACE ${KUTTA_THRUST_INCLUDE_DIR})
  target_compile_definitions(kutta_thrust_host INTERFACE
    THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP)
  # Thrust's element access forms a reference from a null execution policy, which it never reads.
  target_compile_options(kutta_thrust_host INTERFACE -fno-sanitize=null)
else()
  message(STATUS "Thrust not found: device code is not compiled for the host")
endif()
