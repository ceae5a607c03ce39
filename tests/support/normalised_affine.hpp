// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A stateful residual: batch normalisation in front of an affine map.

#include <tuple>
#include <vector>

#include <Eigen/Core>

#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/product.hpp>

#include "support/random.hpp"

namespace kutta::test {

/// R(theta, x) = W z + b, z = (x − mean)/√(var + ε) over the samples, one a column.
struct normalised_affine {
  using state = Eigen::MatrixXd;
  struct params {
    Eigen::MatrixXd w;
    Eigen::VectorXd b;
    static constexpr auto fields = std::tuple{field{"w", &params::w}, field{"b", &params::b}};
  };
  struct statistics {
    Eigen::VectorXd mean, var;
    static constexpr auto fields =
        std::tuple{field{"mean", &statistics::mean}, field{"var", &statistics::var}};
  };
  struct tape {
    statistics batch;
    Eigen::VectorXd scale;
    Eigen::MatrixXd z;
  };
  static constexpr double epsilon = 1e-5;

  tape make_tape(const params&, const state& x) const {
    return {make_statistics({}, x), Eigen::VectorXd(x.rows()), Eigen::MatrixXd(x.rows(), x.cols())};
  }
  statistics make_statistics(const params&, const state& x) const {
    return {Eigen::VectorXd::Zero(x.rows()), Eigen::VectorXd::Ones(x.rows())};
  }
  statistics positive_statistics(const statistics& like) const {
    return {Eigen::VectorXd::Zero(like.mean.size()), Eigen::VectorXd::Ones(like.var.size())};
  }
  const statistics& observed(const tape& saved) const { return saved.batch; }

  void forward(const params& theta, const state& x, state& y, tape& saved) const {
    saved.batch.mean = x.rowwise().mean();
    saved.batch.var =
        (x.colwise() - saved.batch.mean).rowwise().squaredNorm() / static_cast<double>(x.cols());
    infer(theta, saved.batch, x, y, saved);
  }
  void infer(const params& theta, const statistics& stats, const state& x, state& y,
             tape& saved) const {
    saved.scale = (stats.var.array() + epsilon).rsqrt();
    saved.z = saved.scale.asDiagonal() * (x.colwise() - stats.mean);
    y.noalias() = theta.w * saved.z;
    y.colwise() += theta.b;
  }
  /// dx = scale (dz − mean(dz) − z mean(z dz)),  dz = Wᵀ dy.
  void vjp(const params& theta, const state&, const tape& saved, const state& dy, state& dx,
           params& dtheta) const {
    dtheta.w.noalias() += dy * saved.z.transpose();
    dtheta.b += dy.rowwise().sum();
    const state dz = theta.w.transpose() * dy;
    const Eigen::VectorXd mean = dz.rowwise().mean();
    const Eigen::VectorXd slope = dz.cwiseProduct(saved.z).rowwise().mean();
    dx += saved.scale.asDiagonal() *
          ((dz.colwise() - mean) - Eigen::MatrixXd(slope.asDiagonal() * saved.z));
  }

  template <class G>
  static std::vector<params> random_coefficients(std::size_t count, Eigen::Index n, G& random) {
    std::vector<params> theta;
    for (std::size_t k = 0; k < count; ++k)
      theta.push_back(
          {random_like(Eigen::MatrixXd(n, n), random), random_like(Eigen::VectorXd(n), random)});
    return theta;
  }
};

static_assert(stateful<normalised_affine>);

}  // namespace kutta::test
