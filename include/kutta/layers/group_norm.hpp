// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Group normalisation: of groups of channels over the pixels of one image.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include <kutta/layers/channel_moments.hpp>
#include <kutta/layers/channel_sums.hpp>
#include <kutta/layers/group_norm_base.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// y = γ (x − μ)/√(σ² + ε) + β, with μ and σ² the mean and (biased) variance of each group of
/// channels over all pixels of one image.
///
///     group_norm<X> norm({32, 32, 16}, 4);         // groups of 4 channels that lie side by side
///
/// One group: all numbers of an image, as layer normalisation of images has it. As many groups as
/// channels: instance normalisation. x, y: images (`image_shape.hpp`). γ, β: a number a channel.
/// Memory: the tape holds two numbers a group and sample; vjp computes (x − μ)/σ again.
/// Source: Wu & He, Group normalization (2018), eq. (1), (2), (6) and (7); Ulyanov, Vedaldi &
/// Lempitsky, Instance normalization (2016), eq. (4).
template <image_tensor X>
class group_norm : public detail::group_norm_base<X> {
  using base = detail::group_norm_base<X>;
  using base::epsilon;
  using scalar = scalar_t<X>;
  using pattern = detail::channel_pattern<scalar>;

 public:
  using base::group_norm_base;
  using base::groups;
  using base::input_shape;
  using typename base::params;

  struct tape {
    std::vector<scalar> mean, inverse;  ///< μ and r = 1/√(σ² + ε): groups of a sample side by side

    std::size_t heap_bytes() const { return kutta::heap_bytes(mean, inverse); }
  };
  struct scratch {
    detail::channel_moments<scalar> moments;
    detail::channel_totals<2> sums;
    std::array<pattern, 2> normal;  ///< μ, r
    std::array<pattern, 2> means;
    std::array<pattern, 2> gains;  ///< γ and β, or vγ and vβ
    pattern gamma;

    std::size_t heap_bytes() const {
      return kutta::heap_bytes(moments, sums, normal, means, gains, gamma);
    }
  };

  /// @throws std::invalid_argument if theta has not this many channels, or x not this shape.
  tape make_tape(const params& theta, const X& x) const {
    const std::vector<scalar> zeros(this->fitting_groups(theta, x));
    return {zeros, zeros};
  }
  scratch make_scratch(const params&, const X&) const {
    const pattern p(input_shape().channels);
    const std::vector<double> zeros(input_shape().channels);
    return {detail::channel_moments<scalar>(input_shape().channels),
            {zeros, zeros},
            {p, p},
            {p, p},
            {p, p},
            p};
  }

  void forward(const params& theta, const X& x, X& y, tape& saved,
               const context<group_norm>& at) const {
    scratch& work = at.scratch;
    auto& [gamma, beta] = work.gains;
    gamma.set(of_channel(theta.gamma));
    beta.set(of_channel(theta.beta));
    for_each_sample(x, saved, [&](std::size_t from, scalar* mean, scalar* inverse) {
      find_moments(x.data() + from, mean, inverse, work);
      set_normal(mean, inverse, work);
      for_each_pixel(work, [&]<class V>(V, std::size_t place) {
        return [&, hat = normaliser<V>(x, from, place, work), g = lanes<V>(gamma, place),
                b = lanes<V>(beta, place)](std::size_t i) {
          detail::write(y.data() + from + i, g * hat(i) + b);
        };
      });
    });
  }

  /// With x̂ = (x − μ) r, g = γ dy and ⟨·⟩ the mean over a group:
  /// dβ += Σ dy,   dγ += Σ dy x̂ over pixels,   dx += r (g − ⟨g⟩ − x̂ ⟨g x̂⟩).
  void vjp(const params& theta, const X& x, const tape& saved, const X& dy, X& dx, params& dtheta,
           const context<group_norm>& at) const {
    scratch& work = at.scratch;
    work.gamma.set(of_channel(theta.gamma));
    for_each_sample(x, saved, [&](std::size_t from, const scalar* mean, const scalar* inverse) {
      set_normal(mean, inverse, work);
      find_sums(x, dy, from, work);
      for (std::size_t c = 0; c < input_shape().channels; ++c) {
        dtheta.beta.data()[c] += static_cast<scalar>(work.sums[0][c]);
        dtheta.gamma.data()[c] += static_cast<scalar>(work.sums[1][c]);
        for (auto& sum : work.sums) sum[c] *= static_cast<double>(theta.gamma.data()[c]);
      }
      set_means(work);
      for_each_pixel(work, [&]<class V>(V, std::size_t place) {
        return [&, project = projection<V>(x, from, place, work),
                gamma = lanes<V>(work.gamma, place)](std::size_t i) {
          scalar* const to = dx.data() + from + i;
          const V g = gamma * detail::read<V>(dy.data() + from + i);
          detail::write(to, detail::read<V>(to) + project(g, i));
        };
      });
    });
  }

