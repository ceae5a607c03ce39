// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the layers of `kutta/layers/` need on arrays in device memory.

#include <kutta/cuda/batch_norm.hpp>
#include <kutta/cuda/convolution.hpp>
#include <kutta/cuda/embedding.hpp>
#include <kutta/cuda/group_norm.hpp>
#include <kutta/cuda/layer_norm.hpp>
#include <kutta/cuda/matrix_kernels.hpp>
#include <kutta/cuda/normalised_convolutions.hpp>
