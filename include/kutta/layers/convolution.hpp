// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Convolution of images in host memory (NHWC), its transpose and the gradient of its weights.
///
///     y[i, j] = b + Σ_{ky, kx} x[s i + ky − front, s j + kx − front] w[ky, kx]
///
/// x[…] is a row of `in.channels` numbers, 0 outside of the image, and w[ky, kx] a matrix of
/// in.channels × out.channels, row by row. Samples are shared among threads in shards
/// (`sample_shards.hpp`); all sums have an order that depends on the shapes alone.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include <kutta/layers/channel_convolution.hpp>
#include <kutta/layers/convolution_tiles.hpp>
#include <kutta/layers/image_planes.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/packed_weights.hpp>
#include <kutta/layers/pixel_convolution.hpp>
#include <kutta/layers/sample_shards.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/worker_pool.hpp>

namespace kutta::detail {

/// Calls for part i of `parts` of an array of n numbers that will be read soon, into the second
/// cache: the first one is full of weights and planes.
template <std::floating_point T>
void fetch_part(const T* x, std::size_t n, std::size_t i, std::size_t parts) {
  constexpr std::size_t line = 64 / sizeof(T);
  for (std::size_t at = n * i / parts; at < n * (i + 1) / parts; at += line)
    __builtin_prefetch(x + at, 0, 2);
}

/// The images that a convolution reads: image i, when shard s has come to it, is
/// `map(s, i, x + i size)`.
template <std::floating_point T, class Map>
class mapped_images {
 public:
  /// `also`: other images of this size that the map reads.
  mapped_images(const T* x, std::size_t size, Map map, const T* also = nullptr)
      : x_(x), also_(also), size_(size), map_(map) {}

  const T* at(const sample_shard& s, std::size_t i) const { return map_(s, i, x_ + i * size_); }
  void fetch(std::size_t i, std::size_t part, std::size_t parts) const {
    fetch_part(x_ + i * size_, size_, part, parts);
    if (also_) fetch_part(also_ + i * size_, size_, part, parts);
  }

 private:
  const T *x_, *also_;
  std::size_t size_;
  Map map_;
};

/// Images as they are.
template <std::floating_point T>
auto plain_images(const T* x, std::size_t size) {
  return mapped_images(x, size,
                       [](const sample_shard&, std::size_t, const T* image) { return image; });
}

/// To be called behind each image, where there is nothing to do.
inline constexpr auto nothing_more = [](const sample_shard&, std::size_t) {};

/// A convolution of given shapes, of stride 1 or 2.
template <std::floating_point T>
class convolution {
 public:
  struct scratch {
    template <class Kernels>
    struct of {
      typename Kernels::weights weights;
      std::vector<typename Kernels::images> places;

      std::size_t heap_bytes() const { return kutta::heap_bytes(weights, places); }
    };
    /// A shard's part of the sums.
    struct sums {
      register_array<T> dw;  ///< as the kernels lay it out
      register_array<T> db;

      std::size_t heap_bytes() const { return kutta::heap_bytes(dw, db); }
    };

    of<channel_convolution<T>> by_channels;
    of<pixel_convolution<T>> by_pixels;
    register_array<T> start;  ///< b, then zeros
    register_array<T> zeros;
    std::vector<sums> shards;

    std::size_t heap_bytes() const {
      return kutta::heap_bytes(by_channels, by_pixels, start, zeros, shards);
    }
  };

  convolution(const strided_axis& y, const strided_axis& x, std::size_t in, std::size_t out)
      : in_{y.n, x.n, in},
        out_{y.out, x.out, out},
        weights_(y.kernel * x.kernel * in * out),
        by_channels_(y, x, in, out),
        by_pixels_(y, x, in, out),
        lanes_of_pixels_(pixel_convolution<T>::pays(y, x, in, out)) {}

  const layers::image_shape& in() const { return in_; }
  const layers::image_shape& out() const { return out_; }
  std::size_t weights() const { return weights_; }

  /// For passes on so many samples.
  scratch make_scratch(std::size_t samples) const {
    const auto padded = [](std::size_t channels) {
      return register_array<T>((registers_of<T>(channels) + 1) * register_lanes<T>);
    };
    scratch s;
    s.start = padded(out_.channels);
    s.zeros = padded(in_.channels);
    with_kernels(s, [&](const auto& kernels, auto& work) {
      work.weights = kernels.make_weights();
      work.places.assign(shard_count(samples), kernels.make_images());
      s.shards.assign(shard_count(samples), {register_array<T>(kernels.gradient_size()),
                                             register_array<T>(out_.channels)});
    });
    return s;
  }

  /// y ← b + w ∗ x for n samples; b may be null.
  void forward(const T* weights, const T* b, const T* x, T* y, std::size_t n, scratch& s,
               worker_pool* workers = nullptr) const {
    forward(weights, b, plain_images(x, in_.size()), y, n, s, workers, nothing_more);
  }
  /// y += w ∗ x.
  void add_forward(const T* weights, const T* x, T* y, std::size_t n, scratch& s,
                   worker_pool* workers = nullptr) const {
    add_forward(weights, plain_images(x, in_.size()), y, n, s, workers);
  }
  /// dx += wᵀ ∗ dy,   dw += Σ_samples x ∗ dy,   db += Σ_{samples, pixels} dy. What is null of dx,
  /// dw and db is not computed.
  void vjp(const T* weights, const T* x, const T* dy, T* dx, T* dw, T* db, std::size_t n,
           scratch& s, worker_pool* workers = nullptr) const {
    transpose(weights, plain_images(x, in_.size()), plain_images(dy, out_.size()), dx, nullptr, dw,
              db, n, s, workers, nothing_more);
  }