  /// vy = γ r (vx − ⟨vx⟩ − x̂ ⟨vx x̂⟩) + vγ x̂ + vβ.
  void jvp(const params& theta, const X& x, const tape& saved, const X& vx, const params& vtheta,
           X& vy, const context<group_norm>& at) const {
    scratch& work = at.scratch;
    auto& [vgamma, vbeta] = work.gains;
    vgamma.set(of_channel(vtheta.gamma));
    vbeta.set(of_channel(vtheta.beta));
    work.gamma.set(of_channel(theta.gamma));
    for_each_sample(x, saved, [&](std::size_t from, const scalar* mean, const scalar* inverse) {
      set_normal(mean, inverse, work);
      find_sums(x, vx, from, work);
      set_means(work);
      for_each_pixel(work, [&]<class V>(V, std::size_t place) {
        return [&, project = projection<V>(x, from, place, work),
                hat = normaliser<V>(x, from, place, work), gamma = lanes<V>(work.gamma, place),
                vg = lanes<V>(vgamma, place), vb = lanes<V>(vbeta, place)](std::size_t i) {
          const V v = detail::read<V>(vx.data() + from + i);
          detail::write(vy.data() + from + i, gamma * project(v, i) + vg * hat(i) + vb);
        };
      });
    });
  }

 private:
  /// f(where a sample begins, the μ of its groups, the r of its groups).
  template <class Tape, class F>
  void for_each_sample(const X& x, Tape& saved, const F& f) const {
    const std::size_t n = static_cast<std::size_t>(x.size()) / input_shape().size();
    for (std::size_t s = 0; s < n; ++s)
      f(s * input_shape().size(), saved.mean.data() + s * groups(),
        saved.inverse.data() + s * groups());
  }

  template <class F>
  void for_each_pixel(const scratch& work, const F& f) const {
    detail::for_each_pixel<scalar>(input_shape().size(), work.gamma.size(), f);
  }

  template <class V>
  static V lanes(const pattern& p, std::size_t place) {
    return detail::read<V>(p.at(place));
  }
  static auto of_channel(const X& x) {
    return [p = x.data()](std::size_t c) { return p[c]; };
  }

  std::size_t group_of(std::size_t channel) const {
    return channel / (input_shape().channels / groups());
  }
  double group_size() const { return static_cast<double>(input_shape().size() / groups()); }

  void set_normal(const scalar* mean, const scalar* inverse, scratch& work) const {
    work.normal[0].set([&](std::size_t c) { return mean[group_of(c)]; });
    work.normal[1].set([&](std::size_t c) { return inverse[group_of(c)]; });
  }

  /// i ↦ x̂ at i of the image that begins at `from`.
  template <class V>
  static auto normaliser(const X& x, std::size_t from, std::size_t place, const scratch& work) {
    return [p = x.data() + from, mean = lanes<V>(work.normal[0], place),
            r = lanes<V>(work.normal[1], place)](std::size_t i) {
      return (detail::read<V>(p + i) - mean) * r;
    };
  }

  /// (g, i) ↦ r (g − ⟨g⟩ − x̂ ⟨g x̂⟩).
  template <class V>
  static auto projection(const X& x, std::size_t from, std::size_t place, const scratch& work) {
    return [hat = normaliser<V>(x, from, place, work), r = lanes<V>(work.normal[1], place),
            mean = lanes<V>(work.means[0], place), product = lanes<V>(work.means[1], place)](
               const V& g, std::size_t i) { return r * (g - mean - hat(i) * product); };
  }

  /// Σ g and Σ g x̂ of each channel.
  void find_sums(const X& x, const X& g, std::size_t from, scratch& work) const {
    for (auto& sum : work.sums) std::fill(sum.begin(), sum.end(), 0.);
    detail::add_channel_sums<scalar>(
        input_shape().size(), input_shape().channels, work.gamma.size(), work.sums,
        [&]<class V>(V, std::size_t place) {
          return [&, hat = normaliser<V>(x, from, place, work)](std::size_t i) {
            const V gi = detail::read<V>(g.data() + from + i);
            return std::array{gi, gi * hat(i)};
          };
        });
  }

  /// Each channel's sum becomes the sum over its group.
  void add_channels(std::vector<double>& sums) const {
    const auto n = static_cast<std::ptrdiff_t>(input_shape().channels / groups());
    for (auto first = sums.begin(); first != sums.end(); first += n)
      std::fill(first, first + n, std::accumulate(first, first + n, 0.));
  }

  void set_means(scratch& work) const {
    for (std::size_t j = 0; j < 2; ++j) {
      add_channels(work.sums[j]);
      work.means[j].set([&](std::size_t c) { return work.sums[j][c] / group_size(); });
    }
  }

  /// μ and r of the groups of one image. With μ_c and s_c the mean and Σ(x − μ_c)² of a channel,
  /// μ = ⟨μ_c⟩ and Σ(x − μ)² = Σ_c (s_c + pixels (μ_c − μ)²).
  void find_moments(const scalar* x, scalar* mean, scalar* inverse, scratch& work) const {
    const auto& channel = work.moments;
    work.moments.clear();
    work.moments.add(x, input_shape().pixels());
    const std::size_t n = input_shape().channels / groups();
    for (std::size_t g = 0; g < groups(); ++g) {
      double mu = 0, squares = 0;
      for (std::size_t c = g * n; c < (g + 1) * n; ++c) mu += channel.mean(c);
      mu /= static_cast<double>(n);
      for (std::size_t c = g * n; c < (g + 1) * n; ++c) {
        const double off = channel.mean(c) - mu;
        squares += channel.squares(c) + static_cast<double>(input_shape().pixels()) * off * off;
      }
      mean[g] = static_cast<scalar>(mu);
      inverse[g] = static_cast<scalar>(1 / std::sqrt(squares / group_size() + epsilon()));
    }
  }
};

}  // namespace kutta::layers
