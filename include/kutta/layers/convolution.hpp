// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Convolution of images in host memory (NHWC), its transpose and the gradient of its weights.
///
///     y[i, j] = b + Σ_{ky, kx} x[s i + ky − front, s j + kx − front] w[ky, kx]
///
/// x[…] is a row of `in.channels` numbers, 0 outside of the image, and w[ky, kx] a matrix of
/// in.channels × out.channels, row by row. All sums have an order that depends on the shapes and
/// on the range of samples alone.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include <kutta/layers/convolution_tiles.hpp>
#include <kutta/layers/image_planes.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/packed_weights.hpp>

namespace kutta::detail {

/// A row of n pixels, `channels` ≤ Q W of them, in tiles of P pixels. What does not fill a tile
/// goes through a buffer.
template <std::size_t P, std::size_t Q, std::size_t G, std::size_t S, std::floating_point T>
void correlate_some(correlation_tile<T> t, std::size_t n, std::size_t channels) {
  constexpr std::size_t all = Q * register_lanes<T>;
  if (n >= P && channels >= all) return correlate<P, Q, G, S>(t);
  T buffer[P * all] = {};
  T* const y = t.y;
  for (std::size_t o = 0; o < n; ++o)
    for (std::size_t c = 0; c < channels; ++c) buffer[o * all + c] = t.start[o * t.start_step + c];
  t.start = t.y = buffer;
  const std::size_t y_step = t.y_step;
  t.start_step = t.y_step = all;
  correlate<P, Q, G, S>(t);
  for (std::size_t o = 0; o < n; ++o)
    for (std::size_t c = 0; c < channels; ++c) y[o * y_step + c] = buffer[o * all + c];
}
template <std::size_t P, std::size_t Q, std::size_t G, std::size_t S, std::floating_point T>
void correlate_row(correlation_tile<T> t, std::size_t n, std::size_t channels) {
  for (std::size_t o = 0; o < n; o += P) {
    const std::size_t left = std::min(n - o, P), lanes = std::min(channels, Q * register_lanes<T>);
    if (left > P / 2)
      correlate_some<P, Q, G, S>(t, left, lanes);
    else
      correlate_some<P / 2, Q, G, S>(t, left, lanes);
    t.x += P * S * register_lanes<T>;
    t.y += P * t.y_step;
    t.start += P * t.start_step;
  }
}

/// Calls for part i of `parts` of an array of n numbers that will be read soon.
template <std::floating_point T>
void fetch_part(const T* x, std::size_t n, std::size_t i, std::size_t parts) {
  constexpr std::size_t line = 64 / sizeof(T);
  for (std::size_t at = n * i / parts; at < n * (i + 1) / parts; at += line)
    __builtin_prefetch(x + at);
}

/// A convolution of given shapes, of stride 1 or 2.
template <std::floating_point T>
class convolution {
  static constexpr std::size_t w = register_lanes<T>;
  static constexpr bool many_registers = register_count >= 32;
  static constexpr std::size_t pixels = many_registers ? 16 : 8;  ///< of a tile of one register
  static constexpr std::size_t most = std::min<std::size_t>(w, many_registers ? 8 : 4);
  static constexpr std::size_t pixels_at_once = 256;  ///< of a weight gradient's tile

 public:
  /// Temporaries of one worker.
  struct scratch {
    image_planes<T> x, dy;
    packed_weights<T> weights;
    std::vector<packed_weights<T>> transposed;
    register_array<T> start;  ///< b, then zeros
    register_array<T> dw;     ///< as `for_each_part` walks it
  };

  convolution(const strided_axis& y, const strided_axis& x, std::size_t in, std::size_t out)
      : y_(y), x_(x), in_{y.n, x.n, in}, out_{y.out, x.out, out} {}

  const layers::image_shape& in() const { return in_; }
  const layers::image_shape& out() const { return out_; }
  std::size_t weights() const { return y_.kernel * x_.kernel * in_.channels * out_.channels; }

  scratch make_scratch() const {
    const auto rounded = [](std::size_t n) { return (n + 7) / 8 * 8; };
    const std::size_t k = x_.kernel, before = std::max<std::size_t>(k, 2);
    const std::size_t x_columns = x_.front + std::max(x_.n, rounded(x_.out) * x_.stride + k);
    const std::size_t dy_columns = before + std::max(x_.out, rounded(x_.n)) + k + 2;
    const std::size_t images =
        std::clamp<std::size_t>(pixels_at_once / std::max<std::size_t>(1, out_.pixels()), 1, 16);

    scratch s;
    s.x = image_planes<T>(in_, x_.front, x_columns, images);
    s.dy = image_planes<T>(out_, before, dy_columns, images);
    s.weights = packed_weights<T>({forward_axis(y_), forward_axis(x_)}, k, in_.channels,
                                  out_.channels, out_.channels, 1);
    for (std::size_t p = 0; p < y_.stride; ++p)
      for (std::size_t q = 0; q < x_.stride; ++q) {
        const image_correlation taps{transposed_axis(y_, p), transposed_axis(x_, q)};
        if (taps.taps() > 0)
          s.transposed.emplace_back(taps, k, out_.channels, 1, in_.channels, out_.channels);
      }
    s.dw.resize(y_.kernel * x_.kernel * registers_of<T>(in_.channels) * w *
                registers_of<T>(out_.channels) * w);
    s.start.resize((registers_of<T>(out_.channels) + 1) * w);
    return s;
  }

