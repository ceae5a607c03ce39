// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Batch normalisation of channels, with or without max(·, 0) behind it.

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <kutta/layers/channel_sums.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// γ and β, one number a channel.
template <image_tensor X>
struct batch_norm_params {
  X gamma, beta;

  static constexpr auto fields = std::tuple{field{"gamma", &batch_norm_params::gamma},
                                            field{"beta", &batch_norm_params::beta}};
};

/// Mean and variance, one number a channel: of a batch, or a running average of those.
template <image_tensor X>
struct batch_norm_statistics {
  X mean, var;

  static constexpr auto fields = std::tuple{field{"mean", &batch_norm_statistics::mean},
                                            field{"var", &batch_norm_statistics::var}};
};

struct batch_norm_options {
  double epsilon = 1e-5;
  bool unbiased = false;  ///< the variance that is observed: Σ(x − μ)²/(n − 1) instead of /n
};

/// y = γ (x − μ)/√(σ² + ε) + β, behind it max(·, 0) where `Relu` is set.
///
/// In training μ and σ² are the mean and the (biased) variance of each channel over all pixels of
/// all samples of the batch, and differentiated; `infer` takes them from statistics.
///
/// x, y: pixels of `channels` numbers side by side, as many as there are. γ, β: a number a channel.
/// μ and σ²: two passes within a chunk of pixels that stays in the cache, chunks merged as doubles
/// by Chan, Golub & LeVeque, Updating formulae (1979), eq. (1.5); the error does not grow with μ/σ.
/// Memory: the tape holds no pixels; vjp computes (x − μ)/σ and the sign of y again.
/// Source: Ioffe & Szegedy, Batch normalization (2015), algorithm 1 and section 3.
template <image_tensor X, bool Relu = false>
class batch_norm {
  using scalar = scalar_t<X>;
  using pattern = detail::channel_pattern<scalar>;

 public:
  using state = X;
  using params = batch_norm_params<X>;
  using statistics = batch_norm_statistics<X>;

  struct tape {
    std::size_t pixels = 0;
    std::vector<double> mean, squares;     ///< μ and Σ(x − μ)²
    pattern shift, inverse, gain, offset;  ///< μ, r = 1/√(σ² + ε), γ r, β
    statistics observed;
  };
  struct scratch {
    std::array<std::vector<double>, 2> sums;
    std::array<pattern, 2> means;
    std::array<pattern, 2> gains;
  };

  /// @throws std::invalid_argument if there is no channel, or epsilon is negative or not finite.
  explicit batch_norm(std::size_t channels, const batch_norm_options& how = {})
      : channels_(channels), how_(how) {
    if (channels == 0)
      throw std::invalid_argument("batch_norm: expected at least 1 channel, got 0");
    if (!(how.epsilon >= 0 && std::isfinite(how.epsilon)))
      throw std::invalid_argument("batch_norm: expected a finite epsilon of at least 0, got " +
                                  std::to_string(how.epsilon));
  }

  std::size_t channels() const { return channels_; }

  /// γ = 1, β = 0.
  template <class G>
  params make_params(G&) const {
    return {filled(1), filled(0)};
  }
  /// μ = 0, σ² = 1.
  statistics make_statistics(const params&, const X&) const { return {filled(0), filled(1)}; }
  /// σ² stays positive.
  statistics positive_statistics(const statistics&) const { return {filled(0), filled(1)}; }

  /// @throws std::invalid_argument if theta or x does not have whole pixels of this many channels,
  /// or of a single pixel the unbiased variance is to be observed.
  tape make_tape(const params& theta, const X& x) const {
    detail::require_size("batch_norm: gamma", channels_, theta.gamma);
    detail::require_size("batch_norm: beta", channels_, theta.beta);
    if (how_.unbiased && pixels(x) < 2)
      throw std::invalid_argument(
          "batch_norm: expected at least 2 pixels for an unbiased variance, got 1");
    pixels(x);
    const pattern p(channels_);
    const std::vector<double> zeros(channels_);
    return {0, zeros, zeros, p, p, p, p, make_statistics(theta, x)};
  }
  scratch make_scratch(const params&, const X&) const {
    const pattern p(channels_);
    const std::vector<double> zeros(channels_);
    return {{zeros, zeros}, {p, p}, {p, p}};
  }

  void forward(const params& theta, const X& x, X& y, tape& saved,
               const context<batch_norm>& at) const {
    find_moments(x, saved, at.scratch);
    const auto n = static_cast<double>(saved.pixels);
    set_map(
        theta, saved, [&](std::size_t c) { return saved.mean[c]; },
        [&](std::size_t c) { return saved.squares[c] / n; });
    apply(x, y, saved);
    for (std::size_t c = 0; c < channels_; ++c) {
      saved.observed.mean.data()[c] = static_cast<scalar>(saved.mean[c]);
      saved.observed.var.data()[c] =
          static_cast<scalar>(saved.squares[c] / (how_.unbiased ? n - 1 : n));
    }
  }

