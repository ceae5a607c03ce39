// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// npy files as xtensor's arrays, whose shapes are those of the files.
///
///     const auto x = kutta::load_npy<xt::xtensor<float, 4>>("images.npy");
///     kutta::save_npy("first.npy", xt::view(x, 0));

#include <concepts>
#include <cstddef>
#include <string>

#include <xtensor/xarray.hpp>
#include <xtensor/xexpression.hpp>

#include <kutta/io/io_error.hpp>
#include <kutta/io/npy.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/xtensor/tensor.hpp>

namespace kutta {

/// @throws io_error as `npy_file` does, or if the file holds numbers of another type, or an array
/// of another rank.
template <tensor T>
  requires requires(typename T::shape_type shape) { T::from_shape(shape); }
T load_npy(const std::string& path) {
  const npy_file file(path);
  const auto& extents = file.shape();
  typename T::shape_type shape{};
  if constexpr (requires { shape.resize(extents.size()); })
    shape.resize(extents.size());
  else if (extents.size() != shape.size())
    throw io_error(path, "expected " + std::to_string(shape.size()) + " axes, got " + file.text());
  for (std::size_t i = 0; i < extents.size(); ++i) shape[i] = static_cast<std::size_t>(extents[i]);
  T x = T::from_shape(shape);
  file.read(x);
  return x;
}

/// The elements of a view, or of any other expression, as it has them now.
template <class E>
  requires(std::floating_point<typename E::value_type> && !tensor<E>)
void save_npy(const std::string& path, const xt::xexpression<E>& e) {
  save_npy(path, xt::xarray<typename E::value_type>(e));
}

}  // namespace kutta
