// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Adam and AdamW, on any tensor: a matrix, a struct of them, the coefficients of a block.
///
///     kutta::adam optimiser(theta, {.rate = 1e-3});
///     optimiser.step(theta, dtheta);

#include <cstdint>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/math.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/train/options.hpp>
#include <kutta/train/square_root.hpp>

namespace kutta {

/// `weight_decay` adds that multiple of theta to the gradient (Adam); `decoupled_decay` shrinks
/// theta itself by the rate times it (AdamW).
struct adam_options {
  double rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  double decoupled_decay = 0;
};

/// The running means of g and g², and how many gradients they have seen.
template <tensor P>
struct adam_moments {
  P first;
  P second;
  std::int64_t steps = 0;
};

namespace detail {

/// beta m + (1 − beta) (g + decay theta).
template <class S>
struct update_first_moment {
  S beta, rest, decay;

  template <class V>
  KUTTA_HD constexpr V operator()(const V& m, const V& g, const V& theta) const {
    return beta * m + rest * (g + decay * theta);
  }
};

/// beta v + (1 − beta) (g + decay theta)².
template <class S>
struct update_second_moment {
  S beta, rest, decay;

  template <class V>
  KUTTA_HD constexpr V operator()(const V& v, const V& g, const V& theta) const {
    const V h = g + decay * theta;
    return beta * v + rest * (h * h);
  }
};

/// keep theta − a m / (b √v + epsilon).
template <class S>
struct adam_update {
  S keep, a, b, epsilon;

  template <class V>
  KUTTA_HD V operator()(const V& theta, const V& m, const V& v) const {
    return keep * theta - a * m / (b * square_root(v) + epsilon);
  }
};

}  // namespace detail

/// With g = ∂L/∂theta + weight_decay theta, in step t = 1, 2, …
///
///     m ← β₁ m + (1 − β₁) g,      m̂ = m/(1 − β₁ᵗ),
///     v ← β₂ v + (1 − β₂) g²,     v̂ = v/(1 − β₂ᵗ),
///     theta ← (1 − rate decoupled_decay) theta − rate m̂/(√v̂ + ε).
///
/// Cost: three passes over memory, one square root and one division an element.
/// Source: Kingma & Ba, Adam (2015), algorithm 1; Loshchilov & Hutter, Decoupled Weight Decay
/// Regularization (2019), algorithm 2.
template <tensor P>
class adam {
 public:
  /// Allocates the moments, zeros of theta's shape.
  /// @throws std::invalid_argument unless rate and decays are finite and not negative, the betas in
  /// [0, 1), epsilon positive.
  explicit adam(const P& theta, const adam_options& options = {})
      : options_(check(options)), moments_{kutta::zeros_like(theta), kutta::zeros_like(theta), 0} {}

  /// Updates theta in place; allocates nothing.
  /// @throws std::invalid_argument if the shapes are not those of the moments.
  void step(P& theta, const P& dtheta) {
    detail::require_same_shape("adam: theta", moments_.first, theta);
    detail::require_same_shape("adam: dtheta", moments_.first, dtheta);
    const double t = static_cast<double>(++moments_.steps);
    const auto& [rate, beta1, beta2, epsilon, decay, decoupled] = options_;
    const double a = rate / (1 - detail::math::pow(beta1, t));
    const double b = 1 / detail::math::sqrt(1 - detail::math::pow(beta2, t));

    for_each_leaf(
        [&]<class L>(L& p, const L& g, L& m, L& v) {
          using S = scalar_t<L>;
          const auto s = [](double value) { return static_cast<S>(value); };
          kutta::map(m, detail::update_first_moment<S>{s(beta1), s(1 - beta1), s(decay)}, m, g, p);
          kutta::map(v, detail::update_second_moment<S>{s(beta2), s(1 - beta2), s(decay)}, v, g, p);
          kutta::map(p, detail::adam_update<S>{s(1 - rate * decoupled), s(a), s(b), s(epsilon)}, p,
                     m, v);
        },
        theta, dtheta, moments_.first, moments_.second);
  }

  const adam_options& options() const { return options_; }

  /// A schedule changes the rate between steps.
  /// @throws std::invalid_argument unless it is finite and not negative.
  void set_rate(double rate) {
    detail::require_not_negative("adam", "rate", rate);
    options_.rate = rate;
  }

  /// What a checkpoint keeps, and what a change of basis carries over.
  adam_moments<P>& moments() { return moments_; }
  const adam_moments<P>& moments() const { return moments_; }

 private:
  static const adam_options& check(const adam_options& o) {
    detail::require_not_negative("adam", "rate", o.rate);
    detail::require_fraction("adam", "beta1", o.beta1);
    detail::require_fraction("adam", "beta2", o.beta2);
    detail::require_positive("adam", "epsilon", o.epsilon);
    detail::require_not_negative("adam", "weight_decay", o.weight_decay);
    detail::require_not_negative("adam", "decoupled_decay", o.decoupled_decay);
    return o;
  }

  adam_options options_;
  adam_moments<P> moments_;
};

}  // namespace kutta