  /// The mean and variance of the batch that `forward` saw.
  const statistics& observed(const tape& saved) const { return saved.observed; }

  /// y with the mean and variance of `stats`; the tape is overwritten, and not for vjp.
  void infer(const params& theta, const statistics& stats, const X& x, X& y, tape& saved) const {
    set_map(
        theta, saved, [&](std::size_t c) { return stats.mean.data()[c]; },
        [&](std::size_t c) { return stats.var.data()[c]; });
    apply(x, y, saved);
  }

  /// With x̂ = (x − μ) r, g = dy where y > 0 (everywhere without Relu) and ⟨·⟩ the mean over pixels:
  /// dβ += Σ g,   dγ += Σ g x̂,   dx += γ r (g − ⟨g⟩ − x̂ ⟨g x̂⟩).
  void vjp(const params&, const X& x, const tape& saved, const X& dy, X& dx, params& dtheta,
           const context<batch_norm>& at) const {
    const auto gradient = [&]<class V>(V, std::size_t i, std::size_t place) {
      return passed(detail::read<V>(x.data() + i), detail::read<V>(dy.data() + i), saved, place);
    };
    find_sums(x, saved, at.scratch, gradient);
    for (std::size_t c = 0; c < channels_; ++c) {
      dtheta.beta.data()[c] += static_cast<scalar>(at.scratch.sums[0][c]);
      dtheta.gamma.data()[c] += static_cast<scalar>(at.scratch.sums[1][c]);
    }
    for_each_pixel(x, saved, [&]<class V>(V, std::size_t i, std::size_t place) {
      const V g = gradient(V(), i, place);
      detail::write(dx.data() + i,
                    detail::read<V>(dx.data() + i) +
                        projected(g, detail::read<V>(x.data() + i), saved, at.scratch, place));
    });
  }

  /// vy = γ r (vx − ⟨vx⟩ − x̂ ⟨vx x̂⟩) + vγ x̂ + vβ, where y > 0.
  void jvp(const params&, const X& x, const tape& saved, const X& vx, const params& vtheta, X& vy,
           const context<batch_norm>& at) const {
    const auto direction = [&]<class V>(V, std::size_t i, std::size_t) {
      return detail::read<V>(vx.data() + i);
    };
    find_sums(x, saved, at.scratch, direction);
    auto& [vgamma, vbeta] = at.scratch.gains;
    vgamma.set([&](std::size_t c) { return vtheta.gamma.data()[c]; });
    vbeta.set([&](std::size_t c) { return vtheta.beta.data()[c]; });
    for_each_pixel(x, saved, [&]<class V>(V, std::size_t i, std::size_t place) {
      const V xi = detail::read<V>(x.data() + i);
      const V v = projected(direction(V(), i, place), xi, saved, at.scratch, place) +
                  detail::read<V>(vgamma.at(place)) * normalised(xi, saved, place) +
                  detail::read<V>(vbeta.at(place));
      detail::write(vy.data() + i, passed(xi, v, saved, place));
    });
  }

 private:
  X filled(double value) const {
    X x = detail::zero_array<X>(std::array{channels_}, 0);
    for (std::size_t c = 0; c < channels_; ++c) x.data()[c] = static_cast<scalar>(value);
    return x;
  }

  std::size_t pixels(const X& x) const {
    const auto size = static_cast<std::size_t>(x.size());
    if (size == 0 || size % channels_ != 0)
      throw std::invalid_argument("batch_norm: expected pixels of " + std::to_string(channels_) +
                                  " channels, got shape " + shape_text(x));
    return size / channels_;
  }

  template <class F>
  static void for_each_pixel(const X& x, const tape& saved, const F& f) {
    detail::for_each_pixel<scalar>(static_cast<std::size_t>(x.size()), saved.shift.size(), f);
  }

