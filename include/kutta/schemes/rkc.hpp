// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Runge–Kutta–Chebyshev: an explicit scheme whose stages are spent on stability along the negative
/// real axis, for diffusion and other stiff decay: s stages reach as far as s²/3 steps of Euler's.

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace kutta {

namespace detail {

/// T_n(x) with its first and second derivative, n = 0 to begin with:
///
///     T_{n+1} = 2 x T_n − T_{n−1}, and this differentiated twice;   T_{−1} = T_1 = x.
struct chebyshev {
  long double x;
  long double t = 1, dt = 0, ddt = 0;
  long double before = x, dbefore = 1, ddbefore = 0;

  constexpr void advance() {
    const long double next = 2 * x * t - before;
    const long double dnext = 2 * t + 2 * x * dt - dbefore;
    const long double ddnext = 4 * dt + 2 * x * ddt - ddbefore;
    before = t, dbefore = dt, ddbefore = ddt;
    t = next, dt = dnext, ddt = ddnext;
  }
};

}  // namespace detail

/// Y_j = κ Y_0 + μ Y_{j−1} + ν Y_{j−2} + μ̃ h f(Y_{j−1}) + γ̃ h f(Y_0), at t₀ + c h.
struct rkc_stage {
  double kappa, mu, nu, mu_tilde, gamma_tilde, c;
};

}  // namespace kutta

namespace kutta::schemes {

/// Order 2 with s ≥ 2 stages, s chosen at run time. On x' = λ x, with z = h λ,
///
///     x₁ = (a_s + b_s T_s(w₀ + w₁ z)) x₀,   w₀ = 1 + ε/s²,   w₁ = T_s'(w₀)/T_s''(w₀),
///     b_j = T_j''(w₀)/T_j'(w₀)²,   b₀ = b₁ = b₂,   a_j = 1 − b_j T_j(w₀),
///
/// so that |x₁/x₀| is at most about 1 − ε/3 but near z = 0. An object holds the coefficients.
/// Source: Sommeijer, Shampine & Verwer, RKC: an explicit solver for parabolic PDEs, J. Comput.
/// Appl. Math. 88 (1998); Hairer & Wanner, Solving ODEs II (2nd ed., 1996), § IV.2.
class rkc2 {
 public:
  static constexpr double damping = 2. / 13;  ///< ε

  /// @throws std::invalid_argument if s < 2.
  explicit rkc2(int s) : stages_(s) {
    if (s < 2)
      throw std::invalid_argument("rkc2: at least 2 stages are expected, got " + std::to_string(s));
    const detail::chebyshev last = at_w0(s);
    const long double w0 = last.x, w1 = last.dt / last.ddt;

    // T_2' = 4 w₀, T_2'' = 4.
    const long double b2 = 1 / (4 * w0 * w0);
    stage_.reserve(static_cast<std::size_t>(s) + 1);
    stage_.push_back({.kappa = 1, .mu = 0, .nu = 0, .mu_tilde = 0, .gamma_tilde = 0, .c = 0});
    const auto c1 = static_cast<double>(b2 * w1);
    stage_.push_back({.kappa = 1, .mu = 0, .nu = 0, .mu_tilde = c1, .gamma_tilde = 0, .c = c1});

    detail::chebyshev now{.x = w0};
    now.advance();
    long double b_before = b2, b_before2 = b2;  // b_{j−1}, b_{j−2}
    for (int j = 2; j <= s; ++j) {
      const long double a_before = 1 - b_before * now.t;
      now.advance();
      const long double b = now.ddt / (now.dt * now.dt);
      const long double mu = 2 * b * w0 / b_before;
      const long double nu = -b / b_before2;
      const long double mu_tilde = 2 * b * w1 / b_before;
      stage_.push_back({.kappa = static_cast<double>(1 - mu - nu),
                        .mu = static_cast<double>(mu),
                        .nu = static_cast<double>(nu),
                        .mu_tilde = static_cast<double>(mu_tilde),
                        .gamma_tilde = static_cast<double>(-a_before * mu_tilde),
                        .c = static_cast<double>(w1 * now.ddt / now.dt)});
      b_before2 = b_before, b_before = b;
    }
  }

  int stages() const { return stages_; }

  /// What makes Y_j of the Y before it, 1 ≤ j ≤ s; c of Y_j, 0 ≤ j ≤ s.
  const rkc_stage& stage(int j) const { return stage_[static_cast<std::size_t>(j)]; }

  /// The β with |x₁| ≤ |x₀| for −β ≤ z ≤ 0: (w₀ + 1)/w₁ ≈ (2/3)(s² − 1)(1 − (2/15) ε).
  double real_stability() const { return real_stability(stages_); }

  /// The least s for which steps of size h are stable where the eigenvalues of ∂f/∂x lie in
  /// [−`spectral_radius`, 0].
  /// @throws std::invalid_argument if h or the radius is not finite, the radius negative, or if
  /// more than 10⁶ stages would be needed.
  static int stages_for(double h, double spectral_radius) {
    const double z = std::abs(h) * spectral_radius;
    constexpr double most = 6e11;
    if (!(spectral_radius >= 0 && z <= most))
      throw std::invalid_argument("stages_for: |h| times a spectral radius from 0 to " +
                                  std::to_string(most) + " is expected, got " + std::to_string(h) +
                                  " and " + std::to_string(spectral_radius));
    int s = static_cast<int>(std::sqrt(1 + 1.5 * z));  // β < (2/3)(s² − 1)
    if (s < 2) s = 2;
    while (real_stability(s) < z) ++s;
    return s;
  }

 private:
  static detail::chebyshev at_w0(int s) {
    const auto n = static_cast<long double>(s);
    detail::chebyshev t{.x = 1 + static_cast<long double>(damping) / (n * n)};
    for (int j = 0; j < s; ++j) t.advance();
    return t;
  }
  static double real_stability(int s) {
    const detail::chebyshev t = at_w0(s);
    return static_cast<double>((t.x + 1) * t.ddt / t.dt);
  }

  int stages_;
  std::vector<rkc_stage> stage_;
};

}  // namespace kutta::schemes
