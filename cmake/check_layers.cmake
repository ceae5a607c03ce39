# SPDX-License-Identifier: Apache-2.0
#
# cmake -D INCLUDE=<folder that holds kutta/> -P check_layers.cmake
#
# A header may include: the standard library and POSIX; its own floor and the floors below
# it; a backend also its own third-party library. Every violation is reported as file:line, with
# both floors.
cmake_minimum_required(VERSION 3.25)
cmake_path(ABSOLUTE_PATH INCLUDE)
set(core schemes tensor basis layers ode train study io kutta)  # low to high; kutta: the umbrella headers
set(core_may_include "^(pthread|fcntl|unistd|sys/(stat|types))\\.h$")
set(eigen_may_include "^(unsupported/)?Eigen/")
set(xtensor_may_include "^(xtensor|xtl|xsimd)/")
set(cuda_may_include "^(thrust|cub|cuda)/|^(cuda|cublas|cudnn|nccl)[A-Za-z_0-9]*\\.h$")
set(onednn_may_include "^oneapi/dnnl/")
set(backends eigen xtensor cuda onednn)

# The floor of a path below include/kutta: its folder, or the name of an umbrella header.
function(floor_of path result)
  if(path MATCHES "^([a-z_]+)/")
    set(floor ${CMAKE_MATCH_1})
  else()
    string(REGEX REPLACE "\\.hpp$" "" floor "${path}")
    if(floor STREQUAL "integrate")
      set(floor "kutta")
    elseif(NOT floor MATCHES "^(kutta|eigen|xtensor|cuda|onednn)$")
      set(floor "no floor")
    endif()
  endif()
  if(NOT floor IN_LIST core AND NOT floor IN_LIST backends)
    set(floor "no floor")
  endif()
  set(${result} "${floor}" PARENT_SCOPE)
endfunction()

# Whether floor `from` may include `to`, another floor of kutta.
function(is_below to from result)
  list(FIND core "${from}" height_from)
  list(FIND core "${to}" height_to)
  set(${result} FALSE PARENT_SCOPE)
  if(to STREQUAL from
      OR (height_to GREATER_EQUAL 0 AND (height_to LESS height_from OR from IN_LIST backends)))
    set(${result} TRUE PARENT_SCOPE)
  endif()
endfunction()

file(GLOB_RECURSE headers RELATIVE ${INCLUDE}/kutta ${INCLUDE}/kutta/*)
list(LENGTH headers count)
set(violations 0)
macro(report where what)
  message("kutta/${where}: ${what}")
  math(EXPR violations "${violations} + 1")
endmacro()

foreach(header IN LISTS headers)
  floor_of(${header} from)
  if(from STREQUAL "no floor" OR NOT header MATCHES "\\.hpp$")
    report(${header}:1 "this file belongs to no floor")
    continue()
  endif()
  file(READ ${INCLUDE}/kutta/${header} text)
  string(REGEX REPLACE "[][;\\]" " " text "${text}")  # characters that would upset a list
  string(REPLACE "\n" ";" lines "${text}")
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(NOT line MATCHES "^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]")
      continue()
    endif()
    set(bracket "${CMAKE_MATCH_1}")
    set(included "${CMAKE_MATCH_2}")
    if(bracket STREQUAL "\"")
      report(${header}:${number} "\"${included}\" must be written <kutta/...>")
    elseif(included MATCHES "^kutta/(.*)")
      floor_of(${CMAKE_MATCH_1} to)
      is_below("${to}" ${from} allowed)
      if(NOT allowed)
        report(${header}:${number} "floor ${from} includes <${included}> of floor ${to}")
      endif()
    elseif(NOT included MATCHES "^[a-z_0-9]+$" AND NOT included MATCHES "${core_may_include}"
        AND NOT (from IN_LIST backends AND included MATCHES "${${from}_may_include}"))
      report(${header}:${number} "floor ${from} includes <${included}> of another library")
    endif()
  endforeach()
endforeach()

if(count EQUAL 0)
  message(FATAL_ERROR "no header under ${INCLUDE}/kutta")
elseif(violations GREATER 0)
  message(FATAL_ERROR "${violations} violations of the layers")
endif()
message(STATUS "${count} headers, every include goes down")