  /// With m and s the mean and the squares of a chunk of k pixels, δ = m − μ, n + k pixels so far:
  /// μ += δ k/(n + k),   Σ(x − μ)² += s + δ² n k/(n + k).
  void find_moments(const X& x, tape& saved, scratch& work) const {
    saved.pixels = 0;
    std::fill(saved.mean.begin(), saved.mean.end(), 0.);
    std::fill(saved.squares.begin(), saved.squares.end(), 0.);
    const std::size_t all = pixels(x), chunk = std::max<std::size_t>(1, chunk_size / channels_);
    auto& [first, second] = work.sums;
    const std::size_t size = saved.shift.size();
    for (; saved.pixels < all; saved.pixels += std::min(chunk, all - saved.pixels)) {
      const std::size_t some = std::min(chunk, all - saved.pixels);
      const scalar* from = x.data() + saved.pixels * channels_;
      const auto k = static_cast<double>(some), n = static_cast<double>(saved.pixels);
      std::fill(first.begin(), first.end(), 0.);
      detail::add_channel_sums<scalar, 2>(
          some * channels_, channels_, size, work.sums,
          [&]<class V>(V, std::size_t i, std::size_t) {
            return std::array{detail::read<V>(from + i), V(scalar(0))};
          });
      saved.shift.set([&](std::size_t c) { return first[c] / k; });
      std::fill(first.begin(), first.end(), 0.);
      std::fill(second.begin(), second.end(), 0.);
      detail::add_channel_sums<scalar, 2>(some * channels_, channels_, size, work.sums,
                                          [&]<class V>(V, std::size_t i, std::size_t place) {
                                            const V d = detail::read<V>(from + i) -
                                                        detail::read<V>(saved.shift.at(place));
                                            return std::array{d, d * d};
                                          });
      for (std::size_t c = 0; c < channels_; ++c) {
        const double rest = first[c] / k;  // of the mean, what rounding took
        const double delta = static_cast<double>(*saved.shift.at(c)) + rest - saved.mean[c];
        saved.mean[c] += delta * k / (n + k);
        saved.squares[c] += second[c] - rest * first[c] + delta * delta * n * k / (n + k);
      }
    }
  }

  template <class Mean, class Variance>
  void set_map(const params& theta, tape& saved, const Mean& mean, const Variance& variance) const {
    saved.shift.set(mean);
    const auto inverse = [&](std::size_t c) {
      return 1 / std::sqrt(static_cast<double>(variance(c)) + how_.epsilon);
    };
    saved.inverse.set(inverse);
    saved.gain.set(
        [&](std::size_t c) { return static_cast<double>(theta.gamma.data()[c]) * inverse(c); });
    saved.offset.set([&](std::size_t c) { return theta.beta.data()[c]; });
  }

  /// γ r (x − μ) + β.
  template <class V>
  static V value(const V& x, const tape& saved, std::size_t place) {
    return (x - detail::read<V>(saved.shift.at(place))) * detail::read<V>(saved.gain.at(place)) +
           detail::read<V>(saved.offset.at(place));
  }

  /// x̂ = (x − μ) r.
  template <class V>
  static V normalised(const V& x, const tape& saved, std::size_t place) {
    return (x - detail::read<V>(saved.shift.at(place))) * detail::read<V>(saved.inverse.at(place));
  }

  /// v where y > 0, else 0.
  template <class V>
  static V passed(const V& x, const V& v, const tape& saved, std::size_t place) {
    if constexpr (Relu)
      return where_less(V(scalar(0)), value(x, saved, place), v, V(scalar(0)));
    else
      return v;
  }

  static void apply(const X& x, X& y, const tape& saved) {
    for_each_pixel(x, saved, [&]<class V>(V, std::size_t i, std::size_t place) {
      const V xi = detail::read<V>(x.data() + i), v = value(xi, saved, place);
      if constexpr (Relu)
        detail::write(y.data() + i, where_less(v, V(scalar(0)), V(scalar(0)), v));
      else
        detail::write(y.data() + i, v);
    });
  }

  /// The sums over pixels Σ g and Σ g x̂, and their means as patterns.
  template <class G>
  void find_sums(const X& x, const tape& saved, scratch& work, const G& gradient) const {
    for (auto& sum : work.sums) std::fill(sum.begin(), sum.end(), 0.);
    detail::add_channel_sums<scalar, 2>(
        static_cast<std::size_t>(x.size()), channels_, saved.shift.size(), work.sums,
        [&]<class V>(V, std::size_t i, std::size_t place) {
          const V g = gradient(V(), i, place);
          return std::array{g, g * normalised(detail::read<V>(x.data() + i), saved, place)};
        });
    const auto n = static_cast<double>(saved.pixels);
    for (std::size_t j = 0; j < 2; ++j)
      work.means[j].set([&](std::size_t c) { return work.sums[j][c] / n; });
  }

  /// γ r (g − ⟨g⟩ − x̂ ⟨g x̂⟩).
  template <class V>
  static V projected(const V& g, const V& x, const tape& saved, const scratch& work,
                     std::size_t place) {
    const auto mean = [&](std::size_t j) { return detail::read<V>(work.means[j].at(place)); };
    return detail::read<V>(saved.gain.at(place)) *
           (g - mean(0) - normalised(x, saved, place) * mean(1));
  }

  static constexpr std::size_t chunk_size = 1 << 14;  ///< numbers that are walked twice

  std::size_t channels_;
  batch_norm_options how_;
};

}  // namespace kutta::layers
