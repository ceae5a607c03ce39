// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The gradient of a block under a policy, to be compared bit by bit.

#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::test {

/// Whether every number of x is that of y.
template <class T>
bool same_numbers(const T& x, const T& y) {
  bool same = true;
  for_each_leaf([&](const auto& a, const auto& b) { same = same && a == b; }, x, y);
  return same;
}

/// What a forward and a reverse pass gave.
template <class X, class C>
struct pass_outputs {
  X x1, dx;
  C dtheta;

  bool operator==(const pass_outputs& other) const {
    return same_numbers(x1, other.x1) && same_numbers(dx, other.dx) &&
           same_numbers(dtheta, other.dtheta);
  }
};

/// Those of f for ∂L/∂x(T) = w. By the second of two passes, which finds what the first left.
template <class F, class C, class X, class K>
pass_outputs<X, C> gradient_under(const K& keep, const F& f, const C& theta, const X& x0,
                                  const X& w) {
  auto ws = f.make_workspace(theta, x0, keep);
  pass_outputs<X, C> out{x0, w, kutta::zeros_like(theta)};
  for (int pass = 0; pass < 2; ++pass) {
    kutta::assign(out.dx, w);
    kutta::set_zero(out.dtheta);
    kutta::assign(out.x1, f.forward(theta, x0, ws));
    f.backprop(theta, out.dx, out.dtheta, ws);
  }
  return out;
}

}  // namespace kutta::test
