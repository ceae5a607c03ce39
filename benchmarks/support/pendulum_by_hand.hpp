// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A training step of the pendulum network as one writes it with Eigen alone.

#include <array>
#include <cmath>
#include <cstddef>

#include <Eigen/Core>

namespace kutta::bench {

/// dx/dt = W₂ σ(W₁ x + b₁) + b₂, one classical Runge–Kutta step, mean squared error, Adam.
///
/// Every temporary is a member, every product `noalias`. `Tanh` maps an array expression.
/// Shapes: x (2 × batch), W₁ (50 × 2), W₂ (2 × 50); fixed ones by `Hidden`, `In`, `Batch`.
template <class T, int Hidden, int In, int Batch, class Tanh>
class pendulum_by_hand {
 public:
  using states = Eigen::Matrix<T, In, Batch>;
  using activations = Eigen::Matrix<T, Hidden, Batch>;

  struct weights {
    Eigen::Matrix<T, Hidden, In> w1;
    Eigen::Matrix<T, Hidden, 1> b1;
    Eigen::Matrix<T, In, Hidden> w2;
    Eigen::Matrix<T, In, 1> b2;
  };

  pendulum_by_hand(const weights& theta, const states& x, T h)
      : theta_(theta), dtheta_(theta), m_(theta), v_(theta), h_(h) {
    for_each([](auto& m, auto& v) { m.setZero(), v.setZero(); }, m_, v_);
    for (auto& s : x_) s = x;
    for (auto& s : k_) s = x;
    for (auto& s : hidden_) s.resize(theta.w1.rows(), x.cols());
    x1_ = dx_ = dk_ = dx0_ = x;
    dhidden_ = hidden_[0];
  }

  const weights& theta() const { return theta_; }

  /// One step of Adam on x ↦ target; returns the loss before it.
  double step(const states& x, const states& target, double rate) {
    forward(x);
    const double n = static_cast<double>(target.size());
    dx_ = x1_ - target;
    const double loss = static_cast<double>(dx_.squaredNorm()) / n;
    dx_ *= static_cast<T>(2 / n);
    for_each([](auto& g) { g.setZero(); }, dtheta_);
    backward();
    adam(rate);
    return loss;
  }

 private:
  template <class F, class... W>
  static void for_each(F f, W&... p) {
    f(p.w1...), f(p.b1...), f(p.w2...), f(p.b2...);
  }

  void forward(const states& x) {
    x_[0] = x;
    rate(0);
    x_[1] = x + h_ / 2 * k_[0];
    rate(1);
    x_[2] = x + h_ / 2 * k_[1];
    rate(2);
    x_[3] = x + h_ * k_[2];
    rate(3);
    x1_ = x + h_ / 6 * k_[0] + h_ / 3 * k_[1] + h_ / 3 * k_[2] + h_ / 6 * k_[3];
  }

  void rate(std::size_t i) {
    auto& a = hidden_[i];
    a.noalias() = theta_.w1 * x_[i];
    a.colwise() += theta_.b1;
    a = Tanh{}(a.array()).matrix();
    k_[i].noalias() = theta_.w2 * a;
    k_[i].colwise() += theta_.b2;
  }

  void backward() {
    dx0_ = dx_;
    dk_ = h_ / 6 * dx_;
    rate_transposed(3);
    dk_ = h_ / 3 * dx_ + h_ * k_[3];
    rate_transposed(2);
    dk_ = h_ / 3 * dx_ + h_ / 2 * k_[2];
    rate_transposed(1);
    dk_ = h_ / 6 * dx_ + h_ / 2 * k_[1];
    rate_transposed(0);
  }

  /// Leaves the adjoint of stage i in k_[i].
  void rate_transposed(std::size_t i) {
    const auto& a = hidden_[i];
    dtheta_.w2.noalias() += dk_ * a.transpose();
    dtheta_.b2.noalias() += dk_.rowwise().sum();
    dhidden_.noalias() = theta_.w2.transpose() * dk_;
    dhidden_.array() *= 1 - a.array().square();
    dtheta_.w1.noalias() += dhidden_ * x_[i].transpose();
    dtheta_.b1.noalias() += dhidden_.rowwise().sum();
    k_[i].noalias() = theta_.w1.transpose() * dhidden_;
    dx0_ += k_[i];
  }

  void adam(double rate) {
    ++t_;
    const T b1 = T(.9), b2 = T(.999), eps = T(1e-8);
    const T a = static_cast<T>(rate / (1 - std::pow(.9, t_)));
    const T b = static_cast<T>(1 / std::sqrt(1 - std::pow(.999, t_)));
    for_each(
        [&](auto& p, const auto& g, auto& m, auto& v) {
          m = b1 * m + (1 - b1) * g;
          v.array() = b2 * v.array() + (1 - b2) * g.array().square();
          p.array() -= a * m.array() / (b * v.array().sqrt() + eps);
        },
        theta_, dtheta_, m_, v_);
  }

  weights theta_, dtheta_, m_, v_;
  std::array<states, 4> x_, k_;
  std::array<activations, 4> hidden_;
  activations dhidden_;
  states x1_, dx_, dk_, dx0_;
  T h_;
  double t_ = 0;
};

}  // namespace kutta::bench
