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
#include <kutta/layers/matrix_kernels.hpp>
#include <kutta/tensor/array.hpp>
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
  using scratch = detail::matrix_kernels<X>;

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
    params theta{detail::zero_array<X>(std::array<std::size_t, 2>{in_.size(), outputs_}, 1),
                 detail::zero_array<X>(std::array<std::size_t, 1>{outputs_}, 0)};
    initialise(weights_, {1, in_.size(), outputs_}, theta.w, generator);
    return theta;
  }

  /// @throws std::invalid_argument if theta or x does not have this layer's shape.
  X make_output(const params& theta, const X& x) const {
    detail::require_size("dense: theta.w", in_.size() * outputs_, theta.w);
    detail::require_size("dense: theta.b", outputs_, theta.b);
    return detail::zero_images<X>(samples_of(x), output_shape());
  }

  scratch make_scratch(const params&, const X& x) const { return {samples_of(x), outputs_}; }

  void forward(const params& theta, const X& x, X& y, tape&, const context<dense>& at) const {
    affine(theta, x, y, at.scratch);
  }

  /// dx += w dy,   dw += x dyᵀ,   db += dy.
  void vjp(const params& theta, const X& x, const tape&, const X& dy, X& dx, params& dtheta,
           const context<dense>& at) const {
    const matrix g = outputs_of(dy);
    at.scratch.add_product(g, weights_of(theta).transpose(), detail::elements(dx));
    at.scratch.add_product(inputs_of(x).transpose(), g, detail::elements(dtheta.w));
    at.scratch.add_rows(g.rows, outputs_, g.data, detail::elements(dtheta.b));
  }

  /// vy = vb + wᵀ vx + vwᵀ x.
  void jvp(const params& theta, const X& x, const tape&, const X& vx, const params& vtheta, X& vy,
           const context<dense>& at) const {
    affine(vtheta, x, vy, at.scratch);
    at.scratch.add_product(inputs_of(vx), weights_of(theta), detail::elements(vy));
  }

 private:
  std::size_t samples_of(const X& x) const { return detail::image_count("dense", in_, x); }

  using matrix = row_major<scalar>;  // of a sample a row

  matrix inputs_of(const X& x) const { return {detail::elements(x), samples_of(x), in_.size()}; }
  matrix outputs_of(const X& y) const {
    return {detail::elements(y), static_cast<std::size_t>(y.size()) / outputs_, outputs_};
  }
  matrix weights_of(const params& theta) const {
    return {detail::elements(theta.w), in_.size(), outputs_};
  }

  /// y ← b + wᵀ x.
  void affine(const params& theta, const X& x, X& y, scratch& kernels) const {
    const detail::repeat_row<scalar> bias{detail::elements(theta.b), detail::elements(y), outputs_};
    detail::for_each_row<X>(samples_of(x), outputs_, bias);
    kernels.add_product(inputs_of(x), weights_of(theta), detail::elements(y));
  }

  image_shape in_;
  std::size_t outputs_;
  initialiser weights_;
};

}  // namespace kutta::layers
