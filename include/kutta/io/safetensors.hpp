// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Tensors in a file, by name, as Torch, JAX and numpy read them: safetensors.
///
///     kutta::safetensors_writer out;
///     out.add("theta", theta);                       // "theta.0.w", "theta.0.b", "theta.1.w", …
///     out.write("model.safetensors");
///
///     const kutta::safetensors_file in("model.safetensors");
///     in.read("theta", theta);                       // has the right shapes already
///
/// A leaf is one tensor of the file, named by its path. float is F32, double is F64; the element
/// in row i and column j is [i, j] to Python, however it lies in memory (`row_major.hpp`).

#include <kutta/io/safetensors_file.hpp>
#include <kutta/io/safetensors_writer.hpp>
