// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Batch normalisation of channels, with or without max(·, 0) behind it.

#include <cstddef>

#include <kutta/layers/batch_norm_base.hpp>
#include <kutta/layers/batch_norm_sums.hpp>
#include <kutta/layers/channel_sums.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/normalisation.hpp>
#include <kutta/layers/sample_shards.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// y = γ (x − μ)/√(σ² + ε) + β, behind it max(·, 0) where `Relu` is set.
///
/// In training μ and σ² are the mean and the (biased) variance of each channel over all pixels of
/// all samples of the batch, and differentiated; `infer` takes them from statistics.
///
/// x, y: pixels of `channels` numbers side by side, as many as there are. γ, β: a number a channel.
/// Memory: the tape holds no pixels; vjp computes (x − μ)/σ and the sign of y again.
/// Source: Ioffe & Szegedy, Batch normalization (2015), algorithm 1 and section 3.
template <image_tensor X, bool Relu = false>
class batch_norm : public detail::batch_norm_base<X> {
  using base = detail::batch_norm_base<X>;
  using base::how;
  using base::pixels;
  using scalar = scalar_t<X>;
  using pattern = detail::channel_pattern<scalar>;
  using normalisation = detail::normalisation<scalar, Relu>;

 public:
  using base::channels;
  using base::make_statistics;
  using typename base::params;
  using typename base::statistics;

  struct tape {
    std::size_t pixels = 0;
    normalisation map;
    statistics observed;

    std::size_t heap_bytes() const { return kutta::heap_bytes(map, observed); }
  };
  struct scratch {
    detail::batch_norm_sums<scalar> sums;
    typename normalisation::means means;
    pattern vgamma, vbeta;

    std::size_t heap_bytes() const { return kutta::heap_bytes(sums, means, vgamma, vbeta); }
  };

  using base::batch_norm_base;

  /// @throws std::invalid_argument if theta or x does not have whole pixels of this many channels,
  /// or of a single pixel the unbiased variance is to be observed.
  tape make_tape(const params& theta, const X& x) const {
    this->require_fit(theta, x);
    return {0, normalisation(channels()), make_statistics(theta, x)};
  }
  scratch make_scratch(const params&, const X&) const {
    const pattern p(channels());
    return {detail::batch_norm_sums<scalar>(channels()), typename normalisation::means(channels()),
            p, p};
  }

  void forward(const params& theta, const X& x, X& y, tape& saved,
               const context<batch_norm>& at) const {
    at.scratch.sums.clear();
    for_each_shard(x, at, [&](auto& sums, std::size_t i, std::size_t n) {
      sums.moments.add(x.data() + i, n / channels());
    });
    observe(theta, detail::shard_count(pixels(x)), saved, at.scratch);
    apply(x, y, saved, at);
  }

  /// The mean and variance of the batch that `forward` saw.
  const statistics& observed(const tape& saved) const { return saved.observed; }

  /// y with the mean and variance of `stats`; the tape is overwritten, and not for vjp.
  void infer(const params& theta, const statistics& stats, const X& x, X& y, tape& saved,
             const context<batch_norm>& at) const {
    set_map(theta, stats, saved);
    apply(x, y, saved, at);
  }

  /// With x̂ = (x − μ) r, g = dy where y > 0 (everywhere without Relu) and ⟨·⟩ the mean over pixels:
  /// dβ += Σ g,   dγ += Σ g x̂,   dx += γ r (g − ⟨g⟩ − x̂ ⟨g x̂⟩).
  void vjp(const params&, const X& x, const tape& saved, const X& dy, X& dx, params& dtheta,
           const context<batch_norm>& at) const {
    at.scratch.sums.clear();
    for_each_shard(x, at, [&](auto& sums, std::size_t i, std::size_t n) {
      saved.map.add_totals(x.data() + i, dy.data() + i, n, sums.totals);
    });
    add_gradients(detail::shard_count(pixels(x)), saved, dtheta, at.scratch);
    for_each_shard(x, at, [&](auto&, std::size_t i, std::size_t n) {
      saved.map.add_transpose(x.data() + i, dy.data() + i, at.scratch.means, dx.data() + i, n);
    });
  }

