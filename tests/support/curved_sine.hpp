// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// `dense_sine` with the derivative of its vjp.

#include <kutta/layers/second_derivative.hpp>
#include <kutta/tensor/tensor.hpp>

#include "support/dense_sine.hpp"

namespace kutta::test {

/// R(theta, x) = sin a, a = W x + b. With g = cos a ∘ dy and vg = cos a ∘ vdy − sin a ∘ va ∘ dy:
/// vdx += Wᵀ vg + vWᵀ g,   vdW += vg xᵀ + g vxᵀ,   vdb += vg 1.
struct curved_sine : dense_sine {
  void vjp_jvp(const params& theta, const state& x, const tape& saved, const state& dy,
               const state& vx, const params& vtheta, const state& vdy, state& vdx,
               params& vdtheta) const {
    const state a = (theta.w * x).colwise() + theta.b;
    const state va = (theta.w * vx + vtheta.w * x).colwise() + vtheta.b;
    const state g = saved.cosine.cwiseProduct(dy);
    const state vg =
        saved.cosine.cwiseProduct(vdy) - a.array().sin().matrix().cwiseProduct(va).cwiseProduct(dy);
    vdx += theta.w.transpose() * vg + vtheta.w.transpose() * g;
    vdtheta.w += vg * x.transpose() + g * vx.transpose();
    vdtheta.b += vg.rowwise().sum();
  }
};

static_assert(has_second_derivative<curved_sine> && !has_second_derivative<dense_sine>);

}  // namespace kutta::test
