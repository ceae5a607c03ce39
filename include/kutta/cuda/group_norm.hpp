// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Group normalisation in device memory.

#include <kutta/cuda/group_normalisation.hpp>
#include <kutta/layers/group_norm.hpp>
#include <kutta/layers/group_norm_base.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/array.hpp>

namespace kutta::layers {

/// The same of arrays in device memory.
template <device_array X>
class group_norm<X> : public detail::group_norm_base<X> {
  using base = detail::group_norm_base<X>;
  using kernels = cuda::detail::group_normalisation<X>;

 public:
  using base::group_norm_base;
  using base::groups;
  using base::input_shape;
  using typename base::params;
  using tape = typename kernels::tape;
  using scratch = typename kernels::scratch;

  /// @throws std::invalid_argument if theta has not this many channels, or x not this shape.
  tape make_tape(const params& theta, const X& x) const {
    this->fitting_groups(theta, x);
    return passes().make_tape(x);
  }
  scratch make_scratch(const params&, const X& x) const { return passes().make_scratch(x); }

  void forward(const params& theta, const X& x, X& y, tape& saved,
               const context<group_norm>& at) const {
    passes().forward(theta, x, y, saved, at.scratch);
  }

  /// With x̂ = (x − μ) r, g = γ dy and ⟨·⟩ the mean over a group:
  /// dβ += Σ dy,   dγ += Σ dy x̂ over pixels,   dx += r (g − ⟨g⟩ − x̂ ⟨g x̂⟩).
  void vjp(const params& theta, const X& x, const tape& saved, const X& dy, X& dx, params& dtheta,
           const context<group_norm>& at) const {
    passes().vjp(theta, x, saved, dy, dx, dtheta, at.scratch);
  }

  /// vy = γ r (vx − ⟨vx⟩ − x̂ ⟨vx x̂⟩) + vγ x̂ + vβ.
  void jvp(const params& theta, const X& x, const tape& saved, const X& vx, const params& vtheta,
           X& vy, const context<group_norm>& at) const {
    passes().jvp(theta, x, saved, vx, vtheta, vy, at.scratch);
  }

 private:
  kernels passes() const {
    return {{input_shape().pixels(), input_shape().channels, groups()}, this->epsilon()};
  }
};

}  // namespace kutta::layers
