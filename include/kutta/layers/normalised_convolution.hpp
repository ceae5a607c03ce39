// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// BN – ReLU – conv in one pass over its images.

#include <cstddef>
#include <vector>

#include <kutta/layers/batch_norm.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/convolution.hpp>
#include <kutta/layers/image_planes.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/sample_shards.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/worker_pool.hpp>

namespace kutta::detail {

/// y = w ∗ a,   a = max(γ (x − μ) r + β, 0), on n images.
///
/// a is computed when the convolution reads an image, and kept nowhere. What batch normalisation
/// sums over all images is asked for image by image, so that it can be summed when an image has
/// just been written.
template <image_tensor X>
class normalised_convolution {
  using scalar = scalar_t<X>;

 public:
  using norm = layers::batch_norm<X, true>;
  using conv = layers::conv2d<X>;
  using tape = typename norm::tape;

  struct scratch {
    struct images {
      register_array<scalar> a, dx;  ///< one of each

      std::size_t heap_bytes() const { return kutta::heap_bytes(a, dx); }
    };
    typename norm::scratch of_norm;
    typename conv::scratch of_conv;
    std::vector<images> places;

    std::size_t heap_bytes() const { return kutta::heap_bytes(of_norm, of_conv, places); }
  };

  normalised_convolution(const layers::image_shape& in, std::size_t channels,
                         const layers::convolution_options& how)
      : norm_(in.channels), conv_(in, channels, how) {}

  const norm& normalisation() const { return norm_; }
  const conv& convolution() const { return conv_; }
  const layers::image_shape& in() const { return conv_.input_shape(); }
  const layers::image_shape& out() const { return conv_.output_shape(); }

  scratch make_scratch(const typename norm::params& bn, const typename conv::params& w,
                       const X& x) const {
    const register_array<scalar> image(in().size());
    const std::size_t n = static_cast<std::size_t>(x.size()) / in().size();
    return {norm_.make_scratch(bn, x), conv_.make_scratch(w, x), {shard_count(n), {image, image}}};
  }

  /// Adds images of x to the moments of a shard.
  void add_moments(const scalar* x, std::size_t images, const sample_shard& shard,
                   scratch& s) const {
    s.of_norm.sums.shards[shard.index].moments.add(x, images * in().pixels());
  }

  /// y ← w ∗ a. `behind(shard, i)` is called when image i has been written.
  template <class F>
  void forward(const scalar* w, const scalar* x, scalar* y, std::size_t n, const tape& saved,
               scratch& s, worker_pool* workers, const F& behind) const {
    conv_.kernels().forward(w, nullptr, normalised(x, saved, s), y, n, s.of_conv, workers, behind);
  }

  /// da ← wᵀ ∗ dy,   dw += Σ a ∗ dy;   dγ, dβ and the means that `dx` needs. dy: its
  /// images (`mapped_images`).
  template <class Y>
  void vjp(const scalar* w, const scalar* x, const Y& dy, scalar* da, scalar* dw,
           typename norm::params& dbn, std::size_t n, const tape& saved, scratch& s,
           worker_pool* workers) const {
    s.of_norm.sums.clear();
    const std::size_t size = in().size();
    conv_.kernels().vjp(w, normalised(x, saved, s), dy, da, dw, n, s.of_conv, workers,
                        [&](const sample_shard& shard, std::size_t i) {
                          saved.map.add_totals(x + i * size, da + i * size, size,
                                               s.of_norm.sums.shards[shard.index].totals);
                        });
    norm_.add_gradients(shard_count(n), saved, dbn, s.of_norm);
  }

  /// The images of dx, to which the normalisation's transpose takes da.
  auto dx(const scalar* x, const scalar* da, const tape& saved, scratch& s) const {
    const auto transpose = [&saved, &s, x](const sample_shard& shard, std::size_t i,
                                           const scalar* da_i) {
      auto& to = s.places[shard.place].dx;
      saved.map.transpose(x + i * to.size(), da_i, s.of_norm.means, to.data(), to.size());
      return to.data();
    };
    return mapped_images(da, in().size(), transpose, x);
  }
  /// dx += that.
  void add_dx(const scalar* x, const scalar* da, scalar* dx, std::size_t n, const tape& saved,
              scratch& s, worker_pool* workers) const {
    for_each_shard(n, workers, [&](const sample_shard& shard) {
      const std::size_t first = shard.first * in().size();
      saved.map.add_transpose(x + first, da + first, s.of_norm.means, dx + first,
                              shard.count * in().size());
    });
  }

  /// vy ← vw ∗ a + w ∗ va.
  void jvp(const scalar* w, const scalar* x, const scalar* vx, const typename norm::params& vbn,
           const scalar* vw, scalar* vy, std::size_t n, const tape& saved, scratch& s,
           worker_pool* workers) const {
    s.of_norm.sums.clear();
    for_each_shard(n, workers, [&](const sample_shard& shard) {
      const std::size_t first = shard.first * in().size();
      saved.map.add_tangent_totals(x + first, vx + first, shard.count * in().size(),
                                   s.of_norm.sums.shards[shard.index].totals);
    });
    norm_.set_tangent(shard_count(n), saved, vbn, s.of_norm);
    const auto va = mapped_images(
        vx, in().size(), [&](const sample_shard& shard, std::size_t i, const scalar* vx_i) {
          auto& to = s.places[shard.place].dx;
          saved.map.tangent(x + i * to.size(), vx_i, s.of_norm.means, s.of_norm.vgamma,
                            s.of_norm.vbeta, to.data(), to.size());
          return to.data();
        });
    conv_.kernels().forward(vw, nullptr, normalised(x, saved, s), vy, n, s.of_conv, workers,
                            nothing_more);
    conv_.kernels().add_forward(w, va, vy, n, s.of_conv, workers);
  }

  /// The images of y's adjoint, as they are.
  auto plain(const X& dy) const { return plain_images(dy.data(), out().size()); }

 private:
  /// The images of a.
  auto normalised(const scalar* x, const tape& saved, scratch& s) const {
    return mapped_images(x, in().size(),
                         [&saved, &s](const sample_shard& shard, std::size_t, const scalar* x_i) {
                           auto& to = s.places[shard.place].a;
                           saved.map.apply(x_i, to.data(), to.size());
                           return to.data();
                         });
  }

  norm norm_;
  conv conv_;
};

}  // namespace kutta::detail
