// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Convolution of images in device memory (NHWC), its transpose and the gradient of its weights, by
/// kernels of our own: the formulas are those of `layers/convolution.hpp`.
///
/// All sums have an order that depends on the shapes alone: two calls give the same bits. Nothing
/// waits for the device, nothing is allocated in a call.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/convolution_kernels.hpp>
#include <kutta/cuda/launch.hpp>
#include <kutta/cuda/sums.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/packed_weights.hpp>

namespace kutta {

class worker_pool;

namespace cuda::detail {

/// A convolution of given shapes, of stride 1 or 2: `kutta::detail::convolution` for addresses of
/// the device.
template <std::floating_point T>
class direct_convolution {
  using axis = kutta::detail::strided_axis;

 public:
  struct scratch {
    buffer<T> transposed;        ///< weights, for dx
    buffer<T> parts;             ///< of dw
    column_sums<T, 1> of_parts;  ///< dw
    column_sums<T, 1> of_bias;   ///< db

    std::size_t heap_bytes() const {
      return transposed.heap_bytes() + parts.heap_bytes() + of_parts.heap_bytes() +
             of_bias.heap_bytes();
    }
  };

  direct_convolution(const axis& y, const axis& x, std::size_t in, std::size_t out)
      : in_{y.n, x.n, in},
        out_{y.out, x.out, out},
        taps_(y.kernel * x.kernel),
        forward_{phased_axis::forward(y), phased_axis::forward(x), static_cast<unsigned>(x.kernel),
                 short_shape(in_), short_shape(out_)},
        transposed_{phased_axis::transposed(y), phased_axis::transposed(x),
                    static_cast<unsigned>(x.kernel), short_shape(out_), short_shape(in_)} {}

  const layers::image_shape& in() const { return in_; }
  const layers::image_shape& out() const { return out_; }
  std::size_t weights() const { return taps_ * in_.channels * out_.channels; }
  weight_order order(bool by_outputs) const {
    return {forward_.in.channels, forward_.out.channels, static_cast<unsigned>(taps_), by_outputs};
  }

  /// For passes on up to so many samples. For float and many samples 4 MB of parts of dw, as much
  /// as there are weights at least.
  scratch make_scratch(std::size_t samples) const {
    const std::size_t parts = std::min(samples * out_.height, most_parts());
    return {buffer<T>(weights()), buffer<T>(parts * weights()), column_sums<T, 1>(parts, weights()),
            column_sums<T, 1>(samples * out_.pixels(), out_.channels)};
  }

  /// y ← b + w ∗ x for n samples; b may be null.
  void forward(const T* weights, const T* b, const T* x, T* y, std::size_t n, scratch&,
               worker_pool* = nullptr) const {
    correlate(forward_, weights, b, x, y, false, n);
  }
  /// y += w ∗ x.
  void add_forward(const T* weights, const T* x, T* y, std::size_t n, scratch&,
                   worker_pool* = nullptr) const {
    correlate(forward_, weights, nullptr, x, y, true, n);
  }
  /// dx += wᵀ ∗ dy,   dw += Σ_samples x ∗ dy,   db += Σ_{samples, pixels} dy. What is null of dx,
  /// dw and db is not computed.
  void vjp(const T* weights, const T* x, const T* dy, T* dx, T* dw, T* db, std::size_t n,
           scratch& s, worker_pool* = nullptr) const {
    if (dx) {
      for_each_index(this->weights(),
                     reorder_weights<T>{order(false), weights, s.transposed.data()});
      correlate(transposed_, s.transposed.data(), nullptr, dy, dx, true, n);
    }
    if (dw) add_weight_gradient(x, dy, dw, n, s);
    if (db) s.of_bias(n * out_.pixels(), number_at<T>{dy, out_.channels}, add_sum<T>{db});
  }

 private:
  /// With fewer threads a GPU of 132 processors has little to do: a group of one pixel then.
  static constexpr std::size_t few_threads = std::size_t{1} << 15;
  /// Of the gradient of the weights: 500 threads for each of 132 processors. A thread has 16
  /// numbers to keep.
  static constexpr std::size_t gradient_threads = std::size_t{1} << 16;

  /// f(the pixels of x are fours, those of y are), from the channels and the addresses.
  template <class F>
  static void with_access(bool x, bool y, const F& f) {
    using std::false_type, std::true_type;
    if (x)
      y ? f(true_type{}, true_type{}) : f(true_type{}, false_type{});
    else
      y ? f(false_type{}, true_type{}) : f(false_type{}, false_type{});
  }
  template <class... P>
  static bool whole(unsigned channels, const P*... p) {
    return channels % lanes_of_four == 0 && (starts_a_pack(p) && ...);
  }

  void correlate(const correlation_geometry& g, const T* w, const T* b, const T* x, T* y, bool add,
                 std::size_t n) const {
    const auto strips = static_cast<unsigned>(fours(g.out.channels));
    const auto threads = [&](unsigned groups) { return n * g.out.height * groups * strips; };
    const auto run = [&]<unsigned P>(std::integral_constant<unsigned, P>) {
      const unsigned groups = g.x.groups(g.out.width, P);
      with_access(whole(g.in.channels, x), whole(g.out.channels, w, b, y),
                  [&](auto whole_in, auto whole_out) {
                    using kernel = correlate_pixels<T, P, whole_in.value, whole_out.value>;
                    for_each_thread(threads(groups), kernel{g, w, b, x, y, add, groups, strips});
                  });
    };
    if (threads(g.x.groups(g.out.width, 4)) >= few_threads)
      run(std::integral_constant<unsigned, 4>{});
    else
      run(std::integral_constant<unsigned, 1>{});
  }

  void add_weight_gradient(const T* x, const T* dy, T* dw, std::size_t n, scratch& s) const {
    const std::size_t rows = n * out_.height, rows_of_part = part_rows(n), parts = part_count(n);
    with_access(whole(forward_.in.channels, x), whole(forward_.out.channels, dy),
                [&](auto whole_in, auto whole_out) {
                  using kernel = weight_gradient_part<T, whole_in.value, whole_out.value>;
                  for_each_thread(parts * blocks(),
                                  kernel{forward_.y.phase[0], forward_.x.phase[0], forward_.in,
                                         forward_.out, x, dy, s.parts.data(), rows, rows_of_part});
                });
    s.of_parts(parts, number_at<T>{s.parts.data(), weights()}, add_sum<T>{dw});
  }

  /// Blocks of 4 × 4 weights.
  std::size_t blocks() const { return taps_ * fours(in_.channels) * fours(out_.channels); }
  /// Parts of the gradient. Fewer rows of dy may have more of them, but no more than rows.
  std::size_t most_parts() const { return std::max<std::size_t>(1, gradient_threads / blocks()); }
  /// Rows of dy in a part.
  std::size_t part_rows(std::size_t samples) const {
    const std::size_t most = most_parts();
    return (samples * out_.height + most - 1) / most;
  }
  std::size_t part_count(std::size_t samples) const {
    const std::size_t rows = samples * out_.height, each = part_rows(samples);
    return each == 0 ? 0 : (rows + each - 1) / each;
  }

  layers::image_shape in_, out_;
  std::size_t taps_;
  correlation_geometry forward_, transposed_;
};

}  // namespace cuda::detail
}  // namespace kutta
