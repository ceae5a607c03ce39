// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The residual of image models in device memory.

#include <cstddef>
#include <tuple>
#include <utility>

#include <kutta/cuda/batch_norm.hpp>
#include <kutta/cuda/convolution.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/normalised_convolution.hpp>
#include <kutta/layers/normalised_convolutions.hpp>
#include <kutta/layers/normalised_convolutions_base.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// The same of arrays in device memory: a is written to scratch, where the convolution reads it,
/// and computed again for vjp.
template <device_array X>
class normalised_convolution<X> {
 public:
  using norm = layers::batch_norm<X, true>;
  using conv = layers::conv2d<X>;
  using tape = typename norm::tape;

  struct scratch {
    typename norm::scratch of_norm;
    typename conv::scratch of_conv;
    X a, da;

    std::size_t heap_bytes() const { return kutta::heap_bytes(of_norm, of_conv, a, da); }
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
    return {norm_.make_scratch(bn, x), conv_.make_scratch(w, x), kutta::zeros_like(x),
            kutta::zeros_like(x)};
  }

  /// y ← w ∗ a.
  template <class L>
  void forward(const typename norm::params& bn, const typename conv::params& w, const X& x, X& y,
               tape& saved, scratch& s, const context<L>& at) const {
    detail::forward(norm_, bn, x, s.a, saved, at.template inside<norm>(s.of_norm));
    convolve(w, y, s, at);
  }
  template <class L>
  void infer(const typename norm::params& bn, const typename norm::statistics& stats,
             const typename conv::params& w, const X& x, X& y, tape& saved, scratch& s,
             const context<L>& at) const {
    detail::infer(norm_, bn, stats, x, s.a, saved, at.template inside<norm>(s.of_norm));
    convolve(w, y, s, at);
  }

  /// da ← wᵀ ∗ dy,   dw += Σ a ∗ dy. The normalisation's vjp of da is left to do.
  template <class L>
  void vjp(const typename conv::params& w, const X& x, const tape& saved, const X& dy,
           typename conv::params& dw, scratch& s, const context<L>& at) const {
    norm_.apply(x, s.a, saved);
    kutta::set_zero(s.da);
    nothing none;
    detail::vjp(conv_, w, s.a, none, dy, s.da, dw, at.template inside<conv>(s.of_conv));
  }

  /// vy ← vw ∗ a + w ∗ va. vx may be the scratch's da.
  template <class L>
  void jvp(const typename norm::params& bn, const typename conv::params& w, const X& x,
           const tape& saved, const X& vx, const typename norm::params& vbn,
           const typename conv::params& vw, X& vy, scratch& s, const context<L>& at) const {
    norm_.apply(x, s.a, saved);
    detail::jvp(norm_, bn, x, saved, vx, vbn, s.da, at.template inside<norm>(s.of_norm));
    nothing none;
    detail::jvp(conv_, w, s.a, none, s.da, vw, vy, at.template inside<conv>(s.of_conv));
  }

 private:
  template <class L>
  void convolve(const typename conv::params& w, X& y, scratch& s, const context<L>& at) const {
    nothing none;
    detail::forward(conv_, w, s.a, y, none, at.template inside<conv>(s.of_conv));
  }

  norm norm_;
  conv conv_;
};

}  // namespace detail

namespace layers {

/// The same of arrays in device memory.
///
/// The tape holds one array. That vjp computes again what the convolutions have read costs 4 of its
/// 27 reads and writes of an array; to keep it would take three times the memory.
template <device_array X>
class normalised_convolutions<X>
    : public detail::normalised_convolutions_base<X, detail::normalised_convolution<X>> {
  using unit = detail::normalised_convolution<X>;
  using base = detail::normalised_convolutions_base<X, unit>;
  using base::first_;
  using base::second_;

 public:
  using base::base;
  using typename base::params;
  using typename base::statistics;
  using typename base::tape;

  struct scratch {
    typename unit::scratch first, second;

    std::size_t heap_bytes() const { return kutta::heap_bytes(first, second); }
  };

  /// @throws std::invalid_argument if theta or x does not have this layer's shape.
  scratch make_scratch(const params& theta, const X& x) const {
    const auto& [bn1, w1, bn2, w2] = theta;
    return {first_.make_scratch(bn1, w1, x), second_.make_scratch(bn2, w2, this->make_between(x))};
  }

  void forward(const params& theta, const X& x, X& y, tape& saved,
               const context<normalised_convolutions>& at) const {
    const auto& [bn1, w1, bn2, w2] = theta;
    auto& [first, second] = at.scratch;
    first_.forward(bn1, w1, x, saved.between, saved.first, first, at);
    second_.forward(bn2, w2, saved.between, y, saved.second, second, at);
    base::keep_observed(saved);
  }

  void infer(const params& theta, const statistics& stats, const X& x, X& y, tape& saved,
             const context<normalised_convolutions>& at) const {
    const auto& [bn1, w1, bn2, w2] = theta;
    const auto& [of_x, of_between] = stats;
    auto& [first, second] = at.scratch;
    first_.infer(bn1, of_x, w1, x, saved.between, saved.first, first, at);
    second_.infer(bn2, of_between, w2, saved.between, y, saved.second, second, at);
  }

  void vjp(const params& theta, const X& x, const tape& saved, const X& dy, X& dx, params& dtheta,
           const context<normalised_convolutions>& at) const {
    const auto& [bn1, w1, bn2, w2] = theta;
    auto& [dbn1, dw1, dbn2, dw2] = dtheta;
    auto& [first, second] = at.scratch;
    X& d_between = second.da;
    second_.vjp(w2, saved.between, saved.second, dy, dw2, second, at);
    second_.normalisation().vjp_onto(saved.between, saved.second, second.da, d_between, dbn2,
                                     second.of_norm);
    first_.vjp(w1, x, saved.first, d_between, dw1, first, at);
    detail::vjp(first_.normalisation(), bn1, x, saved.first, first.da, dx, dbn1,
                at.template inside<typename unit::norm>(first.of_norm));
  }

  void jvp(const params& theta, const X& x, const tape& saved, const X& vx, const params& vtheta,
           X& vy, const context<normalised_convolutions>& at) const {
    const auto& [bn1, w1, bn2, w2] = theta;
    const auto& [vbn1, vw1, vbn2, vw2] = vtheta;
    auto& [first, second] = at.scratch;
    X& v_between = second.da;
    first_.jvp(bn1, w1, x, saved.first, vx, vbn1, vw1, v_between, first, at);
    second_.jvp(bn2, w2, saved.between, saved.second, v_between, vbn2, vw2, vy, second, at);
  }
};

}  // namespace layers
}  // namespace kutta
