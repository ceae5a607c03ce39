// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Elements set to zero at random in training.

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/random_bits.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

struct dropout_options {
  double rate = 0.5;       ///< p: the part of the elements that is dropped
  std::uint64_t seed = 0;  ///< another for each such layer of a model: else they drop the same
};

/// In training yᵢ = mᵢ xᵢ/(1 − p), mᵢ = 0 with probability p, else 1; in inference y = x.
///
///     dropout<X> drop({.rate = 0.1, .seed = 3});
///
/// m depends on the seed, the pass, the sample's place in the batch and the element's in the
/// sample, on nothing else: the reverse pass and recomputed stages meet the same m, which is not
/// stored, and so do tiles on any number of threads. It does not depend on time: a block's residual
/// is the same function of x and θ at all stages of a pass.
///
/// To be told from training, inference needs a model's `infer`: the layer counts as one with
/// statistics, which are empty.
///
/// x: samples of any shape. A tensor that is no batch is one sample.
/// Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, Dropout (2014), § 4; the
/// scale in training as in § 10.
template <image_tensor X>
class dropout {
  using scalar = scalar_t<X>;

 public:
  static constexpr bool samples_independent = true;

  using state = X;
  using params = std::array<scalar, 0>;
  using statistics = std::array<scalar, 0>;
  struct tape {
    bool training = true;
  };

  /// @throws std::invalid_argument unless 0 ≤ rate < 1.
  explicit dropout(const dropout_options& how = {}) : how_(how) {
    if (!(how.rate >= 0 && how.rate < 1))
      throw std::invalid_argument("dropout: expected a rate of at least 0 and less than 1, got " +
                                  detail::number_text(how.rate));
  }

  const dropout_options& options() const { return how_; }

  template <class G>
  params make_params(G&) const {
    return {};
  }
  statistics make_statistics(const params&, const X&) const { return {}; }
  statistics observed(const tape&) const { return {}; }

  void forward(const params&, const X& x, X& y, tape& saved, const context<dropout>& at) const {
    saved.training = true;
    drop(x, y, at);
  }
  void infer(const params&, const statistics&, const X& x, X& y, tape& saved) const {
    saved.training = false;
    kutta::assign(y, x);
  }

  /// dxᵢ += mᵢ dyᵢ/(1 − p).
  void vjp(const params&, const X& x, const tape& saved, const X& dy, X& dx, params&,
           const context<dropout>& at) const {
    if (!saved.training) return kutta::add(dx, dx, scaled{1, dy});
    const scalar* const from = dy.data();
    scalar* const to = dx.data();
    for_each_kept(x, at, [&](std::size_t i, bool kept) { to[i] += kept ? scale() * from[i] : 0; });
  }

  void jvp(const params&, const X&, const tape& saved, const X& vx, const params&, X& vy,
           const context<dropout>& at) const {
    if (saved.training)
      drop(vx, vy, at);
    else
      kutta::assign(vy, vx);
  }

 private:
  scalar scale() const { return static_cast<scalar>(1 / (1 - how_.rate)); }

  void drop(const X& x, X& y, const context<dropout>& at) const {
    const scalar* const from = x.data();
    scalar* const to = y.data();
    for_each_kept(x, at, [&](std::size_t i, bool kept) { to[i] = kept ? scale() * from[i] : 0; });
  }

  /// f(i, mᵢ = 1) for the elements of x.
  template <class F>
  void for_each_kept(const X& x, const context<dropout>& at, const F& f) const {
    std::size_t samples = 1;
    if constexpr (batch<X>) samples = kutta::samples(x);
    const std::size_t size = samples == 0 ? 0 : static_cast<std::size_t>(x.size()) / samples;
    const auto limit = static_cast<std::uint64_t>(how_.rate * 0x1p53);
    const std::uint64_t pass = detail::random_bits(detail::random_bits(how_.seed, 0), at.pass);
    for (std::size_t s = 0; s < samples; ++s) {
      const std::uint64_t sample = detail::random_bits(pass, at.first_sample + s);
      for (std::size_t i = 0; i < size; ++i)
        f(s * size + i, detail::random_bits(sample, i) >> 11 >= limit);
    }
  }

  dropout_options how_;
};

}  // namespace kutta::layers
