# SPDX-License-Identifier: Apache-2.0
#
# cmake -D SCRATCH=<folder to use> -P check_layers_test.cmake
#
# check_layers.cmake must pass a tree that keeps the rules, and name each planted violation.
cmake_minimum_required(VERSION 3.25)
function(expect_check name outcome expected)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -D INCLUDE=${SCRATCH} -P ${CMAKE_CURRENT_LIST_DIR}/check_layers.cmake
    RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if((outcome STREQUAL "passes" AND NOT status EQUAL 0)
      OR (outcome STREQUAL "fails" AND status EQUAL 0))
    message(SEND_ERROR "${name}: expected that the check ${outcome}, it returned ${status}\n${output}")
  endif()
  string(FIND "${output}" "${expected}" found)
  if(found EQUAL -1)
    message(SEND_ERROR "${name}: expected '${expected}' in:\n${output}")
  endif()
endfunction()

function(plant path text)
  file(REMOVE_RECURSE ${SCRATCH})
  file(WRITE ${SCRATCH}/kutta/schemes/rational.hpp "#pragma once\n#include <array>\n")
  file(WRITE ${SCRATCH}/kutta/basis/hat.hpp "#include <kutta/basis/depth.hpp>\n")
  file(WRITE ${SCRATCH}/kutta/eigen/tensor.hpp "#include <Eigen/Core>\n#include <kutta/ode/step.hpp>\n")
  file(WRITE ${SCRATCH}/kutta/kutta.hpp "#include <kutta/ode/step.hpp>\n")
  if(NOT path STREQUAL "")
    file(WRITE ${SCRATCH}/kutta/${path} "#pragma once\n\n// [0, 1); \\\n${text}\n")
  endif()
endfunction()

plant("" "")
expect_check("clean tree" passes "4 headers")
plant(tensor/vec.hpp "#include <kutta/basis/hat.hpp>")
expect_check("upwards" fails
  "kutta/tensor/vec.hpp:4: floor tensor includes <kutta/basis/hat.hpp> of floor basis")
plant(ode/step.hpp "#  include <kutta/eigen/tensor.hpp>")
expect_check("core includes a backend" fails
  "kutta/ode/step.hpp:4: floor ode includes <kutta/eigen/tensor.hpp> of floor eigen")
plant(ode/step.hpp "#include <Eigen/Core>")
expect_check("core includes Eigen" fails
  "kutta/ode/step.hpp:4: floor ode includes <Eigen/Core> of another library")
plant(layers/dense.hpp "#include <thrust/device_vector.h>")
expect_check("core includes Thrust" fails
  "kutta/layers/dense.hpp:4: floor layers includes <thrust/device_vector.h> of another library")
plant(cuda/tensor.hpp "#include <kutta/eigen/tensor.hpp>")
expect_check("backend includes a backend" fails
  "kutta/cuda/tensor.hpp:4: floor cuda includes <kutta/eigen/tensor.hpp> of floor eigen")
plant(eigen/affine.hpp "#include <xtensor/xtensor.hpp>")
expect_check("backend includes another backend's library" fails
  "kutta/eigen/affine.hpp:4: floor eigen includes <xtensor/xtensor.hpp> of another library")
plant(utils/misc.hpp "")
expect_check("folder that is no floor" fails "kutta/utils/misc.hpp:1: this file belongs to no floor")
plant(all.hpp "")
expect_check("header beside the floors" fails "kutta/all.hpp:1: this file belongs to no floor")
plant(ode/step.hpp "#include <kutta/kutta.hpp>")
expect_check("floor includes the umbrella" fails
  "kutta/ode/step.hpp:4: floor ode includes <kutta/kutta.hpp> of floor kutta")
plant(ode/step.hpp "#include \"status.hpp\"")
expect_check("quoted include" fails
  "kutta/ode/step.hpp:4: \"status.hpp\" must be written <kutta/...>")
file(REMOVE_RECURSE ${SCRATCH})
