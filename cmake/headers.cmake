# SPDX-License-Identifier: Apache-2.0
#
# Every header of every component: a new one is a new line here.

kutta_add_component(kutta DEPENDS Threads::Threads HEADERS
  kutta.hpp
  integrate.hpp
  schemes/butcher_tableau.hpp
  schemes/coefficients.hpp
  schemes/dense_output.hpp
  schemes/embedded_eighth_order.hpp
  schemes/embedded_fifth_order.hpp
  schemes/embedded_fourth_order.hpp
  schemes/embedded_implicit.hpp
  schemes/embedded_second_order.hpp
  schemes/embedded_sixth_order.hpp
  schemes/embedded_third_order.hpp
  schemes/fifth_order.hpp
  schemes/first_order.hpp
  schemes/fourth_order.hpp
  schemes/implicit.hpp
  schemes/low_storage.hpp
  schemes/low_storage_tableau.hpp
  schemes/order.hpp
  schemes/polynomial.hpp
  schemes/rational.hpp
  schemes/rkc.hpp
  schemes/rooted_trees.hpp
  schemes/scheme.hpp
  schemes/second_order.hpp
  schemes/shu_osher_tableau.hpp
  schemes/sixth_order.hpp
  schemes/stability.hpp
  schemes/stage_structure.hpp
  schemes/strong_stability.hpp
  schemes/symplectic.hpp
  schemes/third_order.hpp
  tensor/contiguous.hpp
  tensor/host_copy.hpp
  tensor/host_device.hpp
  tensor/index.hpp
  tensor/named_leaves.hpp
  tensor/number_text.hpp
  tensor/product.hpp
  tensor/shape.hpp
  tensor/simd.hpp
  tensor/tensor.hpp
  tensor/vec.hpp
  basis/basis.hpp
  basis/depth.hpp
  basis/evaluate.hpp
  basis/hat.hpp
  basis/piecewise_constant.hpp
  basis/refine.hpp
  layers/activation.hpp
  layers/affine_strips.hpp
  layers/call.hpp
  layers/check_residual.hpp
  layers/differences.hpp
  layers/layer.hpp
  layers/residual_check.hpp
  layers/tanh.hpp
  ode/accepted_step.hpp
  ode/end_rates.hpp
  ode/error_estimate.hpp
  ode/event.hpp
  ode/execution.hpp
  ode/explicit_stepper.hpp
  ode/hermite.hpp
  ode/integrate.hpp
  ode/low_storage_step.hpp
  ode/low_storage_stepper.hpp
  ode/observers.hpp
  ode/ode_block.hpp
  ode/partitioned_step.hpp
  ode/partitioned_stepper.hpp
  ode/shu_osher_step.hpp
  ode/shu_osher_stepper.hpp
  ode/stabilised_step.hpp
  ode/stabilised_stepper.hpp
  ode/status.hpp
  ode/step.hpp
  ode/step_control.hpp
  ode/stepper.hpp
  ode/worker_pool.hpp
  ode/workspace.hpp
  train/adam.hpp
  train/losses.hpp
  train/options.hpp
  train/sgd.hpp
  train/square_root.hpp)

kutta_add_component(eigen DEPENDS Eigen3::Eigen HEADERS
  eigen.hpp
  eigen/implicit_step.hpp
  eigen/implicit_stepper.hpp
  eigen/mlp.hpp
  eigen/mlp_strips.hpp
  eigen/newton.hpp
  eigen/tensor.hpp)

kutta_add_component(xtensor DEPENDS xtensor HEADERS
  xtensor.hpp
  xtensor/tensor.hpp)

kutta_add_component(cuda VERIFY OFF DEPENDS CCCL::CCCL HEADERS
  cuda.hpp
  cuda/tensor.hpp)
