// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What one thread computes of a convolution of images in device memory (NHWC): some pixels of four
/// channels, or a block of 4 × 4 weights of the gradient.
///
/// Threads side by side have channels side by side, then pixels: they read the same pixels, and
/// weights that lie side by side. There is no shared memory and no barrier, so that the same
/// functors run on a host.

#include <concepts>
#include <cstddef>

#include <kutta/cuda/elementwise.hpp>
#include <kutta/cuda/sums.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/packed_weights.hpp>
#include <kutta/tensor/host_device.hpp>

namespace kutta::cuda::detail {

/// Four numbers side by side: an access of 16 bytes, of doubles two.
template <std::floating_point T>
struct alignas(16) four {
  T lane[4];
};

inline constexpr unsigned lanes_of_four = 4;

constexpr std::size_t fours(std::size_t n) {
  return (n + lanes_of_four - 1) / lanes_of_four;
}

/// x[l], l < 4. Unless the numbers are `Whole` fours: those with l < count, and zeros.
template <bool Whole, std::floating_point T>
KUTTA_HD four<T> load_four(const T* x, unsigned count) {
  if constexpr (Whole) {
    return *reinterpret_cast<const four<T>*>(x);
  } else {
    four<T> v{};
    for (unsigned l = 0; l < lanes_of_four; ++l)
      if (l < count) v.lane[l] = x[l];
    return v;
  }
}

template <bool Whole, std::floating_point T>
KUTTA_HD void store_four(T* y, unsigned count, const four<T>& v) {
  if constexpr (Whole) {
    *reinterpret_cast<four<T>*>(y) = v;
  } else {
    for (unsigned l = 0; l < lanes_of_four; ++l)
      if (l < count) y[l] = v.lane[l];
  }
}

/// i ↦ i / n, of which the remainder is returned.
KUTTA_HD inline unsigned divide(std::size_t& i, unsigned n) {
  const place at = place_of(i, n);
  i = at.row;
  return static_cast<unsigned>(at.column);
}

/// `axis_correlation` in short numbers.
struct short_axis {
  short_axis() = default;
  explicit short_axis(const kutta::detail::axis_correlation& a)
      : taps(static_cast<int>(a.taps)),
        tap0(static_cast<int>(a.tap0)),
        tap_step(static_cast<int>(a.tap_step)),
        from(static_cast<int>(a.from)),
        stride(static_cast<int>(a.stride)),
        first(static_cast<int>(a.first)),
        step(static_cast<int>(a.step)),
        count(static_cast<int>(a.count)) {}

  int taps = 0, tap0 = 0, tap_step = 0, from = 0, stride = 0, first = 0, step = 0, count = 0;
};

/// `image_shape` in short numbers.
struct short_shape {
  explicit short_shape(const layers::image_shape& s)
      : height(static_cast<unsigned>(s.height)),
        width(static_cast<unsigned>(s.width)),
        channels(static_cast<unsigned>(s.channels)) {}

  /// Of pixel (row, column) of image i.
  KUTTA_HD std::size_t place(std::size_t i, unsigned row, unsigned column) const {
    return ((i * height + row) * width + column) * channels;
  }

  unsigned height, width, channels;
};

/// A convolution along an axis, or the transpose of one, as correlations: that of phase p gives the
/// pixels p, p + phases, … of the result.
struct phased_axis {
  static constexpr unsigned most_phases = 2;

  short_axis phase[most_phases];
  unsigned phases;

  static phased_axis forward(const kutta::detail::strided_axis& a) {
    return {{short_axis(kutta::detail::forward_axis(a))}, 1};
  }
  static phased_axis transposed(const kutta::detail::strided_axis& a) {
    phased_axis t{{}, static_cast<unsigned>(a.stride)};
    for (unsigned p = 0; p < t.phases; ++p)
      t.phase[p] = short_axis(kutta::detail::transposed_axis(a, p));
    return t;
  }

