// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A small residual on matrices, with a struct for its parameters.

#include <cstddef>
#include <tuple>
#include <vector>

#include <Eigen/Core>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/product.hpp>

#include "support/random.hpp"

namespace kutta::test {

/// R(theta, x) = sin(W x + b), one column of x per sample.
///
/// Shapes: x, y (d × n), W (d × d), b (d). With a = W x + b and g = cos a ∘ dy:
/// dx += Wᵀ g,   dW += g xᵀ,   db += g 1.
struct dense_sine {
  using state = Eigen::MatrixXd;
  struct params {
    Eigen::MatrixXd w;
    Eigen::VectorXd b;
    static constexpr auto fields = std::tuple{field{"w", &params::w}, field{"b", &params::b}};
  };
  struct tape {
    Eigen::MatrixXd cosine;  ///< cos a
  };
  static constexpr bool samples_independent = true;

  tape make_tape(const params&, const state& x) const { return {zeros_like(x)}; }

  void forward(const params& theta, const state& x, state& y, tape& saved) const {
    y = (theta.w * x).colwise() + theta.b;
    saved.cosine = y.array().cos();
    y = y.array().sin();
  }
  void vjp(const params& theta, const state& x, const tape& saved, const state& dy, state& dx,
           params& dtheta) const {
    const state g = saved.cosine.cwiseProduct(dy);
    dx += theta.w.transpose() * g;
    dtheta.w += g * x.transpose();
    dtheta.b += g.rowwise().sum();
  }
  void jvp(const params& theta, const state& x, const tape& saved, const state& vx,
           const params& vtheta, state& vy) const {
    const state v = (theta.w * vx + vtheta.w * x).colwise() + vtheta.b;
    vy = saved.cosine.cwiseProduct(v);
  }

  static std::vector<params> random_coefficients(std::size_t k, Eigen::Index d,
                                                 splitmix64& random) {
    const params like{Eigen::MatrixXd(d, d), Eigen::VectorXd(d)};
    return random_like(std::vector<params>(k, like), random);
  }
};

static_assert(residual<dense_sine> && has_jvp<dense_sine>);

}  // namespace kutta::test
