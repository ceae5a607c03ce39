// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// oneDNN's kernels for layers on arrays in host memory.

#include <kutta/onednn/convolution.hpp>