  /// Groups of so many pixels, of n in all.
  unsigned groups(unsigned n, unsigned pixels) const {
    return ((n + phases - 1) / phases + pixels - 1) / pixels * phases;
  }
};

/// The same for images.
struct correlation_geometry {
  phased_axis y, x;
  unsigned kernel_width;
  short_shape in, out;
};

/// y[…] ← start + Σ_{ky, kx} Σ_a x[…, a] w[ky, kx, a] for P pixels of a row and four channels:
/// start is b, zeros if that is null, or y itself.
///
/// For four channels of x and a tap, a thread has 32 P FLOPs for P + 4 loads of 16 bytes (floats):
/// 16 FLOPs a load for P = 4. Sums run over the taps, then the channels of x.
template <std::floating_point T, unsigned P, bool WholeIn, bool WholeOut>
struct correlate_pixels {
  correlation_geometry g;
  const T *weights, *b, *x;
  T* y;
  bool add;
  unsigned groups, strips;

  /// i: (sample, row, group of pixels, strip of channels), the last fastest.
  KUTTA_HD void operator()(std::size_t i) const {
    const unsigned c = divide(i, strips) * lanes_of_four, left = g.out.channels - c;
    const unsigned group = divide(i, groups), row = divide(i, g.out.height);
    const short_axis along_y = g.y.phase[row % g.y.phases], along_x = g.x.phase[group % g.x.phases];
    const int oy = static_cast<int>(row / g.y.phases),
              ox = static_cast<int>(group / g.x.phases * P);

    four<T> sum[P];
    T* const to = y + g.out.place(i, row, static_cast<unsigned>(along_x.first)) + c;
    const auto y_step = static_cast<std::size_t>(along_x.step) * g.out.channels;
    const auto y_at = [&](unsigned p) { return (static_cast<unsigned>(ox) + p) * y_step; };
    for (unsigned p = 0; p < P; ++p) {
      sum[p] = four<T>{};
      if (add && ox + static_cast<int>(p) < along_x.count)
        sum[p] = load_four<WholeOut>(to + y_at(p), left);
      else if (b)
        sum[p] = load_four<WholeOut>(b + c, left);
    }
    for (int j = 0; j < along_y.taps; ++j) {
      const int iy = along_y.from + along_y.stride * oy + j;
      if (iy < 0 || iy >= static_cast<int>(g.in.height)) continue;
      const T* const line = x + g.in.place(i, static_cast<unsigned>(iy), 0);
      const int first_tap =
          (along_y.tap0 + j * along_y.tap_step) * static_cast<int>(g.kernel_width);
      for (int k = 0; k < along_x.taps; ++k) {
        const auto tap = static_cast<unsigned>(first_tap + along_x.tap0 + k * along_x.tap_step);
        add_tap(sum, line, along_x.from + along_x.stride * ox + k, along_x.stride,
                weights + std::size_t{tap} * g.in.channels * g.out.channels + c, left);
      }
    }
    for (unsigned p = 0; p < P; ++p)
      if (ox + static_cast<int>(p) < along_x.count)
        store_four<WholeOut>(to + y_at(p), left, sum[p]);
  }

 private:
  /// sum[p] += x[ix + stride p] w for one tap.
  KUTTA_HD void add_tap(four<T> (&sum)[P], const T* line, int ix, int stride, const T* w,
                        unsigned left) const {
    bool inside[P];
    const T* from[P];
    for (unsigned p = 0; p < P; ++p) {
      const int at = ix + stride * static_cast<int>(p);
      inside[p] = at >= 0 && at < static_cast<int>(g.in.width);
      from[p] = line + std::ptrdiff_t{at} * g.in.channels;
    }
    const std::size_t row = g.out.channels;
    for (unsigned a = g.in.channels;; a -= lanes_of_four) {  // channels that are left
      four<T> v[P];
      for (unsigned p = 0; p < P; ++p) {
        v[p] = four<T>{};
        if (inside[p]) v[p] = load_four<WholeIn>(from[p], a);
        from[p] += lanes_of_four;
      }
      for (unsigned l = 0; l < lanes_of_four; ++l) {
        if (!WholeIn && l >= a) break;
        const four<T> u = load_four<WholeOut>(w, left);
        w += row;
        for (unsigned p = 0; p < P; ++p)
          for (unsigned k = 0; k < lanes_of_four; ++k) sum[p].lane[k] += v[p].lane[l] * u.lane[k];
      }
      if (a <= lanes_of_four) break;
    }
  }
};

/// The sum of x ∗ dy over some rows of the images, for a block of 4 × 4 weights of a tap. For a
/// pixel a thread has 32 FLOPs for two loads of 16 bytes (floats).
template <std::floating_point T, bool WholeIn, bool WholeOut>
struct weight_gradient_part {
  short_axis along_y, along_x;  ///< forward
  short_shape in, out;
  const T *x, *dy;
  T* parts;  ///< {part, tap, input channel, output channel}
  std::size_t rows, rows_of_part;

