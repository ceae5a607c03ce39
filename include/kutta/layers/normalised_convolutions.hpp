// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The residual of image models: normalised, max(·, 0), 3 × 3 convolution, twice.
///
/// Source: Queiruga, Erichson, Hodgkinson & Mahoney, Stateful ODE-Nets using Basis Function
/// Expansions (2021), § 7.

#include <cstddef>
#include <tuple>

#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/normalised_convolution.hpp>
#include <kutta/layers/normalised_convolutions_base.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// BN – ReLU – conv (stride) – BN – ReLU – conv, without biases.
///
/// The layers of `sequential{batch_norm<X, true>, conv2d<X>, batch_norm<X, true>, conv2d<X>}`, with
/// their parameters and statistics, in few passes over memory: images are normalised when a
/// convolution reads them, and what is to be summed over images is summed when a convolution has
/// just written one. The tape holds one array, what the first convolution gives.
///
/// x, y: images (`image_shape.hpp`). With stride 1 and as many channels as come in, a residual of
/// 18 C² + 4 C parameters.
template <image_tensor X>
class normalised_convolutions
    : public detail::normalised_convolutions_base<X, detail::normalised_convolution<X>> {
  using unit = detail::normalised_convolution<X>;
  using base = detail::normalised_convolutions_base<X, unit>;
  using base::first_;
  using base::samples_of;
  using base::second_;
  using scalar = scalar_t<X>;

 public:
  using base::base;
  using typename base::params;
  using typename base::statistics;
  using typename base::tape;

  struct scratch {
    typename unit::scratch first, second;
    detail::register_array<scalar> d_between;  ///< the adjoint, or the tangent, of `between`
    detail::register_array<scalar> dx;         ///< unless it can take the place of d_between

    std::size_t heap_bytes() const { return kutta::heap_bytes(first, second, d_between, dx); }
  };

  /// @throws std::invalid_argument if theta or x does not have this layer's shape.
  scratch make_scratch(const params& theta, const X& x) const {
    const auto& [bn1, w1, bn2, w2] = theta;
    const X between = this->make_between(x);
    const auto n = static_cast<std::size_t>(between.size());
    return {first_.make_scratch(bn1, w1, x), second_.make_scratch(bn2, w2, between),
            detail::register_array<scalar>(n),
            detail::register_array<scalar>(in_place() ? 0 : static_cast<std::size_t>(x.size()))};
  }

  void forward(const params& theta, const X& x, X& y, tape& saved,
               const context<normalised_convolutions>& at) const {
    const auto& [bn1, w1, bn2, w2] = theta;
    auto& [first, second, d_between, dx] = at.scratch;
    const std::size_t n = samples_of(x), shards = detail::shard_count(n);
    first.of_norm.sums.clear();
    second.of_norm.sums.clear();
    detail::for_each_shard(n, at.workers, [&](const detail::sample_shard& s) {
      first_.add_moments(x.data() + s.first * first_.in().size(), s.count, s, first);
    });
    first_.normalisation().observe(bn1, shards, saved.first, first.of_norm);
    scalar* const between = saved.between.data();
    first_.forward(w1.w.data(), x.data(), between, n, saved.first, first, at.workers,
                   [&](const detail::sample_shard& s, std::size_t i) {
                     second_.add_moments(between + i * second_.in().size(), 1, s, second);
                   });
    second_.normalisation().observe(bn2, shards, saved.second, second.of_norm);
    second_.forward(w2.w.data(), between, y.data(), n, saved.second, second, at.workers,
                    detail::nothing_more);
    base::keep_observed(saved);
  }

  void infer(const params& theta, const statistics& stats, const X& x, X& y, tape& saved,
             const context<normalised_convolutions>& at) const {
    const auto& [bn1, w1, bn2, w2] = theta;
    const std::size_t n = samples_of(x);
    first_.normalisation().set_map(bn1, std::get<0>(stats), saved.first);
    second_.normalisation().set_map(bn2, std::get<1>(stats), saved.second);
    first_.forward(w1.w.data(), x.data(), saved.between.data(), n, saved.first, at.scratch.first,
                   at.workers, detail::nothing_more);
    second_.forward(w2.w.data(), saved.between.data(), y.data(), n, saved.second, at.scratch.second,
                    at.workers, detail::nothing_more);
  }

  void vjp(const params& theta, const X& x, const tape& saved, const X& dy, X& dx, params& dtheta,
           const context<normalised_convolutions>& at) const {
    const auto& [bn1, w1, bn2, w2] = theta;
    auto& [dbn1, dw1, dbn2, dw2] = dtheta;
    auto& s = at.scratch;
    const std::size_t n = samples_of(x);
    scalar* const d2 = s.d_between.data();
    scalar* const d1 = in_place() ? d2 : s.dx.data();  // an image is read before it is written
    second_.vjp(w2.w.data(), saved.between.data(), second_.plain(dy), d2, dw2.w.data(), dbn2, n,
                saved.second, s.second, at.workers);
    first_.vjp(w1.w.data(), x.data(), second_.dx(saved.between.data(), d2, saved.second, s.second),
               d1, dw1.w.data(), dbn1, n, saved.first, s.first, at.workers);
    first_.add_dx(x.data(), d1, dx.data(), n, saved.first, s.first, at.workers);
  }

  void jvp(const params& theta, const X& x, const tape& saved, const X& vx, const params& vtheta,
           X& vy, const context<normalised_convolutions>& at) const {
    const auto& [bn1, w1, bn2, w2] = theta;
    const auto& [vbn1, vw1, vbn2, vw2] = vtheta;
    auto& s = at.scratch;
    const std::size_t n = samples_of(x);
    scalar* const v_between = s.d_between.data();
    first_.jvp(w1.w.data(), x.data(), vx.data(), vbn1, vw1.w.data(), v_between, n, saved.first,
               s.first, at.workers);
    second_.jvp(w2.w.data(), saved.between.data(), v_between, vbn2, vw2.w.data(), vy.data(), n,
                saved.second, s.second, at.workers);
  }

 private:
  /// Images have the same size in and between.
  bool in_place() const { return first_.in().size() == first_.out().size(); }
};

}  // namespace kutta::layers
