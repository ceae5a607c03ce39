// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Convolution of one image whose channels lie in lanes.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <vector>

#include <kutta/layers/convolution_rows.hpp>
#include <kutta/layers/convolution_tiles.hpp>
#include <kutta/layers/image_planes.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/packed_weights.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// A convolution of stride 1 or 2, its transpose and the gradient of its weights, image by image.
template <std::floating_point T>
class channel_convolution {
  static constexpr std::size_t w = register_lanes<T>;
  static constexpr bool many_registers = register_count >= 32;
  static constexpr std::size_t pixels = many_registers ? 16 : 8;  ///< of a tile of one register
  static constexpr std::size_t most = std::min<std::size_t>(w, many_registers ? 8 : 4);
  static constexpr std::size_t pixels_at_once = 256;  ///< of a weight gradient's tile

 public:
  struct weights {
    packed_weights<T> forward;
    std::vector<packed_weights<T>> transposed;

    std::size_t heap_bytes() const { return kutta::heap_bytes(forward, transposed); }
  };
  struct images {
    image_planes<T> x, dy;  ///< at hand
    // Where `direct_`, the one image as it is:
    const T* whole_x = nullptr;
    const T* whole_dy = nullptr;

    std::size_t heap_bytes() const { return kutta::heap_bytes(x, dy); }
  };

  channel_convolution(const strided_axis& y, const strided_axis& x, std::size_t in, std::size_t out)
      : y_(y),
        x_(x),
        in_{y.n, x.n, in},
        out_{y.out, x.out, out},
        direct_(x.stride == 1 && in == w && out == w && x.out >= 3 && images_at_once() == 1) {}

  /// Whose weights' gradients are summed together.
  std::size_t images_at_once() const {
    return std::clamp<std::size_t>(pixels_at_once / std::max<std::size_t>(1, out_.pixels()), 1, 16);
  }
  weights make_weights() const {
    weights all;
    const std::size_t k = x_.kernel;
    all.forward = packed_weights<T>({forward_axis(y_), forward_axis(x_)}, k, in_.channels,
                                    out_.channels, out_.channels, 1);
    for (std::size_t p = 0; p < y_.stride; ++p)
      for (std::size_t q = 0; q < x_.stride; ++q) {
        const image_correlation taps{transposed_axis(y_, p), transposed_axis(x_, q)};
        if (taps.taps() > 0)
          all.transposed.emplace_back(taps, k, out_.channels, 1, in_.channels, out_.channels);
      }
    return all;
  }
  images make_images() const {
    const std::size_t k = x_.kernel, before = std::max<std::size_t>(k, 2);
    const std::size_t x_columns = x_.front + std::max(x_.n, (x_.out + pixels) * x_.stride + k);
    const std::size_t dy_columns = before + std::max(x_.out, x_.n + pixels) + k + 2;
    return {image_planes<T>(in_, x_.front, x_columns, images_at_once()),
            image_planes<T>(out_, before, dy_columns, images_at_once())};
  }
  /// Numbers that the gradient of the weights is summed in.
  std::size_t gradient_size() const {
    return y_.kernel * x_.kernel * registers_of<T>(in_.channels) * w *
           registers_of<T>(out_.channels) * w;
  }

  void read_forward(const T* from, weights& to) const { to.forward.read(from); }
  void read_transposed(const T* from, weights& to) const {
    for (auto& transposed : to.transposed) transposed.read(from);
  }

  /// y ← start + w ∗ x for one image; without a start y += w ∗ x. Calls `fetch(part, parts)` now
  /// and then.
  template <class F>
  void forward(const weights& p, images& s, const T* x, const T* start, T* y,
               const F& fetch) const {
    s.x.read(0, x);
    correlate_image(p.forward, s.x, 0, in_, start, y, out_, fetch);
  }
  /// dx ← start + wᵀ ∗ dy; without a start dx += wᵀ ∗ dy. dy stays on place i.
  template <class F>
  void transpose(const weights& p, images& s, std::size_t i, const T* dy, const T* start, T* dx,
                 const F& fetch) const {
    const bool gaps = p.transposed.size() < y_.stride * x_.stride;  // pixels that no tap leads to
    if (start && gaps) std::fill_n(dx, in_.size(), T(0));
    s.dy.read(i, dy);
    for (const auto& transposed : p.transposed)
      correlate_image(transposed, s.dy, i, out_, start, dx, in_, fetch);
  }

