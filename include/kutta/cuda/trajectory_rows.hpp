// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How the small vectors of many trajectories lie in device memory: number c of all of them is row
/// c, so that neighbouring threads read side by side.

#include <cstddef>
#include <vector>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta::cuda::detail {

/// The numbers of trajectory i of `count`.
template <class T, std::size_t N>
KUTTA_HD void load(const T* rows, std::size_t count, std::size_t i, vec<T, N>& x) {
  if constexpr (N > 0)
    for (std::size_t c = 0; c < N; ++c) x[c] = rows[c * count + i];
}
template <class T, std::size_t N>
KUTTA_HD void store(const vec<T, N>& x, T* rows, std::size_t count, std::size_t i) {
  for (std::size_t c = 0; c < N; ++c) rows[c * count + i] = x[c];
}

/// The rows of these vectors, and back; in host memory.
template <class T, std::size_t N>
std::vector<T> rows_of(const std::vector<vec<T, N>>& vectors) {
  std::vector<T> rows(N * vectors.size());
  for (std::size_t i = 0; i < vectors.size(); ++i)
    store(vectors[i], rows.data(), vectors.size(), i);
  return rows;
}
template <class V, class T>
std::vector<V> vectors_of(const std::vector<T>& rows) {
  std::vector<V> vectors(rows.size() / V::size());
  for (std::size_t i = 0; i < vectors.size(); ++i) load(rows.data(), vectors.size(), i, vectors[i]);
  return vectors;
}

}  // namespace kutta::cuda::detail