  /// vy = γ r (vx − ⟨vx⟩ − x̂ ⟨vx x̂⟩) + vγ x̂ + vβ, where y > 0.
  void jvp(const params&, const X& x, const tape& saved, const X& vx, const params& vtheta, X& vy,
           const context<batch_norm>& at) const {
    at.scratch.sums.clear();
    for_each_shard(x, at, [&](auto& sums, std::size_t i, std::size_t n) {
      saved.map.add_tangent_totals(x.data() + i, vx.data() + i, n, sums.totals);
    });
    set_tangent(detail::shard_count(pixels(x)), saved, vtheta, at.scratch);
    for_each_shard(x, at, [&](auto&, std::size_t i, std::size_t n) {
      saved.map.tangent(x.data() + i, vx.data() + i, at.scratch.means, at.scratch.vgamma,
                        at.scratch.vbeta, vy.data() + i, n);
    });
  }

  // The passes in parts, for a layer that has others to do on the way: `sums.shards` hold what the
  // first pass has summed on so many shards.

  /// The map of training, by the moments.
  void observe(const params& theta, std::size_t shards, tape& saved, scratch& work) const {
    const auto& all = work.sums.add_moments(shards);
    const auto n = static_cast<double>(all.pixels());
    saved.pixels = all.pixels();
    saved.map.set([&](std::size_t c) { return all.mean(c); },
                  [&](std::size_t c) { return all.squares(c) / n; }, how().epsilon,
                  theta.gamma.data(), theta.beta.data());
    for (std::size_t c = 0; c < channels(); ++c) {
      saved.observed.mean.data()[c] = static_cast<scalar>(all.mean(c));
      saved.observed.var.data()[c] =
          static_cast<scalar>(all.squares(c) / (how().unbiased ? n - 1 : n));
    }
  }
  /// The map of inference.
  void set_map(const params& theta, const statistics& stats, tape& saved) const {
    saved.map.set([&](std::size_t c) { return stats.mean.data()[c]; },
                  [&](std::size_t c) { return stats.var.data()[c]; }, how().epsilon,
                  theta.gamma.data(), theta.beta.data());
  }
  /// dγ, dβ and the means, by the totals.
  void add_gradients(std::size_t shards, const tape& saved, params& dtheta, scratch& work) const {
    const auto& totals = work.sums.add_totals(shards);
    for (std::size_t c = 0; c < channels(); ++c) {
      dtheta.beta.data()[c] += static_cast<scalar>(totals[0][c]);
      dtheta.gamma.data()[c] += static_cast<scalar>(totals[1][c]);
    }
    work.means.set(totals, saved.pixels);
  }
  void set_tangent(std::size_t shards, const tape& saved, const params& vtheta,
                   scratch& work) const {
    work.means.set(work.sums.add_totals(shards), saved.pixels);
    work.vgamma.set([&](std::size_t c) { return vtheta.gamma.data()[c]; });
    work.vbeta.set([&](std::size_t c) { return vtheta.beta.data()[c]; });
  }

 private:
  /// f(sums, i, n): the sums of a shard of pixels, which are n numbers from i on.
  template <class F>
  void for_each_shard(const X& x, const context<batch_norm>& at, const F& f) const {
    detail::for_each_shard(pixels(x), at.workers, [&](const detail::sample_shard& shard) {
      f(at.scratch.sums.shards[shard.index], shard.first * channels(), shard.count * channels());
    });
  }

  void apply(const X& x, X& y, const tape& saved, const context<batch_norm>& at) const {
    for_each_shard(x, at, [&](auto&, std::size_t i, std::size_t n) {
      saved.map.apply(x.data() + i, y.data() + i, n);
    });
  }
};

}  // namespace kutta::layers
