# SPDX-License-Identifier: Apache-2.0
#
# kutta_link_cudnn(<target>): what links the target convolves on a device by cuDNN, if there is one
# beside the toolkit. For kutta's own build as for those that use the package: each looks for
# itself, an installed target names none.
option(KUTTA_CUDNN "Convolve on a device by cuDNN, where it is found" ON)

function(kutta_link_cudnn target)
  if(NOT KUTTA_CUDNN)
    return()
  endif()
  find_path(KUTTA_CUDNN_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  find_library(KUTTA_CUDNN_LIBRARY cudnn HINTS ${CUDAToolkit_LIBRARY_DIR})
  mark_as_advanced(KUTTA_CUDNN_INCLUDE_DIR KUTTA_CUDNN_LIBRARY)
  if(KUTTA_CUDNN_INCLUDE_DIR AND KUTTA_CUDNN_LIBRARY)
    target_compile_definitions(${target} INTERFACE $<BUILD_INTERFACE:KUTTA_CUDNN>)
    target_include_directories(${target} SYSTEM INTERFACE
      $<BUILD_INTERFACE:${KUTTA_CUDNN_INCLUDE_DIR}>)
    target_link_libraries(${target} INTERFACE $<BUILD_INTERFACE:${KUTTA_CUDNN_LIBRARY}>)
  endif()
endfunction()
