// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The Eigen backend: dense matrices and arrays as tensors, and the layers on them.

#include <kutta/eigen/mlp.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/kutta.hpp>
