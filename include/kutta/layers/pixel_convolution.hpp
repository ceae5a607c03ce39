// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Convolution of one image whose pixels lie in lanes: for few channels, and for numbers of them
/// that would leave much of a register empty.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include <kutta/layers/convolution_tiles.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/packed_weights.hpp>
#include <kutta/layers/pixel_planes.hpp>
#include <kutta/layers/pixel_tiles.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// A convolution of stride 1, its transpose and the gradient of its weights, image by image.
///
/// All planes have the same pitch, so that a tap is a distance in a plane: all pixels of a channel
/// are one row, with gaps of a few zeros in x and dy and of numbers without meaning in what comes
/// out.
template <std::floating_point T>
class pixel_convolution {
  static constexpr std::size_t w = register_lanes<T>;
  static constexpr bool many_registers = register_count >= 32;
  static constexpr std::size_t sums = many_registers ? 24 : 12;  ///< in registers
  static constexpr std::size_t most_pixels = 8 * w;              ///< of a tile
  static constexpr std::size_t pixels_at_once = 1024;            ///< of a weight gradient's tile

  // How many channels of y a tile may have, and of x and of dy one of a weight gradient.
  static constexpr auto tile_sizes = [] {
    if constexpr (many_registers)
      return std::array<std::size_t, 9>{1, 2, 3, 4, 5, 6, 8, 10, 12};
    else
      return std::array<std::size_t, 6>{1, 2, 3, 4, 5, 6};
  }();
  static constexpr auto product_sizes = [] {
    if constexpr (many_registers)
      return std::array<std::size_t, 3>{1, 4, 5};
    else
      return std::array<std::size_t, 2>{1, 3};
  }();
  static constexpr std::size_t spare = 2;  ///< channels by which the last tile may be too large

 public:
  struct weights {
    register_array<T> forward, transposed;

    std::size_t heap_bytes() const { return kutta::heap_bytes(forward, transposed); }
  };
  struct images {
    pixel_planes<T> x, dy;  ///< at hand
    pixel_planes<T> y, dx;  ///< the one that is computed

    std::size_t heap_bytes() const { return kutta::heap_bytes(x, dy, y, dx); }
  };

  pixel_convolution(const strided_axis& y, const strided_axis& x, std::size_t in, std::size_t out)
      : y_(y), x_(x), in_{y.n, x.n, in}, out_{y.out, x.out, out}, pitch_(pitch(x)) {
    for (std::size_t ky = 0; ky < y.kernel; ++ky)
      for (std::size_t kx = 0; kx < x.kernel; ++kx) offsets_.push_back(ky * pitch_ + kx);
  }

  /// Whether this is possible, and faster than lanes of channels: a fifth of their lanes is empty.
  static bool pays(const strided_axis& y, const strided_axis& x, std::size_t in, std::size_t out) {
    const auto uneven = [](std::size_t c) { return 5 * c <= 4 * registers_of<T>(c) * w; };
    return y.stride == 1 && x.stride == 1 && y.front < y.kernel && x.front < x.kernel &&
           (uneven(in) || uneven(out));
  }

  /// Whose weights' gradients are summed together.
  std::size_t images_at_once() const {
    return std::clamp<std::size_t>(pixels_at_once / std::max<std::size_t>(1, out_.pixels()), 1, 16);
  }
  weights make_weights() const {
    const std::size_t taps = offsets_.size(), in = in_.channels, out = out_.channels;
    return {register_array<T>(taps * in * (out + spare)),
            register_array<T>(taps * out * (in + spare))};
  }
  images make_images() const {
    const std::size_t k = y_.kernel, rows = std::max(in_.height, out_.height) + 2 * k;
    const std::size_t plane = rows * pitch_ + most_pixels + x_.kernel;  // all that tiles read
    const auto planes = [&](const layers::image_shape& shape, std::size_t above, std::size_t front,
                            std::size_t n) {
      return pixel_planes<T>(shape, pitch_, above, front, plane, spare, n);
    };
    const std::size_t n = images_at_once();
    return {planes(in_, y_.front, x_.front, n),
            planes(out_, k - 1 - y_.front, x_.kernel - 1 - x_.front, n), planes(out_, 0, 0, 1),
            planes(in_, 0, 0, 1)};
  }
  /// Numbers that the gradient of the weights is summed in.
  std::size_t gradient_size() const {
    std::size_t size = 0;
    for_each_part([&](const part& p) { size = p.place + p.size; });
    return size;
  }