  /// What the gradients of w and b will be summed over, at place i; x only for w. Where `has_dy`,
  /// `transpose` has left dy there.
  void keep(images& s, std::size_t i, const T* x, const T* dy, bool has_dy) const {
    s.whole_x = x;
    s.whole_dy = dy;
    if (direct_) return;
    if (x) s.x.read(i, x);
    if (!has_dy) s.dy.read(i, dy);
  }
  /// dw[ky, kx] += Σ x[s i + ky − front, s j + kx − front]ᵀ dy[i, j] over the first `some` images.
  void add_weight_gradient(const images& s, std::size_t some, register_array<T>& dw) const {
    const auto along_y = forward_axis(y_), along_x = forward_axis(x_);
    const std::size_t rows = std::max<std::size_t>(1, pixels_at_once / out_.width);
    for (std::size_t first = 0; first < out_.height; first += rows)
      for_each_part(dw.data(), [&](std::size_t ky, std::size_t kx, std::size_t a, std::size_t c,
                                   std::size_t g, std::size_t n, T* sums) {
        const auto [begin, end] = along_y.outputs_inside(ky, in_.height);
        const std::size_t o0 = std::max(begin, first), o1 = std::min(end, first + rows);
        if (o0 >= o1) return;
        gradient_tile<T> t;
        const std::size_t row = along_y.row(o0, ky);
        if (x_.stride == 1) {  // the steps that meet zeros around the row are left out
          t.begin = x_.front - std::min(x_.front, kx);
          t.end = x_.n + x_.front - std::min(x_.n + x_.front, kx);
        } else {
          t.begin = 0;
          t.end = out_.width + g;
        }
        if (direct_) {
          t.x = s.whole_x + (row * in_.width + t.begin + kx - x_.front) * in_.channels + a;
          t.x_step = in_.channels;
          t.x_row = y_.stride * in_.width * in_.channels;
          t.dy = s.whole_dy + o0 * out_.width * out_.channels + c;
          t.dy_step = out_.channels;
          t.dy_row = out_.width * out_.channels;
        } else {
          t.x = s.x.at(0, row, along_x.from + static_cast<std::ptrdiff_t>(kx + t.begin), a);
          t.x_step = w;
          t.x_row = y_.stride * s.x.row();
          t.dy = s.dy.at(0, o0, 0, c);
          t.dy_step = w;
          t.dy_row = s.dy.row();
        }
        t.rows = o1 - o0;
        t.cols = out_.width;
        t.images = some;
        t.x_image = s.x.image();
        t.dy_image = s.dy.image();
        gradient_function(n, g, x_.stride)(t, sums);
      });
  }

  void unpack_weight_gradient(const register_array<T>& parts, T* dw) const {
    for_each_part(parts.data(), [&](std::size_t ky, std::size_t kx, std::size_t a, std::size_t c,
                                    std::size_t g, std::size_t n, const T* sums) {
      for (std::size_t i = 0; i < g; ++i)
        for (std::size_t j = 0; j < std::min(n, in_.channels - a); ++j) {
          T* to = dw + ((ky * x_.kernel + kx + i) * in_.channels + a + j) * out_.channels + c;
          const T* from = sums + (i * n + j) * w;
          for (std::size_t l = 0; l < std::min(w, out_.channels - c); ++l) to[l] += from[l];
        }
    });
  }

  void add_bias_gradient(const images& s, std::size_t some, register_array<T>& db) const {
    for (std::size_t c = 0; c < out_.channels; c += w) {
      vector_register<T> sum = {};
      for (std::size_t i = 0; i < some; ++i)
        for (std::size_t y = 0; y < out_.height; ++y) {
          vector_register<T> row = {};
          const std::size_t step = direct_ ? out_.channels : w;
          const T* dy = direct_ ? s.whole_dy + y * out_.width * step + c : s.dy.at(i, y, 0, c);
          for (std::size_t x = 0; x < out_.width; ++x) row += load_register(dy + x * step);
          sum += row;
        }
      T part[w];
      store_register(part, sum);
      for (std::size_t l = 0; l < std::min(w, out_.channels - c); ++l) db[c + l] += part[l];
    }
  }

 private:
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
  template <class P, class F>
  void for_each_part(P* sums, const F& f) const {
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

  strided_axis y_, x_;
  layers::image_shape in_, out_;
  /// A pixel is a register: gradients of weights read the images without a copy.
  bool direct_;
};

}  // namespace kutta::detail
