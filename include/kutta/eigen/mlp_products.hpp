// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The passes of an mlp of medium size by products of matrices.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>

#include <Eigen/Core>

#include <kutta/layers/matrix_product.hpp>
#include <kutta/layers/transposed.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// An mlp of Depth layers, a layer after the other on all samples.
///
/// `theta` is the mlp's tuple of affine_params; `saved` and `inner` hold σ(…) of the inner layers
/// and the adjoints or tangents there. Matrices are Eigen's, one sample a column.
template <std::floating_point T, class Activation, std::size_t Depth>
class mlp_products {
 public:
  /// W_lᵀ of all layers, and the theta they are of: see context::theta_key.
  struct scratch {
    Eigen::Matrix<T, Eigen::Dynamic, 1> transposed;
    std::uint64_t theta_key = 0;
  };

  static scratch make_scratch(const std::array<Eigen::Index, Depth + 1>& sizes) {
    Eigen::Index count = 0;
    for (std::size_t l = 0; l < Depth; ++l) count += sizes[l] * sizes[l + 1];
    return {decltype(scratch::transposed)::Zero(count)};
  }
  static Eigen::Index largest(const std::array<Eigen::Index, Depth + 1>& sizes) {
    Eigen::Index most = 0;
    for (std::size_t l = 0; l < Depth; ++l) most = std::max(most, sizes[l] * sizes[l + 1]);
    return most;
  }

  template <class P, class X, class Y, class Tape>
  static void forward(const P& theta, const X& x, Y& y, Tape& saved) {
    for_each_index<Depth>([&](auto l) {
      const auto& [w, b] = std::get<l>(theta);
      auto& z = at<l + 1>(saved, y);
      product(w, at<l>(saved, x)).add_to(b.data(), 0, z.data(), count(z.rows()));
      if constexpr (l + 1 < Depth) update(z, z, [](auto, auto v) { return Activation{}(v); });
    });
  }

  template <class P, class X, class Tape, class Y>
  static void vjp(const P& theta, std::uint64_t theta_key, const X& x, const Tape& saved,
                  const Y& dy, X& dx, P& dtheta, Tape& inner, scratch& of_theta) {
    if (theta_key == 0 || theta_key != of_theta.theta_key) transpose_weights(theta, of_theta);
    of_theta.theta_key = theta_key;
    const T* transposed = of_theta.transposed.data() + of_theta.transposed.size();
    for_each_index_reversed<Depth>([&](auto l) {
      const auto& w = std::get<l>(theta).w;
      auto& [dw, db] = std::get<l>(dtheta);
      const auto& g = at<l + 1>(inner, dy);
      const auto& h = at<l>(saved, x);
      const std::size_t out = count(w.rows()), in = count(w.cols()), samples = count(h.cols());
      transposed -= out * in;

      prefetch(h.data(), in * samples);  // while W_lᵀ g is computed, which does not need it
      auto& gh = at<l>(inner, dx);
      const matrix_product<T> wt_g{in, samples, out, transposed, {g.data(), 1, out}};
      if constexpr (l == 0) {
        wt_g.add_to(gh.data(), in, gh.data(), in);
      } else {
        wt_g.assign_to(gh.data(), in);
        times_derivative(h, gh);
      }
      matrix_product<T>{out, in, samples, g.data(), {h.data(), in, 1}}  //
          .add_to(dw.data(), out, dw.data(), out);
      add_columns(g.data(), out, samples, db.data());
    });
  }

  template <class P, class X, class Tape, class Y>
  static void jvp(const P& theta, const X& x, const Tape& saved, const X& vx, const P& vtheta,
                  Y& vy, Tape& inner) {
    for_each_index<Depth>([&](auto l) {
      const auto& [vw, vb] = std::get<l>(vtheta);
      auto& vz = at<l + 1>(inner, vy);
      const std::size_t out = count(vz.rows());
      product(std::get<l>(theta).w, at<l>(inner, vx)).add_to(vb.data(), 0, vz.data(), out);
      product(vw, at<l>(saved, x)).add_to(vz.data(), out, vz.data(), out);
      if constexpr (l + 1 < Depth) times_derivative(std::get<l>(saved), vz);
    });
  }

 private:
  static std::size_t count(Eigen::Index n) { return static_cast<std::size_t>(n); }

  /// W h.
  template <class W, class H>
  static matrix_product<T> product(const W& w, const H& h) {
    return {count(w.rows()),
            count(h.cols()),
            count(w.cols()),
            w.data(),
            {h.data(), 1, count(h.rows())}};
  }

  template <class P>
  static void transpose_weights(const P& theta, scratch& of_theta) {
    T* to = of_theta.transposed.data();
    for_each_index<Depth>([&](auto l) {
      const auto& w = std::get<l>(theta).w;
      transpose(w.data(), count(w.rows()), count(w.cols()), to);
      to += w.size();
    });
  }

  /// Asks for n numbers to be brought near.
  static void prefetch(const T* x, std::size_t n) {
    constexpr std::size_t line = 64 / sizeof(T);
    for (std::size_t i = 0; i < n; i += line) __builtin_prefetch(x + i);
  }

  /// sum += g 1: even and odd samples apart, a register of features at a time.
  static void add_columns(const T* g, std::size_t rows, std::size_t samples, T* sum) {
    using lanes = simd<T, register_lanes<T>>;
    const std::size_t whole = rows - rows % lanes::lanes;
    for (std::size_t i = 0; i < whole; i += lanes::lanes) {
      lanes even = lanes::load(sum + i), odd(T(0));
      std::size_t s = 0;
      for (; s + 2 <= samples; s += 2) {
        even += lanes::load(g + i + s * rows);
        odd += lanes::load(g + i + (s + 1) * rows);
      }
      if (s < samples) even += lanes::load(g + i + s * rows);
      (even + odd).store(sum + i);
    }
    for (std::size_t i = whole; i < rows; ++i)
      for (std::size_t s = 0; s < samples; ++s) sum[i] += g[i + s * rows];
  }

  /// v ← σ'(h) ∘ v.
  template <class M>
  static void times_derivative(const M& h, M& v) {
    update(v, h, [](auto vi, auto hi) { return vi * Activation::derivative(hi); });
  }

  /// v ← f(v, h), a register at a time.
  template <class M, class F>
  static void update(M& v, const M& h, const F& f) {
    using lanes = simd<T, register_lanes<T>>;
    const std::size_t n = count(v.size());
    std::size_t i = 0;
    for (; i + lanes::lanes <= n; i += lanes::lanes)
      f(lanes::load(v.data() + i), lanes::load(h.data() + i)).store(v.data() + i);
    for (; i < n; ++i) v.data()[i] = f(v.data()[i], h.data()[i]);
  }

  /// h_l: the end itself for l = 0 or L, the inner layer's matrix otherwise.
  template <std::size_t L, class Inner, class End>
  static auto& at(Inner& inner, End& end) {
    if constexpr (L == 0 || L == Depth)
      return end;
    else
      return std::get<L - 1>(inner);
  }
};

}  // namespace kutta::detail