  void read_forward(const T* from, weights& to) const {
    pack(from, in_.channels, out_.channels, out_.channels, 1, false, to.forward);
  }
  void read_transposed(const T* from, weights& to) const {
    pack(from, out_.channels, 1, in_.channels, out_.channels, true, to.transposed);
  }

  /// y ← start + w ∗ x for one image; without a start y += w ∗ x. Calls `fetch(part, parts)` now
  /// and then.
  template <class F>
  void forward(const weights& p, images& s, const T* x, const T* start, T* y,
               const F& fetch) const {
    s.x.read(0, x);
    correlate(s.x, 0, p.forward, start, s.y, y, fetch);
  }
  /// dx ← start + wᵀ ∗ dy; without a start dx += wᵀ ∗ dy. dy stays on place i.
  template <class F>
  void transpose(const weights& p, images& s, std::size_t i, const T* dy, const T* start, T* dx,
                 const F& fetch) const {
    s.dy.read(i, dy);
    correlate(s.dy, i, p.transposed, start, s.dx, dx, fetch);
  }

  /// What the gradients of w and b will be summed over, at place i; x only for w. Where `has_dy`,
  /// `transpose` has left dy there.
  void keep(images& s, std::size_t i, const T* x, const T* dy, bool has_dy) const {
    if (x) s.x.read(i, x);
    if (!has_dy) s.dy.read(i, dy);
  }

  /// dw[ky, kx] += Σ x[i + ky − front, j + kx − front]ᵀ dy[i, j] over the first `some` images.
  void add_weight_gradient(const images& s, std::size_t some, register_array<T>& dw) const {
    for_each_part([&](const part& p) {
      p.add({s.x.at(p.a, offsets_[p.tap]), s.x.plane(), s.x.image(), s.dy.pixels(p.c), s.dy.plane(),
             s.dy.image(), out_.height * pitch_, some},
            dw.data() + p.place);
    });
  }
  void unpack_weight_gradient(const register_array<T>& parts, T* dw) const {
    const std::size_t in = in_.channels, out = out_.channels;
    for_each_part([&](const part& p) {
      for (std::size_t i = 0; i < std::min(p.a_size, in - p.a); ++i)
        for (std::size_t j = 0; j < std::min(p.c_size, out - p.c); ++j)
          dw[(p.tap * in + p.a + i) * out + p.c + j] += parts[p.place + i * p.c_size + j];
    });
  }
  void add_bias_gradient(const images& s, std::size_t some, register_array<T>& db) const {
    for (std::size_t c = 0; c < out_.channels; ++c)
      for (std::size_t i = 0; i < some; ++i) {
        const T* const dy = s.dy.pixels(c) + i * s.dy.image();
        simd<T, w> sum(0);
        for (std::size_t p = 0; p < out_.height * pitch_; p += w) sum.v[0] += load_register(dy + p);
        db[c] += sum.sum();
      }
  }

 private:
  using tile_pointer = void (*)(const pixel_tile<T>&);
  using products_pointer = void (*)(const pixel_products<T>&, T*);

  /// A row with the zeros that its windows meet on one side; the next row has those of the other.
  static std::size_t pitch(const strided_axis& a) {
    return std::max(a.n + a.front, a.out + a.kernel - 1 - a.front);
  }

  /// Which of the sizes the next tile has, when so many channels of y are left.
  static std::size_t next_tile(std::size_t left) {
    constexpr std::size_t most = tile_sizes.back();
    const std::size_t n = left <= most ? left : left < most + 3 ? most * 2 / 3 : most;
    std::size_t i = 0;
    while (tile_sizes[i] < n) ++i;
    return i;
  }
  /// The same for channels of x or dy in a weight gradient: as few tiles as can be, the smaller
  /// size where that is enough.
  static std::size_t next_product(std::size_t left) {
    constexpr std::size_t last = product_sizes.size() - 1, most = product_sizes[last];
    if (left == 1) return 0;
    const std::size_t n = (left + most - 1) / most;
    return last == 1 || left > n * product_sizes[last - 1] ? last : last - 1;
  }
  /// Registers of pixels in a tile of n channels.
  static constexpr std::size_t registers_for(std::size_t n) {
    return std::min<std::size_t>(most_pixels / w, sums / n);
  }

