// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The Lorenz equations with their parameters, for any kind of number, and the gradient of ½
/// |x(T)|² through steps of the classical scheme with every number in a variable.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/vec.hpp>

#include "support/cost.hpp"

namespace kutta::bench {

/// R(theta, x) = (σ (x₁ − x₀),  x₀ (ρ − x₂) − x₁,  x₀ x₁ − β x₂),  theta = (σ, ρ, β).
/// Source: Lorenz, Deterministic Nonperiodic Flow (1963), eqs. (25)–(27).
template <class T, class P = T>
struct lorenz_residual {
  using state = vec<T, 3>;
  using params = vec<P, 3>;
  struct tape {};

  KUTTA_HD void forward(const params& theta, const state& x, state& y, tape&) const noexcept {
    y[0] = theta[0] * (x[1] - x[0]);
    y[1] = x[0] * (theta[1] - x[2]) - x[1];
    y[2] = x[0] * x[1] - theta[2] * x[2];
  }
  KUTTA_HD void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
                    params& dtheta) const noexcept {
    dx[0] += (theta[1] - x[2]) * dy[1] + x[1] * dy[2] - theta[0] * dy[0];
    dx[1] += theta[0] * dy[0] + x[0] * dy[2] - dy[1];
    dx[2] -= x[0] * dy[1] + theta[2] * dy[2];
    dtheta[0] += (x[1] - x[0]) * dy[0];
    dtheta[1] += x[0] * dy[1];
    dtheta[2] -= x[2] * dy[2];
  }
};

/// `lorenz_residual::vjp`: 7 operations for dx₀, 5 for dx₁, 4 for dx₂, 3 + 2 + 2 for dtheta.
inline constexpr cost lorenz_vjp_cost{7 + 5 + 4 + 3 + 2 + 2, 0};

/// The transpose of a step of the classical scheme: three rates and points (X₁ is there, and k₄ is
/// not needed), four vjps, dk₄ = h/6 g, three dk_i = h b_i g + h a v, and g + v₁ + v₂ + v₃ + v₄.
inline constexpr cost lorenz_step_vjp_cost{
    3 * (8 + 3 * 2) + 4 * lorenz_vjp_cost.flops + 3 * (1 + 3 * 3) + 3 * 4, 0};
static_assert(lorenz_step_vjp_cost.flops == 176);

/// Three numbers, by name.
struct lorenz_numbers {
  double x, y, z;
};

inline lorenz_numbers lorenz_rate(const vec<double, 3>& theta, const lorenz_numbers& p) {
  return {theta[0] * (p.y - p.x), p.x * (theta[1] - p.z) - p.y, p.x * p.y - theta[2] * p.z};
}
inline lorenz_numbers lorenz_vjp(const vec<double, 3>& theta, const lorenz_numbers& p,
                                 const lorenz_numbers& d, vec<double, 3>& dtheta) {
  dtheta[0] += (p.y - p.x) * d.x;
  dtheta[1] += p.x * d.y;
  dtheta[2] -= p.z * d.z;
  return {(theta[1] - p.z) * d.y + p.y * d.z - theta[0] * d.x, theta[0] * d.x + p.x * d.z - d.y,
          -(p.x * d.y + theta[2] * d.z)};
}
/// p + a d.
inline lorenz_numbers moved(const lorenz_numbers& p, double a, const lorenz_numbers& d) {
  return {p.x + a * d.x, p.y + a * d.y, p.z + a * d.z};
}

/// One step of the classical scheme.
inline lorenz_numbers lorenz_step(const vec<double, 3>& theta, double h, const lorenz_numbers& p) {
  const auto k1 = lorenz_rate(theta, p), k2 = lorenz_rate(theta, moved(p, h / 2, k1)),
             k3 = lorenz_rate(theta, moved(p, h / 2, k2)), k4 = lorenz_rate(theta, moved(p, h, k3));
  return moved(moved(moved(moved(p, h / 6, k1), h / 3, k2), h / 3, k3), h / 6, k4);
}

/// x(T).
inline vec<double, 3> lorenz_forward_by_hand(const vec<double, 3>& theta, const vec<double, 3>& x0,
                                             std::int64_t steps, double horizon) {
  const double h = horizon / static_cast<double>(steps);
  lorenz_numbers p{x0[0], x0[1], x0[2]};
  for (std::int64_t n = 0; n < steps; ++n) p = lorenz_step(theta, h, p);
  return {{p.x, p.y, p.z}};
}

/// ∂L/∂x0 of L = ½ |x(T)|²; adds ∂L/∂theta. `record` has room for steps + 1 states.
inline vec<double, 3> lorenz_gradient_by_hand(const vec<double, 3>& theta, const vec<double, 3>& x0,
                                              std::int64_t steps, double horizon,
                                              std::vector<vec<double, 3>>& record,
                                              vec<double, 3>& dtheta) {
  const double h = horizon / static_cast<double>(steps);
  const auto count = static_cast<std::size_t>(steps);
  lorenz_numbers g{x0[0], x0[1], x0[2]};
  for (std::size_t n = 0; n < count; ++n) {
    record[n] = {{g.x, g.y, g.z}};
    g = lorenz_step(theta, h, g);
  }
  vec<double, 3> sum{};
  for (std::size_t n = count; n-- > 0;) {
    const lorenz_numbers p1{record[n][0], record[n][1], record[n][2]};
    const auto p2 = moved(p1, h / 2, lorenz_rate(theta, p1)),
               p3 = moved(p1, h / 2, lorenz_rate(theta, p2)),
               p4 = moved(p1, h, lorenz_rate(theta, p3));
    const lorenz_numbers none{0, 0, 0};
    const auto sixth = moved(none, h / 6, g), third = moved(none, h / 3, g);
    const auto v4 = lorenz_vjp(theta, p4, sixth, sum);
    const auto v3 = lorenz_vjp(theta, p3, moved(third, h, v4), sum);
    const auto v2 = lorenz_vjp(theta, p2, moved(third, h / 2, v3), sum);
    const auto v1 = lorenz_vjp(theta, p1, moved(sixth, h / 2, v2), sum);
    g = moved(moved(moved(moved(g, 1, v1), 1, v2), 1, v3), 1, v4);
  }
  for (std::size_t i = 0; i < 3; ++i) dtheta[i] += sum[i];
  return {{g.x, g.y, g.z}};
}

}  // namespace kutta::bench
