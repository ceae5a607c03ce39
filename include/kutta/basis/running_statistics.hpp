// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Running statistics of a layer as a function of depth: averaged over passes, fitted in a basis.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/fit.hpp>
#include <kutta/basis/normal_equations.hpp>
#include <kutta/basis/statistics_update.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// σ(s) = Σ_k φ_k(s) σ_k, and what a pass collects to update it.
///
/// The simultaneous update is the least-squares fit of the averages, where their depths leave σ
/// open the smallest change of it. Only sums over the pass are kept: nothing grows with its length.
/// An element that must stay positive and would not be becomes the smallest average of those that
/// touch its coefficient. Memory: 4 K statistics, 4 K² doubles.
/// Source: Queiruga, Erichson, Hodgkinson & Mahoney, Stateful ODE-Nets using Basis Function
/// Expansions (2021), § 4.
template <tensor T, basis B>
class running_statistics {
 public:
  /// `positive` is not 0 at the elements that must stay positive at every depth, such as variances.
  /// @throws std::invalid_argument if the coefficients do not belong to the family or differ in
  /// shape; if momentum is not in [0, 1]; if elements must stay positive and the family has members
  /// that are not.
  running_statistics(B phi, std::vector<T> coefficients, const T& positive,
                     const statistics_update& how = {})
      : phi_(std::move(phi)),
        coefficients_(std::move(coefficients)),
        positive_(kutta::zeros_like(positive)),
        some_positive_(kutta::inner_product(positive, positive) != 0),
        how_(how),
        equations_(phi_.size()) {
    detail::require_coefficients("running_statistics", phi_, coefficients_);
    for (const T& sigma : coefficients_)
      detail::require_same_shape("running_statistics", positive, sigma);
    set_momentum(how.momentum);
    if (!averaging_basis<B> && some_positive_)
      throw std::invalid_argument(
          "running_statistics: statistics that stay positive expect a family of non-negative "
          "members that sum to 1");
    kutta::assign(positive_, positive);
    sums_ = kutta::zeros_like(coefficients_);
    least_ = kutta::zeros_like(coefficients_);
    next_ = kutta::zeros_like(coefficients_);
    at_ = kutta::zeros_like(positive);
    touched_.resize(phi_.size());
  }

  const B& basis() const { return phi_; }
  const statistics_update& how() const { return how_; }

  /// One for each φ_k.
  const std::vector<T>& coefficients() const { return coefficients_; }
  /// @throws std::invalid_argument unless they have the shapes of those before.
  void set_coefficients(const std::vector<T>& sigma) {
    detail::require_same_shape("running_statistics", coefficients_, sigma);
    kutta::assign(coefficients_, sigma);
  }

  /// The share of the new in the updates to come.
  /// @throws std::invalid_argument if it is not in [0, 1].
  void set_momentum(double m) {
    if (!(m >= 0 && m <= 1))
      throw std::invalid_argument("running_statistics: momentum must be in [0, 1], got " +
                                  std::to_string(m));
    how_.momentum = m;
  }

  /// Gets ready for passes at these depths.
  void prepare(const std::vector<depth>& depths) {
    equations_.begin();
    for (const depth& s : depths) equations_.visit(phi_, s);
    equations_.solve();
  }

  /// A pass begins.
  void begin() {
    if (how_.rule == update_rule::in_order) return;
    kutta::set_zero(sums_);
    equations_.begin();
    for (char& touched : touched_) touched = false;
  }

  /// It observes `value` at the depth s.
  void observe(const depth& s, const T& value) {
    const T& sigma = evaluate(phi_, s, coefficients_, at_);
    if (how_.rule == update_rule::in_order) {
      move(s, sigma, value);
    } else {
      kutta::combine(at_, scaled{1 - how_.momentum, sigma}, scaled{how_.momentum, value});
      collect(s, at_);
    }
  }

  /// It ends. Allocates only if its depths were not those of the pass before, or prepared for.
  void end() {
    if (how_.rule == update_rule::in_order) return;
    equations_.solve();
    for (std::size_t k = 0; k < phi_.size(); ++k) {
      kutta::set_zero(next_[k]);
      add_row(equations_.inverse(), k, sums_);
      add_row(equations_.rest(), k, coefficients_);
      if (some_positive_ && touched_[k])
        kutta::map(next_[k], detail::raise_to{}, next_[k], least_[k], positive_);
    }
    kutta::assign(coefficients_, next_);
  }

 private:
  /// b_k += φ_k(s) value.
  void collect(const depth& s, const T& value) {
    equations_.visit(phi_, s);
    for (const auto& [k, phi] : phi_(s)) {
      kutta::add(sums_[k], sums_[k], scaled{phi, value});
      if (!some_positive_ || phi == 0) continue;
      if (touched_[k])
        kutta::map(least_[k], detail::smaller{}, least_[k], value);
      else
        kutta::assign(least_[k], value);
      touched_[k] = true;
    }
  }

  /// σ_k += m φ_k(s)/Σ_j φ_j(s)² (value − σ(s)): where one coefficient is all of σ(s), its average
  /// with the value.
  void move(const depth& s, const T& sigma, const T& value) {
    const auto values = phi_(s);
    double squares = 0;
    for (const auto& [k, phi] : values) squares += phi * phi;
    const double m = how_.momentum;
    if (&sigma != &at_) {
      T& only = coefficients_[values[0].k];
      kutta::combine(only, scaled{1 - m, only}, scaled{m, value});
      return;
    }
    for (const auto& [k, phi] : values) {
      const double share = m * phi / squares;
      T& moved = coefficients_[k];
      kutta::add(moved, moved, scaled{-share, sigma}, scaled{share, value});
      if (some_positive_) kutta::map(moved, detail::raise_to{}, moved, value, positive_);
    }
  }

  void add_row(const basis_operator& m, std::size_t k, const std::vector<T>& x) {
    for (std::size_t j = 0; j < x.size(); ++j)
      if (m(k, j) != 0) kutta::add(next_[k], next_[k], scaled{m(k, j), x[j]});
  }

  B phi_;
  std::vector<T> coefficients_;
  T positive_;
  bool some_positive_;
  statistics_update how_;
  detail::normal_equations equations_;
  std::vector<T> sums_, least_, next_;
  T at_;
  std::vector<char> touched_;
};

}  // namespace kutta