  // The same with images that are computed when they are read (`mapped_images`), and
  // `behind(shard, i)` called when image i has been written.

  template <class X, class F>
  void forward(const T* weights, const T* b, const X& x, T* y, std::size_t n, scratch& s,
               worker_pool* workers, const F& behind) const {
    for (std::size_t c = 0; c < out_.channels; ++c) s.start[c] = b ? b[c] : T(0);
    run(weights, x, y, n, s.start.data(), s, workers, behind);
  }
  template <class X>
  void add_forward(const T* weights, const X& x, T* y, std::size_t n, scratch& s,
                   worker_pool* workers) const {
    run(weights, x, y, n, nullptr, s, workers, nothing_more);
  }
  /// dx ← wᵀ ∗ dy,   dw += Σ_samples x ∗ dy.
  template <class X, class Y, class F>
  void vjp(const T* weights, const X& x, const Y& dy, T* dx, T* dw, std::size_t n, scratch& s,
           worker_pool* workers, const F& behind) const {
    transpose(weights, x, dy, dx, s.zeros.data(), dw, nullptr, n, s, workers, behind);
  }

 private:
  /// y ← start + w ∗ x; without a start y += w ∗ x.
  template <class X, class F>
  void run(const T* weights, const X& x, T* y, std::size_t n, const T* start, scratch& s,
           worker_pool* workers, const F& behind) const {
    with_kernels(s, [&](const auto& kernels, auto& work) {
      kernels.read_forward(weights, work.weights);
      for_each_shard(n, workers, [&](const sample_shard& shard) {
        auto& images = work.places[shard.place];
        const std::size_t end = shard.first + shard.count;
        for (std::size_t i = shard.first; i < end; ++i) {
          const auto fetch = [&](std::size_t part, std::size_t parts) {
            if (i + 1 < end) x.fetch(i + 1, part, parts);
          };
          kernels.forward(work.weights, images, x.at(shard, i), start, y + i * out_.size(), fetch);
          behind(shard, i);
        }
      });
    });
  }

  /// dx ← start + wᵀ ∗ dy; without a start dx += wᵀ ∗ dy.
  template <class X, class Y, class F>
  void transpose(const T* weights, const X& x, const Y& dy, T* dx, const T* start, T* dw, T* db,
                 std::size_t n, scratch& s, worker_pool* workers, const F& behind) const {
    with_kernels(s, [&](const auto& kernels, auto& work) {
      if (dx) kernels.read_transposed(weights, work.weights);
      for_each_shard(n, workers, [&](const sample_shard& shard) {
        auto& images = work.places[shard.place];
        auto& sums = s.shards[shard.index];
        if (dw) std::fill(sums.dw.begin(), sums.dw.end(), T(0));
        if (db) std::fill(sums.db.begin(), sums.db.end(), T(0));
        const std::size_t end = shard.first + shard.count, at_once = kernels.images_at_once();
        for (std::size_t i = shard.first; i < end; i += at_once) {
          const std::size_t some = std::min(at_once, end - i);
          for (std::size_t j = 0; j < some; ++j) {
            const auto fetch = [&](std::size_t part, std::size_t parts) {
              if (i + j + 1 == end) return;
              dy.fetch(i + j + 1, part, parts);
              if (dw) x.fetch(i + j + 1, part, parts);
            };
            const T* const dy_j = dy.at(shard, i + j);
            if (dx)
              kernels.transpose(work.weights, images, j, dy_j, start, dx + (i + j) * in_.size(),
                                fetch);
            kernels.keep(images, j, dw ? x.at(shard, i + j) : nullptr, dy_j, dx);
            if (dx) behind(shard, i + j);
          }
          if (dw) kernels.add_weight_gradient(images, some, sums.dw);
          if (db) kernels.add_bias_gradient(images, some, sums.db);
        }
      });
      add_up(n, dw, db, kernels, s);
    });
  }

  /// The shards' parts of dw and db, in their order.
  template <class Kernels>
  void add_up(std::size_t n, T* dw, T* db, const Kernels& kernels, scratch& s) const {
    if (n == 0) return;
    const std::size_t shards = shard_count(n);
    auto& all = s.shards.front();
    if (dw) {
      for (std::size_t i = 0; i < all.dw.size(); i += register_lanes<T>) {
        auto sum = load_register(all.dw.data() + i);
        for (std::size_t j = 1; j < shards; ++j) sum += load_register(s.shards[j].dw.data() + i);
        store_register(all.dw.data() + i, sum);
      }
      kernels.unpack_weight_gradient(all.dw, dw);
    }
    for (std::size_t c = 0; db && c < out_.channels; ++c) {
      for (std::size_t j = 1; j < shards; ++j) all.db[c] += s.shards[j].db[c];
      db[c] += all.db[c];
    }
  }

  /// f(kernels, their scratch).
  template <class F>
  void with_kernels(scratch& s, const F& f) const {
    if (lanes_of_pixels_)
      f(by_pixels_, s.by_pixels);
    else
      f(by_channels_, s.by_channels);
  }

  layers::image_shape in_, out_;
  std::size_t weights_;
  channel_convolution<T> by_channels_;
  pixel_convolution<T> by_pixels_;
  bool lanes_of_pixels_;
};

/// The kernels for convolutions of arrays of type X, with the interface of `convolution`. Those for
/// device arrays are in `cuda/convolution.hpp`.
template <class X>
struct convolution_of;

template <host_array X>
struct convolution_of<X> {
  using type = convolution<scalar_t<X>>;
};

}  // namespace kutta::detail
