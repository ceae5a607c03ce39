// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The Thrust backend: CUDA devices with nvcc; the host, as plain C++, with
/// `THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP`.

#include <kutta/cuda/ensemble_block.hpp>
#include <kutta/cuda/graph.hpp>
#include <kutta/cuda/integrate_ensemble.hpp>
#include <kutta/cuda/layers.hpp>
#include <kutta/cuda/losses.hpp>
#include <kutta/cuda/tensor.hpp>
#include <kutta/cuda/vector.hpp>
#include <kutta/kutta.hpp>