  /// w[tile of channels of y][channel of x][tap][channel of y]; zeros for those that y lacks.
  void pack(const T* from, std::size_t in, std::size_t in_step, std::size_t out,
            std::size_t out_step, bool backwards, register_array<T>& to) const {
    const std::size_t taps = offsets_.size();
    T* next = to.data();
    for (std::size_t c = 0, size; c < out; c += size) {
      size = tile_sizes[next_tile(out - c)];
      for (std::size_t a = 0; a < in; ++a)
        for (std::size_t k = 0; k < taps; ++k, next += size) {
          const T* const tap = from + (backwards ? taps - 1 - k : k) * in * out + a * in_step;
          for (std::size_t l = c; l < std::min(c + size, out); ++l) next[l - c] = tap[l * out_step];
        }
    }
  }

  template <class F>
  void correlate(const pixel_planes<T>& x, std::size_t i, const register_array<T>& packed,
                 const T* start, pixel_planes<T>& planes, T* y, const F& fetch) const {
    const std::size_t in = x.shape().channels, out = planes.shape().channels;
    const std::size_t pixels = planes.shape().height * pitch_;
    for (std::size_t c = 0, size; c < out; c += size) {
      const std::size_t which = next_tile(out - c);
      size = tile_sizes[which];
      T first[tile_sizes.back()] = {};
      for (std::size_t l = c; start && l < std::min(c + size, out); ++l) first[l - c] = start[l];
      pixel_tile<T> t{x.at(0) + i * x.image(),
                      x.plane(),
                      in,
                      offsets_.data(),
                      offsets_.size(),
                      packed.data() + c * in * offsets_.size(),
                      first,
                      planes.at(c),
                      planes.plane()};
      const std::size_t step = registers_for(size) * w, steps = (pixels + step - 1) / step;
      for (std::size_t k = 0; k < steps; ++k, t.x += step, t.y += step) {
        if (c == 0) fetch(k, steps);
        tiles[which](t);
      }
    }
    planes.write(y, start == nullptr);
  }

  /// What `add_products` sums at once: of a tap, channels of x from a on with those of dy from c
  /// on.
  struct part {
    std::size_t tap, a, a_size, c, c_size;
    std::size_t place, size;  ///< in the numbers of dw
    products_pointer add;
  };
  template <class F>
  void for_each_part(const F& f) const {
    std::size_t place = 0;
    for (std::size_t a = 0, a_size; a < in_.channels; a += a_size) {
      const std::size_t i = next_product(in_.channels - a);
      a_size = product_sizes[i];
      for (std::size_t c = 0, c_size; c < out_.channels; c += c_size) {
        const std::size_t j = next_product(out_.channels - c);
        c_size = product_sizes[j];
        const std::size_t size = registers_of<T>(a_size * c_size) * w;
        for (std::size_t tap = 0; tap < offsets_.size(); ++tap, place += size)
          f(part{tap, a, a_size, c, c_size, place, size, products[i * product_sizes.size() + j]});
      }
    }
  }

  template <std::size_t... I>
  static constexpr auto tile_table(std::index_sequence<I...>) {
    return std::array<tile_pointer, sizeof...(I)>{
        correlate_pixels<tile_sizes[I], registers_for(tile_sizes[I]), T>...};
  }
  template <std::size_t... I>
  static constexpr auto product_table(std::index_sequence<I...>) {
    constexpr std::size_t n = product_sizes.size();
    return std::array<products_pointer, sizeof...(I)>{
        add_products<product_sizes[I / n], product_sizes[I % n], T>...};
  }
  static constexpr auto tiles = tile_table(std::make_index_sequence<tile_sizes.size()>{});
  static constexpr auto products =
      product_table(std::make_index_sequence<product_sizes.size() * product_sizes.size()>{});

  strided_axis y_, x_;
  layers::image_shape in_, out_;
  std::size_t pitch_;
  std::vector<std::size_t> offsets_;  ///< of the taps, in a plane
};

}  // namespace kutta::detail
