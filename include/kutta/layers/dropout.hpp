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
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// m_i v_i scale, of the numbers [first, last) of sample `row`: written to w, or added.
template <class T, bool Add>
struct keep_some {
  const T* v;
  T* w;
  std::size_t size;  ///< of a sample
  std::uint64_t pass, first_sample, limit;
  T scale;

  KUTTA_HD void operator()(std::size_t row, std::size_t first, std::size_t last) const {
    const std::uint64_t sample = random_bits(pass, first_sample + row);
    const T* const from = v + row * size;
    T* const to = w + row * size;
    for (std::size_t i = first; i < last; ++i) {
      const T value = random_bits(sample, i) >> 11 >= limit ? scale * from[i] : T(0);
      to[i] = Add ? to[i] + value : value;
    }
  }
};

}  // namespace detail

namespace layers {

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
/// A replayed graph (`cuda::capture`) drops what the recorded pass dropped, again and again.
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
    keep<false>(x, y, at);
  }
  void infer(const params&, const statistics&, const X& x, X& y, tape& saved) const {
    saved.training = false;
    kutta::assign(y, x);
  }

  /// dxᵢ += mᵢ dyᵢ/(1 − p).
  void vjp(const params&, const X&, const tape& saved, const X& dy, X& dx, params&,
           const context<dropout>& at) const {
    if (!saved.training) return kutta::add(dx, dx, scaled{1, dy});
    keep<true>(dy, dx, at);
  }

  void jvp(const params&, const X&, const tape& saved, const X& vx, const params&, X& vy,
           const context<dropout>& at) const {
    if (saved.training)
      keep<false>(vx, vy, at);
    else
      kutta::assign(vy, vx);
  }

 private:
  /// w_i ← m_i v_i/(1 − p), or with Add w_i + m_i v_i/(1 − p).
  template <bool Add>
  void keep(const X& v, X& w, const context<dropout>& at) const {
    std::size_t samples = 1;
    if constexpr (batch<X>) samples = kutta::samples(v);
    const std::size_t size = samples == 0 ? 0 : static_cast<std::size_t>(v.size()) / samples;
    const auto limit = static_cast<std::uint64_t>(how_.rate * 0x1p53);
    const std::uint64_t pass = detail::random_bits(detail::random_bits(how_.seed, 0), at.pass);
    detail::for_each_row<X>(samples, size,
                            detail::keep_some<scalar, Add>{
                                detail::elements(v), detail::elements(w), size, pass,
                                at.first_sample, limit, static_cast<scalar>(1 / (1 - how_.rate))});
  }

  dropout_options how_;
};

}  // namespace layers
}  // namespace kutta