  /// y ← b + w ∗ x for samples [first, first + n); b may be null.
  void forward(const T* weights, const T* b, const T* x, T* y, std::size_t first, std::size_t n,
               scratch& s) const {
    for (std::size_t c = 0; c < out_.channels; ++c) s.start[c] = b ? b[c] : T(0);
    run(weights, x, y, first, n, s.start.data(), s);
  }
  /// y += w ∗ x.
  void add_forward(const T* weights, const T* x, T* y, std::size_t first, std::size_t n,
                   scratch& s) const {
    run(weights, x, y, first, n, nullptr, s);
  }

  /// dx += wᵀ ∗ dy,   dw += Σ_samples x ∗ dy,   db += Σ_{samples, pixels} dy. What is null of dx,
  /// dw and db is not computed.
  void vjp(const T* weights, const T* x, const T* dy, T* dx, T* dw, T* db, std::size_t first,
           std::size_t n, scratch& s) const {
    if (dx)
      for (auto& transposed : s.transposed) transposed.read(weights);
    if (dw) std::fill(s.dw.begin(), s.dw.end(), T(0));
    for (std::size_t i = first; i < first + n; i += s.x.images()) {
      const std::size_t some = std::min(s.x.images(), first + n - i);
      for (std::size_t j = 0; j < some; ++j) {
        s.dy.read(j, dy + (i + j) * out_.size());
        if (dw) s.x.read(j, x + (i + j) * in_.size());
        const auto fetch = [&](std::size_t part, std::size_t parts) {
          if (i + j + 1 == first + n) return;
          fetch_part(dy + (i + j + 1) * out_.size(), out_.size(), part, parts);
          if (dw) fetch_part(x + (i + j + 1) * in_.size(), in_.size(), part, parts);
        };
        if (dx)
          for (const auto& transposed : s.transposed)
            correlate_image(transposed, s.dy, j, out_, nullptr, dx + (i + j) * in_.size(), in_,
                            fetch);
      }
      if (dw) add_weight_gradient(s, some);
      if (db) add_bias_gradient(s, some, db);
    }
    if (dw) unpack_weight_gradient(s, dw);
  }

 private:
  void run(const T* weights, const T* x, T* y, std::size_t first, std::size_t n, const T* start,
           scratch& s) const {
    s.weights.read(weights);
    for (std::size_t i = first; i < first + n; ++i) {
      s.x.read(0, x + i * in_.size());
      const auto fetch = [&](std::size_t part, std::size_t parts) {
        if (i + 1 < first + n) fetch_part(x + (i + 1) * in_.size(), in_.size(), part, parts);
      };
      correlate_image(s.weights, s.x, 0, in_, start, y + i * out_.size(), out_, fetch);
    }
  }

  /// y ← start + weights ∗ x for image i; without a start y += weights ∗ x. Calls `fetch(part,
  /// parts)` now and then.
  template <class F>
  static void correlate_image(const packed_weights<T>& weights, const image_planes<T>& x,
                              std::size_t i, const layers::image_shape& in, const T* start, T* y,
                              const layers::image_shape& out, const F& fetch) {
    const auto& [along_y, along_x] = weights.taps();
    for (std::size_t c = 0; c < out.channels;) {
      const std::size_t registers = many_registers && c + w < out.channels ? 2 : 1;
      for (std::size_t jx = 0; jx < along_x.taps; jx += 3) {
        const auto row =
            row_function(registers, std::min<std::size_t>(3, along_x.taps - jx), along_x.stride);
        for (std::size_t o = 0; o < along_y.count; ++o) {
          if (c == 0 && jx == 0) fetch(o, along_y.count);
          const auto [j0, j1] = along_y.taps_inside(o, in.height);
          correlation_tile<T> t;
          t.x = x.at(i, along_y.row(o, j0), along_x.from + static_cast<std::ptrdiff_t>(jx), 0);
          t.row = x.row();
          t.plane = x.plane();
          t.channels = in.channels;
          t.taps = j1 - j0;
          t.w = weights.at(c, jx, j0);
          t.w_block = weights.block();
          t.y = y +
                ((along_y.first + o * along_y.step) * out.width + along_x.first) * out.channels + c;
          t.y_step = along_x.step * out.channels;
          const bool begins = start && jx == 0;
          t.start = begins ? start + c : t.y;
          t.start_step = begins ? 0 : t.y_step;
          row(t, along_x.count, out.channels - c);
        }
      }
      c += registers * w;
    }
  }

  using row_pointer = void (*)(correlation_tile<T>, std::size_t, std::size_t);

