// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// An affine map of whole samples, from images to scores for instance.

#include <array>
#include <concepts>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>

#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/initialisers.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// Weights and bias of an affine map.
template <image_tensor X>
struct dense_params {
  X w, b;

  static constexpr auto fields =
      std::tuple{field{"w", &dense_params::w}, field{"b", &dense_params::b}};
};

/// y = b + wᵀ x, for every sample.
///
///     dense<Eigen::MatrixXf> scores({3, 3, 10}, 10);       // from 90 numbers to 10
///
/// x: samples of `in.size()` numbers; y: of `outputs`. w: in × out numbers, those of an input side
/// by side: an Eigen matrix out × in. b: out numbers.
/// FLOPs: 2 in out a sample forward, twice that in reverse.
template <image_tensor X>
class dense {
  using scalar = scalar_t<X>;

 public:
  static constexpr bool samples_independent = true;

  using state = X;
  using params = dense_params<X>;
  using tape = nothing;

  /// @throws std::invalid_argument if there is no input or no output.
  dense(const image_shape& in, std::size_t outputs,
        const initialiser& weights = initialisers::lecun_normal())
      : in_(in), outputs_(outputs), weights_(weights) {
    if (in.size() == 0 || outputs == 0)
      throw std::invalid_argument(
          "dense: expected at least 1 input and 1 output, got samples of "
          "shape " +
          shape_text(in) + " and " + std::to_string(outputs) + " outputs");
  }

  const image_shape& input_shape() const { return in_; }
  image_shape output_shape() const { return {1, 1, outputs_}; }

  /// Weights as the initialiser has them, biases zero.
  template <std::uniform_random_bit_generator G>
  params make_params(G& generator) const {
    params theta{detail::zero_array<X>(std::array{in_.size(), outputs_}, 1),
                 detail::zero_array<X>(std::array{outputs_}, 0)};
    initialise(weights_, {1, in_.size(), outputs_}, theta.w, generator);
    return theta;
  }

  /// @throws std::invalid_argument if theta or x does not have this layer's shape.
  X make_output(const params& theta, const X& x) const {
    detail::require_size("dense: theta.w", in_.size() * outputs_, theta.w);
    detail::require_size("dense: theta.b", outputs_, theta.b);
    return detail::zero_images<X>(samples_of(x), output_shape());
  }

  void forward(const params& theta, const X& x, X& y, tape&) const {
    for_each_sample(samples_of(x), [&](std::size_t from, std::size_t to) {
      for (std::size_t o = 0; o < outputs_; ++o) y.data()[to + o] = theta.b.data()[o];
      add_product(theta.w.data(), x.data() + from, y.data() + to);
    });
  }

  /// dx += w dy,   dw += x dyᵀ,   db += dy.
  void vjp(const params& theta, const X& x, const tape&, const X& dy, X& dx, params& dtheta) const {
    for_each_sample(samples_of(x), [&](std::size_t from, std::size_t to) {
      const scalar* const g = dy.data() + to;
      for (std::size_t i = 0; i < in_.size(); ++i) {
        const scalar* const w = theta.w.data() + i * outputs_;
        scalar* const dw = dtheta.w.data() + i * outputs_;
        const scalar xi = x.data()[from + i];
        scalar sum = 0;
        for (std::size_t o = 0; o < outputs_; ++o) {
          sum += w[o] * g[o];
          dw[o] += xi * g[o];
        }
        dx.data()[from + i] += sum;
      }
      for (std::size_t o = 0; o < outputs_; ++o) dtheta.b.data()[o] += g[o];
    });
  }

  /// vy = vb + wᵀ vx + vwᵀ x.
  void jvp(const params& theta, const X& x, const tape&, const X& vx, const params& vtheta,
           X& vy) const {
    for_each_sample(samples_of(x), [&](std::size_t from, std::size_t to) {
      for (std::size_t o = 0; o < outputs_; ++o) vy.data()[to + o] = vtheta.b.data()[o];
      add_product(theta.w.data(), vx.data() + from, vy.data() + to);
      add_product(vtheta.w.data(), x.data() + from, vy.data() + to);
    });
  }

 private:
  std::size_t samples_of(const X& x) const { return detail::image_count("dense", in_, x); }

  /// f(where a sample begins in x, where in y), for n samples.
  template <class F>
  void for_each_sample(std::size_t n, const F& f) const {
    for (std::size_t s = 0; s < n; ++s) f(s * in_.size(), s * outputs_);
  }

  /// y += wᵀ x, for one sample.
  void add_product(const scalar* w, const scalar* x, scalar* y) const {
    for (std::size_t i = 0; i < in_.size(); ++i, w += outputs_)
      for (std::size_t o = 0; o < outputs_; ++o) y[o] += w[o] * x[i];
  }

  image_shape in_;
  std::size_t outputs_;
  initialiser weights_;
};

}  // namespace kutta::layers
