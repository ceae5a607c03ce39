// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A convolution and its transpose as correlations, and their weights in the order of the loops.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <utility>

#include <kutta/layers/image_planes.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// A convolution along one axis: n pixels to `out`, with `front` zeros before the first.
struct strided_axis {
  std::size_t n, out, kernel, stride, front;
};

/// Correlation with every `stride`-th tap of a kernel, from the last to the first or from the first
/// to the last: y[step i + first] (+)= Σ_j x[stride i + j + from] w[tap(j)],   i < count, j < taps.
struct axis_correlation {
  std::size_t taps, tap0;
  std::ptrdiff_t tap_step;
  std::ptrdiff_t from;
  std::size_t stride;
  std::size_t first, step, count;

  /// Taps [first, second) of output o meet one of the n numbers of x.
  std::pair<std::size_t, std::size_t> taps_inside(std::size_t o, std::size_t n) const {
    const std::ptrdiff_t begin = from + static_cast<std::ptrdiff_t>(stride * o);
    const auto clamp = [&](std::ptrdiff_t j) {
      return static_cast<std::size_t>(
          std::clamp<std::ptrdiff_t>(j, 0, static_cast<std::ptrdiff_t>(taps)));
    };
    const std::size_t first_tap = clamp(-begin);
    return {first_tap, std::max(first_tap, clamp(static_cast<std::ptrdiff_t>(n) - begin))};
  }
  /// Outputs [first, second) meet one of the n numbers of x with tap j.
  std::pair<std::size_t, std::size_t> outputs_inside(std::size_t j, std::size_t n) const {
    std::size_t begin = 0, end = count;
    while (begin < end && row(begin, j) >= n) ++begin;
    while (begin < end && row(end - 1, j) >= n) --end;
    return {begin, end};
  }
  /// The place in x that output o meets with tap j; before the first: a huge number.
  std::size_t row(std::size_t o, std::size_t j) const {
    return static_cast<std::size_t>(from) + stride * o + j;
  }
  std::size_t tap(std::size_t j) const {
    return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(tap0) +
                                    static_cast<std::ptrdiff_t>(j) * tap_step);
  }
};

inline axis_correlation forward_axis(const strided_axis& a) {
  return {a.kernel, 0, 1, -static_cast<std::ptrdiff_t>(a.front), a.stride, 0, 1, a.out};
}

/// The pixels p, p + s, … of x: those that taps k with k ≡ p + front (mod s) lead to.
///
/// x[s m + p] meets y[i] by tap k where s i + k = s m + p + front: i = m + c − j for k = k0 + s j.
inline axis_correlation transposed_axis(const strided_axis& a, std::size_t p) {
  const std::size_t s = a.stride, k0 = (p + a.front) % s, c = (p + a.front) / s;
  const std::size_t taps = k0 < a.kernel ? (a.kernel - k0 + s - 1) / s : 0;
  const std::size_t last = taps == 0 ? 0 : k0 + s * (taps - 1);
  return {taps,
          last,
          -static_cast<std::ptrdiff_t>(s),
          static_cast<std::ptrdiff_t>(c + 1) - static_cast<std::ptrdiff_t>(taps),
          1,
          p,
          s,
          p < a.n ? (a.n - p + s - 1) / s : 0};
}

/// A correlation of images: along y and along x.
struct image_correlation {
  axis_correlation y, x;

  std::size_t taps() const { return y.taps * x.taps; }
};

/// Weights in the order in which `correlate` reads them:
/// [W output channels][three taps in x][tap in y][input channel][tap in x][W].
template <std::floating_point T>
class packed_weights {
  static constexpr std::size_t w = register_lanes<T>;

 public:
  packed_weights() = default;
  /// `kernel`: taps in a row of the weights. in, out: the channels of what is read and written;
  /// in_step, out_step: from one of them to the next in memory.
  packed_weights(const image_correlation& taps, std::size_t kernel, std::size_t in,
                 std::size_t in_step, std::size_t out, std::size_t out_step)
      : taps_(taps),
        kernel_(kernel),
        in_(in),
        in_step_(in_step),
        out_(out),
        out_step_(out_step),
        values_(registers_of<T>(out) * block()) {}

  const image_correlation& taps() const { return taps_; }

  /// From W output channels to the next.
  std::size_t block() const { return taps_.taps() * in_ * w; }
  std::size_t heap_bytes() const { return kutta::heap_bytes(values_); }

  /// The weights that taps jy in y and jx in x, a multiple of 3, have for output channel c.
  const T* at(std::size_t c, std::size_t jx, std::size_t jy) const {
    const std::size_t group = std::min<std::size_t>(3, taps_.x.taps - jx);
    return values_.data() + c / w * block() + (jx * taps_.y.taps + jy * group) * in_ * w;
  }

  void read(const T* weights) {
    T* to = values_.data();
    for (std::size_t c = 0; c < out_; c += w)
      for (std::size_t jx = 0; jx < taps_.x.taps; jx += 3)
        for (std::size_t jy = 0; jy < taps_.y.taps; ++jy)
          for (std::size_t i = 0; i < in_; ++i)
            for (std::size_t g = jx; g < std::min(jx + 3, taps_.x.taps); ++g, to += w) {
              const std::size_t tap = taps_.y.tap(jy) * kernel_ + taps_.x.tap(g);
              const T* from = weights + tap * in_ * out_ + i * in_step_ + c * out_step_;
              const std::size_t n = std::min(w, out_ - c);
              if (n == w && out_step_ == 1)
                std::memcpy(to, from, w * sizeof(T));
              else
                for (std::size_t l = 0; l < n; ++l) to[l] = from[l * out_step_];
            }
  }

 private:
  image_correlation taps_{};
  std::size_t kernel_ = 0, in_ = 0, in_step_ = 0, out_ = 0, out_step_ = 0;
  register_array<T> values_;
};

}  // namespace kutta::detail
