// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Convolution of images as a layer.

#include <array>
#include <concepts>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>

#include <kutta/layers/convolution.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/initialisers.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// Where the zeros around an image go, for n pixels along an axis, k taps, stride s.
///
///     torch   k/2 on either side: ⌊(n + 2⌊k/2⌋ − k)/s⌋ + 1 pixels come out
///     flax    ("SAME") ⌈n/s⌉ pixels come out; of the zeros that takes, the smaller half in front
enum class padding { torch, flax };

/// The options of a convolution.
struct convolution_options {
  std::size_t kernel = 3;  ///< taps along either axis
  std::size_t stride = 1;  ///< 1 or 2
  layers::padding padding = padding::torch;
  initialiser weights = initialisers::he_normal(initialisers::fan::out);
};

/// The weights of a convolution.
template <image_tensor X>
struct convolution_params {
  X w;

  static constexpr auto fields = std::tuple{field{"w", &convolution_params::w}};
};

/// The weights and the bias of a convolution.
template <image_tensor X>
struct biased_convolution_params {
  X w, b;

  static constexpr auto fields = std::tuple{field{"w", &biased_convolution_params::w},
                                            field{"b", &biased_convolution_params::b}};
};

/// y[i, j] = b + Σ_{ky, kx} w[ky, kx]ᵀ x[s i + ky − front, s j + kx − front], x being 0 outside.
///
///     conv2d<Eigen::MatrixXf> conv({32, 32, 16}, 32, {.stride = 2});    // to (16, 16, 32)
///
/// x, y: images (`image_shape.hpp`). w: kernel × kernel × in × out numbers, the output channels
/// side by side: of shape {kernel, kernel, in, out} in an array of four axes, out × (kernel² in) in
/// an Eigen matrix. b: out numbers. A residual where y has the shape of x. FLOPs: 2 kernel² in out
/// for each pixel of y forward, twice that in reverse. For device arrays `cuda/convolution.hpp` has
/// the kernels.
///
/// Kernels: with the interface of `detail::convolution`.
template <image_tensor X, bool Bias = false,
          class Kernels = typename detail::convolution_of<X>::type>
class conv2d {
  using scalar = scalar_t<X>;

 public:
  static constexpr bool samples_independent = true;

  using state = X;
  using params = std::conditional_t<Bias, biased_convolution_params<X>, convolution_params<X>>;
  using tape = nothing;
  using scratch = typename Kernels::scratch;

  /// @throws std::invalid_argument if an extent or the kernel is 0, or the stride neither 1 nor 2.
  conv2d(const image_shape& in, std::size_t channels, const convolution_options& how = {})
      : how_(valid(in, channels, how)),
        kernels_(axis(in.height, how), axis(in.width, how), in.channels, channels) {}

  const image_shape& input_shape() const { return kernels_.in(); }
  const image_shape& output_shape() const { return kernels_.out(); }
  /// For a layer that has more to do with the images that are read and written.
  const Kernels& kernels() const { return kernels_; }

  /// Weights as the initialiser of the options has them, biases zero.
  template <std::uniform_random_bit_generator G>
  params make_params(G& generator) const {
    const std::size_t k = how_.kernel, in = input_shape().channels, out = output_shape().channels;
    params theta;
    theta.w = detail::zero_array<X>(std::array{k, k, in, out}, 3);
    initialise(how_.weights, {k * k, in, out}, theta.w, generator);
    if constexpr (Bias) theta.b = detail::zero_array<X>(std::array{out}, 0);
    return theta;
  }

  X make_output(const params&, const X& x) const {
    return detail::zero_images<X>(samples_of(x), output_shape());
  }

  /// @throws std::invalid_argument if theta or x does not have this layer's shape.
  scratch make_scratch(const params& theta, const X& x) const {
    const std::size_t n = samples_of(x);
    detail::require_size("conv2d: theta.w", kernels_.weights(), theta.w);
    if constexpr (Bias) detail::require_size("conv2d: theta.b", output_shape().channels, theta.b);
    return kernels_.make_scratch(n);
  }

  void forward(const params& theta, const X& x, X& y, tape&, const context<conv2d>& at) const {
    kernels_.forward(detail::elements(theta.w), bias(theta), detail::elements(x),
                     detail::elements(y), samples_of(x), at.scratch, at.workers);
  }

  void vjp(const params& theta, const X& x, const tape&, const X& dy, X& dx, params& dtheta,
           const context<conv2d>& at) const {
    kernels_.vjp(detail::elements(theta.w), detail::elements(x), detail::elements(dy),
                 detail::elements(dx), detail::elements(dtheta.w), bias(dtheta), samples_of(x),
                 at.scratch, at.workers);
  }

  /// vy = vb + w ∗ vx + vw ∗ x.
  void jvp(const params& theta, const X& x, const tape&, const X& vx, const params& vtheta, X& vy,
           const context<conv2d>& at) const {
    const std::size_t n = samples_of(x);
    kernels_.forward(detail::elements(vtheta.w), bias(vtheta), detail::elements(x),
                     detail::elements(vy), n, at.scratch, at.workers);
    kernels_.add_forward(detail::elements(theta.w), detail::elements(vx), detail::elements(vy), n,
                         at.scratch, at.workers);
  }

 private:
  static const convolution_options& valid(const image_shape& in, std::size_t channels,
                                          const convolution_options& how) {
    if (in.size() == 0 || channels == 0)
      throw std::invalid_argument("conv2d: expected extents of at least 1, got images of shape " +
                                  shape_text(in) + " and " + std::to_string(channels) +
                                  " output channels");
    if (how.kernel == 0)
      throw std::invalid_argument("conv2d: expected a kernel of at least 1, got 0");
    if (how.stride != 1 && how.stride != 2)
      throw std::invalid_argument("conv2d: expected stride 1 or 2, got " +
                                  std::to_string(how.stride));
    return how;
  }

  static detail::strided_axis axis(std::size_t n, const convolution_options& how) {
    const std::size_t k = how.kernel, s = how.stride;
    if (how.padding == padding::torch) return {n, (n + k / 2 * 2 - k) / s + 1, k, s, k / 2};
    const std::size_t out = (n + s - 1) / s, reach = (out - 1) * s + k;
    return {n, out, k, s, reach > n ? (reach - n) / 2 : 0};
  }

  std::size_t samples_of(const X& x) const {
    return detail::image_count("conv2d", input_shape(), x);
  }

  static auto bias(auto& theta) {
    if constexpr (Bias)
      return detail::elements(theta.b);
    else
      return static_cast<scalar*>(nullptr);
  }

  convolution_options how_;
  Kernels kernels_;
};

}  // namespace kutta::layers