  template <std::size_t P, std::size_t Q, std::size_t S>
  static row_pointer row_function(std::size_t g) {
    return g == 3   ? correlate_row<P, Q, 3, S, T>
           : g == 2 ? correlate_row<P, Q, 2, S, T>
                    : correlate_row<P, Q, 1, S, T>;
  }
  static row_pointer row_function(std::size_t registers, std::size_t g, std::size_t stride) {
    if constexpr (many_registers)
      if (registers == 2)
        return stride == 1 ? row_function<pixels / 2, 2, 1>(g) : row_function<pixels / 2, 2, 2>(g);
    return stride == 1 ? row_function<pixels, 1, 1>(g) : row_function<pixels, 1, 2>(g);
  }

  using gradient_pointer = void (*)(const gradient_tile<T>&, T*);

  template <std::size_t A, std::size_t S>
  static gradient_pointer gradient_function(std::size_t g) {
    return g == 3   ? tap_sums<A, 3, S, T>::add
           : g == 2 ? tap_sums<A, 2, S, T>::add
                    : tap_sums<A, 1, S, T>::add;
  }
  static gradient_pointer gradient_function(std::size_t a, std::size_t g, std::size_t stride) {
    if (a == most)
      return stride == 1 ? gradient_function<most, 1>(g) : gradient_function<most, 2>(g);
    return stride == 1 ? gradient_function<most / 2, 1>(g) : gradient_function<most / 2, 2>(g);
  }

  /// f(ky, kx, a, c, G, A, sums) for each part of dw that `tap_sums` holds in registers: taps kx,
  /// …, kx + G − 1, channels a, …, a + A − 1 of x, W channels of y from c on.
  template <class F>
  void for_each_part(register_array<T>& dw, const F& f) const {
    T* sums = dw.data();
    for (std::size_t c = 0; c < out_.channels; c += w)
      for (std::size_t plane = 0; plane < in_.channels; plane += w)
        for (std::size_t ky = 0; ky < y_.kernel; ++ky)
          for (std::size_t kx = 0; kx < x_.kernel; kx += 3)
            for (std::size_t a = plane; a < std::min(plane + w, in_.channels); a += most) {
              const std::size_t g = std::min<std::size_t>(3, x_.kernel - kx);
              const std::size_t n = in_.channels - a <= most / 2 ? most / 2 : most;
              f(ky, kx, a, c, g, n, sums);
              sums += g * n * w;
            }
  }

  /// dw[ky, kx] += Σ x[s i + ky − front, s j + kx − front]ᵀ dy[i, j] over the first `images`
  /// planes.
  void add_weight_gradient(scratch& s, std::size_t images) const {
    const auto along_y = forward_axis(y_), along_x = forward_axis(x_);
    const std::size_t rows = std::max<std::size_t>(1, pixels_at_once / out_.width);
    for (std::size_t first = 0; first < out_.height; first += rows)
      for_each_part(s.dw, [&](std::size_t ky, std::size_t kx, std::size_t a, std::size_t c,
                              std::size_t g, std::size_t n, T* sums) {
        const auto [begin, end] = along_y.outputs_inside(ky, in_.height);
        const std::size_t o0 = std::max(begin, first), o1 = std::min(end, first + rows);
        if (o0 >= o1) return;
        const gradient_tile<T> t{
            s.x.at(0, along_y.row(o0, ky), along_x.from + static_cast<std::ptrdiff_t>(kx), a),
            y_.stride * s.x.row(),
            s.dy.at(0, o0, 0, c),
            s.dy.row(),
            o1 - o0,
            out_.width,
            images,
            s.x.image(),
            s.dy.image()};
        gradient_function(n, g, x_.stride)(t, sums);
      });
  }

  void unpack_weight_gradient(scratch& s, T* dw) const {
    for_each_part(s.dw, [&](std::size_t ky, std::size_t kx, std::size_t a, std::size_t c,
                            std::size_t g, std::size_t n, const T* sums) {
      for (std::size_t i = 0; i < g; ++i)
        for (std::size_t j = 0; j < std::min(n, in_.channels - a); ++j) {
          T* to = dw + ((ky * x_.kernel + kx + i) * in_.channels + a + j) * out_.channels + c;
          const T* from = sums + (i * n + j) * w;
          for (std::size_t l = 0; l < std::min(w, out_.channels - c); ++l) to[l] += from[l];
        }
    });
  }

  void add_bias_gradient(const scratch& s, std::size_t images, T* db) const {
    for (std::size_t c = 0; c < out_.channels; c += w) {
      vector_register<T> sum = {};
      for (std::size_t i = 0; i < images; ++i)
        for (std::size_t y = 0; y < out_.height; ++y) {
          vector_register<T> row = {};
          const T* dy = s.dy.at(i, y, 0, c);
          for (std::size_t x = 0; x < out_.width; ++x) row += load_register(dy + x * w);
          sum += row;
        }
      T part[w];
      store_register(part, sum);
      for (std::size_t l = 0; l < std::min(w, out_.channels - c); ++l) db[c + l] += part[l];
    }
  }

  strided_axis y_, x_;
  layers::image_shape in_, out_;
};

}  // namespace kutta::detail
