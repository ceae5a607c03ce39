// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The gradient of classical steps of W₂ tanh(W₁ x + b₁) + b₂, written out with Eigen.

#include <array>
#include <cstddef>
#include <vector>

#include <Eigen/Core>

namespace kutta::bench {

/// L = ½ |x(1)|² of n samples, N steps. Every stage is stored; the temporaries are made before.
template <class T, int Features, int Steps>
class mlp_by_hand {
 public:
  using matrix = Eigen::Matrix<T, Features, Eigen::Dynamic>;
  using square = Eigen::Matrix<T, Features, Features>;
  using vector = Eigen::Matrix<T, Features, 1>;
  struct weights {
    square w1, w2;
    vector b1, b2;
  };

  explicit mlp_by_hand(Eigen::Index samples) : g_(Features, samples), gx_(Features, samples) {
    x_.fill(gx_);
    for (auto& step : stages_)
      for (stage& s : step) s = {gx_, gx_};
    for (matrix& k : k_) k = gx_;
  }

  /// dx ← ∂L/∂x0; dtheta accumulates.
  void gradient(const weights& theta, const matrix& x0, matrix& dx, weights& dtheta) {
    const T h = T(1) / Steps, half = h / 2;
    x_[0] = x0;
    for (std::size_t n = 0; n < Steps; ++n) {
      auto& s = stages_[n];
      s[0].x = x_[n];
      rate(theta, s[0], k_[0]);
      s[1].x = x_[n] + half * k_[0];
      rate(theta, s[1], k_[1]);
      s[2].x = x_[n] + half * k_[1];
      rate(theta, s[2], k_[2]);
      s[3].x = x_[n] + h * k_[2];
      rate(theta, s[3], k_[3]);
      x_[n + 1] = x_[n] + h / 6 * k_[0] + h / 3 * k_[1] + h / 3 * k_[2] + h / 6 * k_[3];
    }
    dx = x_[Steps];
    for (std::size_t n = Steps; n-- > 0;) {
      const auto& s = stages_[n];
      g_ = h / 6 * dx;
      rate_vjp(theta, s[3], k_[3], dtheta);
      g_ = h / 3 * dx + h * k_[3];
      rate_vjp(theta, s[2], k_[2], dtheta);
      g_ = h / 3 * dx + half * k_[2];
      rate_vjp(theta, s[1], k_[1], dtheta);
      g_ = h / 6 * dx + half * k_[1];
      rate_vjp(theta, s[0], k_[0], dtheta);
      dx += k_[0] + k_[1] + k_[2] + k_[3];
    }
  }

 private:
  struct stage {
    matrix x, z;  ///< z = tanh(W₁ x + b₁)
  };

  void rate(const weights& theta, stage& s, matrix& k) {
    s.z.noalias() = theta.w1 * s.x;
    s.z.colwise() += theta.b1;
    s.z = s.z.array().tanh();
    k.noalias() = theta.w2 * s.z;
    k.colwise() += theta.b2;
  }
  /// With g = g_ the adjoint of k; v is that of x.
  void rate_vjp(const weights& theta, const stage& s, matrix& v, weights& dtheta) {
    dtheta.w2.noalias() += g_ * s.z.transpose();
    dtheta.b2 += g_.rowwise().sum();
    gx_.noalias() = theta.w2.transpose() * g_;
    gx_.array() *= 1 - s.z.array().square();
    dtheta.w1.noalias() += gx_ * s.x.transpose();
    dtheta.b1 += gx_.rowwise().sum();
    v.noalias() = theta.w1.transpose() * gx_;
  }

  std::array<matrix, Steps + 1> x_;
  std::array<std::array<stage, 4>, Steps> stages_;
  std::array<matrix, 4> k_;
  matrix g_, gx_;
};

}  // namespace kutta::bench