  /// i: (part, tap, strip of input channels, strip of output channels), the last fastest.
  KUTTA_HD void operator()(std::size_t i) const {
    const auto strips = [](unsigned n) { return (n + lanes_of_four - 1) / lanes_of_four; };
    const unsigned c = divide(i, strips(out.channels)) * lanes_of_four;
    const unsigned a = divide(i, strips(in.channels)) * lanes_of_four;
    const auto taps_x = static_cast<unsigned>(along_x.taps);
    const unsigned kx = divide(i, taps_x), ky = divide(i, static_cast<unsigned>(along_y.taps));

    // The columns of dy that meet a column of x.
    const int column = along_x.from + static_cast<int>(kx), stride = along_x.stride;
    const int begin = column < 0 ? (-column + stride - 1) / stride : 0;
    const int past = static_cast<int>(in.width) - column;
    int end = past > 0 ? (past + stride - 1) / stride : 0;
    if (end > along_x.count) end = along_x.count;

    four<T> sum[lanes_of_four] = {};
    std::size_t sample = i * rows_of_part;
    const std::size_t rows_here = sample + rows_of_part < rows ? rows_of_part : rows - sample;
    unsigned row = divide(sample, out.height);
    for (std::size_t r = 0; r < rows_here; ++r) {
      const int iy = along_y.from + along_y.stride * static_cast<int>(row) + static_cast<int>(ky);
      if (begin < end && iy >= 0 && iy < static_cast<int>(in.height)) {
        const T* from = x + a +
                        in.place(sample, static_cast<unsigned>(iy),
                                 static_cast<unsigned>(column + stride * begin));
        const T* to = dy + c + out.place(sample, row, static_cast<unsigned>(begin));
        const std::size_t x_step = static_cast<std::size_t>(stride) * in.channels;
        for (int o = begin; o < end; ++o, from += x_step, to += out.channels) {
          const four<T> u = load_four<WholeIn>(from, in.channels - a);
          const four<T> v = load_four<WholeOut>(to, out.channels - c);
          for (unsigned l = 0; l < lanes_of_four; ++l)
            for (unsigned k = 0; k < lanes_of_four; ++k) sum[l].lane[k] += u.lane[l] * v.lane[k];
        }
      }
      if (++row == out.height) {
        row = 0;
        ++sample;
      }
    }

    const std::size_t tap = (i * static_cast<unsigned>(along_y.taps) + ky) * taps_x + kx;
    T* const part = parts + (tap * in.channels + a) * out.channels + c;
    for (unsigned l = 0; l < lanes_of_four; ++l)
      if (WholeIn || a + l < in.channels)
        store_four<WholeOut>(part + std::size_t{l} * out.channels, out.channels - c, sum[l]);
  }
};

/// Weights in another order than that of w[tap, in, out]: the input channels side by side.
struct weight_order {
  unsigned in, out, taps;
  bool by_outputs;  ///< {out, tap, in}, else {tap, out, in}

  /// Where weight i of this order is in w.
  KUTTA_HD std::size_t operator()(std::size_t i) const {
    const unsigned a = divide(i, in), inner = divide(i, by_outputs ? taps : out);
    const std::size_t tap = by_outputs ? inner : i, c = by_outputs ? i : inner;
    return (tap * in + a) * out + c;
  }
};

template <std::floating_point T>
struct reorder_weights {
  weight_order order;
  const T* w;
  T* to;

  KUTTA_HD void operator()(std::size_t i) const { to[i] = w[order(i)]; }
};

/// The transpose.
template <std::floating_point T>
struct add_reordered_weights {
  weight_order order;
  const T* from;
  T* dw;

  KUTTA_HD void operator()(std::size_t i) const { dw[order(i)] += from[i]; }
};

}  // namespace kutta::cuda::detail
