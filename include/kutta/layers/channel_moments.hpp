// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The mean and the variance of each channel over many pixels.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <vector>

#include <kutta/layers/channel_sums.hpp>
#include <kutta/tensor/heap_bytes.hpp>

namespace kutta::detail {

/// μ and Σ(x − μ)² of each channel, of the pixels so far.
///
/// Two passes within a chunk of pixels that stays in the cache, chunks merged as doubles: the error
/// does not grow with μ/σ.
template <std::floating_point T>
class channel_moments {
 public:
  explicit channel_moments(std::size_t channels = 1)
      : mean_(channels), squares_(channels), shift_(channels) {
    for (auto& sum : sums_) sum.resize(channels);
  }

  std::size_t pixels() const { return pixels_; }
  double mean(std::size_t c) const { return mean_[c]; }
  double squares(std::size_t c) const { return squares_[c]; }
  std::size_t heap_bytes() const { return kutta::heap_bytes(mean_, squares_, sums_, shift_); }

  void clear() {
    pixels_ = 0;
    std::fill(mean_.begin(), mean_.end(), 0.);
    std::fill(squares_.begin(), squares_.end(), 0.);
  }

  /// So many more pixels, from x on.
  void add(const T* x, std::size_t pixels) {
    const std::size_t channels = mean_.size(), size = shift_.size();
    const std::size_t chunk = std::max<std::size_t>(1, chunk_size / channels);
    auto& [first, second] = sums_;
    for (std::size_t done = 0; done < pixels; done += chunk) {
      const std::size_t some = std::min(chunk, pixels - done), n = some * channels;
      const T* const from = x + done * channels;
      const double each = 1 / static_cast<double>(some);
      clear_sums();
      add_channel_sums<T>(n, channels, size, sums_, [&]<class V>(V, std::size_t) {
        return [=](std::size_t i) { return std::array{read<V>(from + i), V(T(0))}; };
      });
      shift_.set([&](std::size_t c) { return first[c] * each; });
      clear_sums();
      add_channel_sums<T>(n, channels, size, sums_, [&]<class V>(V, std::size_t place) {
        return [=, shift = read<V>(shift_.at(place))](std::size_t i) {
          const V d = read<V>(from + i) - shift;
          return std::array{d, d * d};
        };
      });
      merge(some, [&](std::size_t c) {
        const double rest = first[c] * each;  // of the mean, what rounding took
        const double squares = std::max(second[c] - rest * first[c], 0.);
        return std::array{static_cast<double>(*shift_.at(c)) + rest, squares};
      });
    }
  }

  /// The pixels of both.
  void add(const channel_moments& other) {
    if (other.pixels_ > 0)
      merge(other.pixels_, [&](std::size_t c) {
        return std::array{other.mean_[c], other.squares_[c]};
      });
  }

 private:
  void clear_sums() {
    for (auto& sum : sums_) std::fill(sum.begin(), sum.end(), 0.);
  }

  /// With m and s the mean and the squares of k more pixels, δ = m − μ:
  /// μ += δ k/(n + k),   Σ(x − μ)² += s + δ² n k/(n + k).
  /// Source: Chan, Golub & LeVeque, Updating formulae (1979), eq. (1.5).
  template <class F>
  void merge(std::size_t more, const F& of_channel) {
    const double n = static_cast<double>(pixels_), k = static_cast<double>(more);
    const double share = k / (n + k);
    for (std::size_t c = 0; c < mean_.size(); ++c) {
      const auto [m, s] = of_channel(c);
      const double delta = m - mean_[c];
      mean_[c] += delta * share;
      squares_[c] += s + delta * delta * (n * share);
    }
    pixels_ += more;
  }

  static constexpr std::size_t chunk_size = 1 << 13;  ///< numbers that are walked twice

  std::size_t pixels_ = 0;
  std::vector<double> mean_, squares_;
  channel_totals<2> sums_;
  channel_pattern<T> shift_;
};

}  // namespace kutta::detail
