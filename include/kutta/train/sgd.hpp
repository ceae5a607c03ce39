// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Stochastic gradient descent with momentum, on any tensor.
///
///     kutta::sgd optimiser(theta, {.rate = 0.1, .momentum = 0.9});
///     optimiser.step(theta, dtheta);

#include <optional>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/train/options.hpp>

namespace kutta {

struct sgd_options {
  double rate = 1e-2;
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;
};

namespace detail {

/// momentum v + (g + decay theta).
template <class S>
struct update_velocity {
  S momentum, decay;

  template <class V>
  KUTTA_HD constexpr V operator()(const V& v, const V& g, const V& theta) const {
    return momentum * v + (g + decay * theta);
  }
};

/// theta − rate v.
template <class S>
struct descend {
  S rate;

  template <class V>
  KUTTA_HD constexpr V operator()(const V& theta, const V& v) const {
    return theta - rate * v;
  }
};

/// theta − rate (momentum v + g + decay theta).
template <class S>
struct descend_ahead {
  S rate;
  update_velocity<S> ahead;

  template <class V>
  KUTTA_HD constexpr V operator()(const V& theta, const V& v, const V& g) const {
    return theta - rate * ahead(v, g, theta);
  }
};

/// theta − rate (g + decay theta).
template <class S>
struct descend_decayed {
  S rate, decay;

  template <class V>
  KUTTA_HD constexpr V operator()(const V& theta, const V& g) const {
    return theta - rate * (g + decay * theta);
  }
};

}  // namespace detail

/// With g = ∂L/∂theta + weight_decay theta:
///
///     v ← momentum v + g,    theta ← theta − rate v,
///
/// or, with `nesterov`, theta ← theta − rate (g + momentum v).
///
/// Cost: two passes over memory, one without momentum.
/// Source: Sutskever, Martens, Dahl & Hinton, On the importance of initialization and momentum in
/// deep learning (2013), with the rate taken out of the velocity.
template <tensor P>
class sgd {
 public:
  /// Allocates the velocity, a zero of theta's shape, if there is momentum.
  /// @throws std::invalid_argument unless rate and decay are finite and not negative, the momentum
  /// in [0, 1), and above 0 for nesterov.
  explicit sgd(const P& theta, const sgd_options& options = {}) : options_(check(options)) {
    if (options_.momentum > 0) velocity_.emplace(kutta::zeros_like(theta));
  }

  /// Updates theta in place; allocates nothing.
  /// @throws std::invalid_argument if the shapes differ.
  void step(P& theta, const P& dtheta) {
    detail::require_same_shape("sgd: dtheta", theta, dtheta);
    const auto& [rate, momentum, decay, nesterov] = options_;
    if (!velocity_) {
      for_each_leaf(
          [&]<class L>(L& p, const L& g) {
            using S = scalar_t<L>;
            kutta::map(p, detail::descend_decayed<S>{static_cast<S>(rate), static_cast<S>(decay)},
                       p, g);
          },
          theta, dtheta);
      return;
    }
    detail::require_same_shape("sgd: theta", *velocity_, theta);
    for_each_leaf(
        [&]<class L>(L& p, const L& g, L& v) {
          using S = scalar_t<L>;
          const detail::update_velocity<S> update{static_cast<S>(momentum), static_cast<S>(decay)};
          kutta::map(v, update, v, g, p);
          if (nesterov)
            kutta::map(p, detail::descend_ahead<S>{static_cast<S>(rate), update}, p, v, g);
          else
            kutta::map(p, detail::descend<S>{static_cast<S>(rate)}, p, v);
        },
        theta, dtheta, *velocity_);
  }

  const sgd_options& options() const { return options_; }

  /// A schedule changes the rate between steps.
  /// @throws std::invalid_argument unless it is finite and not negative.
  void set_rate(double rate) {
    detail::require_not_negative("sgd", "rate", rate);
    options_.rate = rate;
  }

  /// v, if there is momentum: what a checkpoint keeps, and what a change of basis carries over.
  std::optional<P>& velocity() { return velocity_; }
  const std::optional<P>& velocity() const { return velocity_; }

 private:
  static const sgd_options& check(const sgd_options& o) {
    detail::require_not_negative("sgd", "rate", o.rate);
    detail::require_fraction("sgd", "momentum", o.momentum);
    detail::require_not_negative("sgd", "weight_decay", o.weight_decay);
    if (o.nesterov)
      detail::require_option(o.momentum > 0, "sgd", "momentum", "above 0 for nesterov", o.momentum);
    return o;
  }

  sgd_options options_;
  std::optional<P> velocity_;
};

}  // namespace kutta
