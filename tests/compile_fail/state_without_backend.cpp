// SPDX-License-Identifier: Apache-2.0
// error: has_scalar
#include <array>
#include <cstddef>

#include <kutta/layers/layer.hpp>
#include <kutta/tensor/contiguous.hpp>

struct grid {
  double values[4];
  const double* data() const { return values; }
  double* data() { return values; }
  static std::size_t size() { return 4; }
};

#ifndef MISTAKE
template <>
struct kutta::tensor_traits<grid> : kutta::contiguous_traits<grid, double> {
  static grid zeros_like(const grid&) { return {}; }
  static std::array<std::size_t, 1> shape(const grid&) { return {4}; }
};
#endif

struct at_rest {
  using state = grid;
  using params = double;
  struct tape {};
  void forward(double, const grid&, grid& y, tape&) const { y = {}; }
  void vjp(double, const grid&, const tape&, const grid&, grid&, double&) const {}
};

static_assert(kutta::residual<at_rest>);
