// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The schemes as one writes them without a library: a rate, a loop, a rate, a loop.

#include <cstddef>

#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/third_order.hpp>

namespace kutta::bench {

/// x ← one step of a scheme, by name. f(x, dx) writes dx; k and y are temporaries.
template <class X>
struct rk_by_hand {
  X k1, k2, k3, k4, y;

  explicit rk_by_hand(const X& x) : k1(x), k2(x), k3(x), k4(x), y(x) {}

  template <class F>
  void step(kutta::schemes::euler, const F& f, double h, X& x) {
    f(x, k1);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += h * k1[i];
  }

  template <class F>
  void step(kutta::schemes::midpoint, const F& f, double h, X& x) {
    f(x, k1);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] + h / 2 * k1[i];
    f(y, k2);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += h * k2[i];
  }

  template <class F>
  void step(kutta::schemes::heun2, const F& f, double h, X& x) {
    f(x, k1);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] + h * k1[i];
    f(y, k2);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += h / 2 * k1[i] + h / 2 * k2[i];
  }

  template <class F>
  void step(kutta::schemes::ralston2, const F& f, double h, X& x) {
    f(x, k1);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] + h * 2 / 3 * k1[i];
    f(y, k2);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += h / 4 * k1[i] + h * 3 / 4 * k2[i];
  }

  template <class F>
  void step(kutta::schemes::kutta3, const F& f, double h, X& x) {
    f(x, k1);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] + h / 2 * k1[i];
    f(y, k2);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] - h * k1[i] + 2 * h * k2[i];
    f(y, k3);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] += h / 6 * k1[i] + h * 2 / 3 * k2[i] + h / 6 * k3[i];
  }

  template <class F>
  void step(kutta::schemes::rk4_classic, const F& f, double h, X& x) {
    f(x, k1);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] + h / 2 * k1[i];
    f(y, k2);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] + h / 2 * k2[i];
    f(y, k3);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] + h * k3[i];
    f(y, k4);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] += h / 6 * k1[i] + h / 3 * k2[i] + h / 3 * k3[i] + h / 6 * k4[i];
  }

  template <class F>
  void step(kutta::schemes::rk4_38, const F& f, double h, X& x) {
    f(x, k1);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] + h / 3 * k1[i];
    f(y, k2);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] - h / 3 * k1[i] + h * k2[i];
    f(y, k3);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] + h * k1[i] - h * k2[i] + h * k3[i];
    f(y, k4);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] += h / 8 * k1[i] + h * 3 / 8 * k2[i] + h * 3 / 8 * k3[i] + h / 8 * k4[i];
  }
};

}  // namespace kutta::bench
