// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The passes of an mlp of medium size by products of matrices.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
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
  /// Room for W_lᵀ of the largest layer.
  using scratch = Eigen::Matrix<T, Eigen::Dynamic, 1>;

  static scratch make_scratch(const std::array<Eigen::Index, Depth + 1>& sizes) {
    return scratch::Zero(largest(sizes));
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
  static void vjp(const P& theta, const X& x, const Tape& saved, const Y& dy, X& dx, P& dtheta,
                  Tape& inner, scratch& transposed) {
    for_each_index_reversed<Depth>([&](auto l) {
      const auto& w = std::get<l>(theta).w;
      auto& [dw, db] = std::get<l>(dtheta);
      const auto& g = at<l + 1>(inner, dy);
      const auto& h = at<l>(saved, x);
      const std::size_t out = count(w.rows()), in = count(w.cols()), samples = count(h.cols());

      const T one(1);
      matrix_product<T>{out, in, samples, g.data(), {h.data(), in, 1}}  //
          .add_to(dw.data(), out, dw.data(), out);
      matrix_product<T>{out, 1, samples, g.data(), {&one, 0, 0}}  //
          .add_to(db.data(), out, db.data(), out);

      auto& gh = at<l>(inner, dx);
      if constexpr (l > 0) gh.setZero();
      transpose(w.data(), out, in, transposed.data());
      matrix_product<T>{in, samples, out, transposed.data(), {g.data(), 1, out}}  //
          .add_to(gh.data(), in, gh.data(), in);
      if constexpr (l > 0) times_derivative(h, gh);
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
