// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a program that uses kutta needs, on the standard library alone. The backends are
/// `kutta/eigen.hpp`, `kutta/xtensor.hpp` and `kutta/cuda.hpp`. By name come what only tests need
/// (`layers/check_residual.hpp`) and the rarer schemes.

#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/layers/activation.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/ode/execution.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/third_order.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>
#include <kutta/train/adam.hpp>
#include <kutta/train/losses.hpp>
#include <kutta/train/sgd.hpp>
