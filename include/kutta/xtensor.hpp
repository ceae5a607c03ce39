// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The xtensor backend. Needs xtensor 0.24; clang before 19.

#include <kutta/kutta.hpp>
#include <kutta/xtensor/borrowed.hpp>
#include <kutta/xtensor/tensor.hpp>
