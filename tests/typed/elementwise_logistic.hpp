// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// R(theta, x) = a x (1 − x) + b, element by element, written once for every tensor.

#include <tuple>

#include <kutta/layers/layer.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::test {

template <class T>
struct logistic_params {
  T a, b;

  static constexpr auto fields =
      std::tuple{field{"a", &logistic_params::a}, field{"b", &logistic_params::b}};
};

/// The functors on one element, named so that nvcc takes them too.
namespace logistic_element {

struct value {
  template <class V>
  KUTTA_HD constexpr V operator()(V a, V b, V x) const {
    return a * x * (1 - x) + b;
  }
};
struct add_dx {
  template <class V>
  KUTTA_HD constexpr V operator()(V dx, V a, V x, V dy) const {
    return dx + a * (1 - 2 * x) * dy;
  }
};
struct add_da {
  template <class V>
  KUTTA_HD constexpr V operator()(V da, V x, V dy) const {
    return da + x * (1 - x) * dy;
  }
};
struct add_db {
  template <class V>
  KUTTA_HD constexpr V operator()(V db, V dy) const {
    return db + dy;
  }
};
struct tangent {
  template <class V>
  KUTTA_HD constexpr V operator()(V a, V x, V vx, V va, V vb) const {
    return a * (1 - 2 * x) * vx + x * (1 - x) * va + vb;
  }
};

}  // namespace logistic_element

template <class T>
struct elementwise_logistic {
  using state = T;
  using params = logistic_params<T>;
  struct tape {};

  void forward(const params& theta, const T& x, T& y, tape&) const {
    kutta::map(y, logistic_element::value{}, theta.a, theta.b, x);
  }
  void vjp(const params& theta, const T& x, const tape&, const T& dy, T& dx, params& dtheta) const {
    kutta::map(dx, logistic_element::add_dx{}, dx, theta.a, x, dy);
    kutta::map(dtheta.a, logistic_element::add_da{}, dtheta.a, x, dy);
    kutta::map(dtheta.b, logistic_element::add_db{}, dtheta.b, dy);
  }
  void jvp(const params& theta, const T& x, const tape&, const T& vx, const params& vtheta,
           T& vy) const {
    kutta::map(vy, logistic_element::tangent{}, theta.a, x, vx, vtheta.a, vtheta.b);
  }
};

}  // namespace kutta::test
