// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One Runge–Kutta–Chebyshev step, its error, its transpose and its derivative.
///
/// A stage needs the two before it and the first rate, so that a step computes into four vectors,
/// whatever its number of stages. The transpose needs no more, but every stage point.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/ode/step.hpp>
#include <kutta/schemes/rkc.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

/// What a step and its transpose compute into.
template <tensor X>
struct stabilised_storage {
  X f0;         ///< f(Y_0); in reverse its adjoint
  X k;          ///< f(Y_{j−1}); in reverse its adjoint
  vec<X, 2> y;  ///< Y_{j−1} and Y_{j−2} by turns; in reverse their adjoints

  explicit stabilised_storage(const X& like)
      : f0(kutta::zeros_like(like)),
        k(kutta::zeros_like(like)),
        y{{kutta::zeros_like(like), kutta::zeros_like(like)}} {}
};

/// Room for Y_1 … Y_{s−1}, the points where a step evaluated its rate beside its start.
template <tensor X>
std::vector<X> make_stabilised_points(const schemes::rkc2& scheme, const X& like) {
  std::vector<X> points;
  points.reserve(static_cast<std::size_t>(scheme.stages()) - 1);
  for (int j = 1; j < scheme.stages(); ++j) points.push_back(kutta::zeros_like(like));
  return points;
}

namespace detail {

/// The step, with Y_j in y(j) for 0 < j < s.
template <class X, class F, class Y>
void stabilised_stages(const schemes::rkc2& scheme, const F& rate, step_real_t<X> h, const X& x0,
                       X& x1, const Y& y, X& f0, X& k) {
  const int s = scheme.stages();
  rate(0, step_real_t<X>(0), x0, f0);
  kutta::add(y(1), x0, scaled<X>{scheme.stage(1).mu_tilde * h, f0});
  for (int j = 2; j <= s; ++j) {
    const rkc_stage& by = scheme.stage(j);
    const X& before = y(j - 1);
    const X& before2 = j == 2 ? x0 : y(j - 2);
    rate(j - 1, step_real_t<X>(scheme.stage(j - 1).c), before, k);
    kutta::combine(j == s ? x1 : y(j), scaled<X>{by.kappa, x0}, scaled<X>{by.mu, before},
                   scaled<X>{by.nu, before2}, scaled<X>{by.mu_tilde * h, k},
                   scaled<X>{by.gamma_tilde * h, f0});
  }
}

/// @throws std::invalid_argument unless there are s − 1 points.
inline void require_points(const schemes::rkc2& scheme, std::size_t size) {
  const auto expected = static_cast<std::size_t>(scheme.stages()) - 1;
  if (size != expected)
    throw std::invalid_argument("stabilised_step: expected " + std::to_string(expected) +
                                " stage points, got " + std::to_string(size));
}

}  // namespace detail

/// Y_0 = x0,   Y_1 = Y_0 + μ̃_1 h f_0(Y_0),   x1 ← Y_s,
/// Y_j = κ_j Y_0 + μ_j Y_{j−1} + ν_j Y_{j−2} + μ̃_j h f_{j−1}(Y_{j−1}) + γ̃_j h f_0(Y_0).
///
/// `rate(j, c_j, Y_j, k)` writes k = f_j(Y_j), j an int from 0 to s − 1, at t₀ + c_j h. `x1` may be
/// `x0`. Leaves f_0(x0) in `work.f0`.
/// Cost: 8s − 3 states read or written, the rate's one and one included.
/// Source: Sommeijer, Shampine & Verwer, J. Comput. Appl. Math. 88 (1998).
template <tensor X, class F>
void stabilised_step(const schemes::rkc2& scheme, const F& rate, detail::step_real_t<X> h,
                     const X& x0, X& x1, stabilised_storage<X>& work) {
  const auto by_turns = [&](int j) -> X& { return work.y[static_cast<std::size_t>(j % 2)]; };
  detail::stabilised_stages(scheme, rate, h, x0, x1, by_turns, work.f0, work.k);
}

/// The same, leaving Y_1 … Y_{s−1} in `points` for the transpose and the derivative.
/// @throws std::invalid_argument unless there are s − 1 points.
template <tensor X, class F>
void stabilised_step(const schemes::rkc2& scheme, const F& rate, detail::step_real_t<X> h,
                     const X& x0, X& x1, std::vector<X>& points, stabilised_storage<X>& work) {
  detail::require_points(scheme, points.size());
  const auto kept = [&](int j) -> X& { return points[static_cast<std::size_t>(j) - 1]; };
  detail::stabilised_stages(scheme, rate, h, x0, x1, kept, work.f0, work.k);
}

/// error ← (12 (x0 − x1) + 6 h (f_0(x0) + f_s(x1)))/15.
///
/// This is h³ x'''/15 and 0.8 of the error, to leading order. The error of many stages is about
/// h³ x'''/15 itself, so that the estimate is 1.8 times as large.
/// To be called after the step, with its `work`; `x0` must still be its start. Evaluates f_s(x1) at
/// c = 1, and leaves it in `work.k`: the first rate of the next step.
/// Source: Sommeijer, Shampine & Verwer (1998), as above.
template <tensor X, class F>
void stabilised_error(const schemes::rkc2& scheme, const F& rate, detail::step_real_t<X> h,
                      const X& x0, const X& x1, stabilised_storage<X>& work, X& error) {
  using real = detail::step_real_t<X>;
  rate(scheme.stages(), real(1), x1, work.k);
  kutta::combine(error, scaled<X>{real(12) / 15, x0}, scaled<X>{-real(12) / 15, x1},
                 scaled<X>{6 * h / 15, work.f0}, scaled<X>{6 * h / 15, work.k});
}

/// The transpose of `stabilised_step`, from G_s = g and G_0 = 0:
///
///     dk = μ̃_j h G_j,   G_{j−1} = μ_j G_j + ν_{j+1} G_{j+1} + (∂f_{j−1}/∂x)ᵀ dk     for j = s..2,
///     df = h Σ_j γ̃_j G_j + μ̃_1 h G_1,   g ← Σ_j κ_j G_j + G_1 + ν_2 G_2 + (∂f_0/∂x)ᵀ df.
///
/// On entry g = ∂L/∂x1, on exit ∂L/∂x0. `rate_vjp(j, c_j, Y_j, dk, G)` adds to G, and to any
/// parameter gradient it knows of.
/// @throws std::invalid_argument unless there are s − 1 points.
template <tensor X, class F>
void stabilised_step_vjp(const schemes::rkc2& scheme, const F& rate_vjp, detail::step_real_t<X> h,
                         const X& x0, const std::vector<X>& points, X& g,
                         stabilised_storage<X>& work) {
  using real = detail::step_real_t<X>;
  detail::require_points(scheme, points.size());
  const int s = scheme.stages();
  X& df = work.f0;
  X& dk = work.k;
  const auto adjoint = [&](int j) -> X& { return work.y[static_cast<std::size_t>(j % 2)]; };

  kutta::assign(adjoint(s), g);
  kutta::set_zero(adjoint(s - 1));
  kutta::set_zero(g);
  kutta::set_zero(df);
  for (int j = s; j >= 2; --j) {
    const rkc_stage& by = scheme.stage(j);
    X& now = adjoint(j);
    X& next = adjoint(j - 1);  // holds ν_{j+1} G_{j+1}
    kutta::combine(dk, scaled<X>{by.mu_tilde * h, now});
    kutta::add(df, df, scaled<X>{by.gamma_tilde * h, now});
    kutta::add(g, g, scaled<X>{by.kappa, now});
    kutta::add(next, next, scaled<X>{by.mu, now});
    rate_vjp(j - 1, real(scheme.stage(j - 1).c), points[static_cast<std::size_t>(j) - 2], dk, next);
    kutta::combine(now, scaled<X>{by.nu, now});
  }
  kutta::add(df, df, scaled<X>{scheme.stage(1).mu_tilde * h, adjoint(1)});
  kutta::add(g, g, scaled<X>{1, adjoint(1)}, scaled<X>{1, adjoint(0)});
  rate_vjp(0, real(0), x0, df, g);
}

/// The derivative of `stabilised_step`, which is the same step on tangents.
///
/// On entry vx is the tangent of x0, on exit that of x1. `rate_jvp(j, c_j, Y_j, v, vk)` writes
/// vk = f_j'(Y_j) v, the tangent of any parameter included.
/// @throws std::invalid_argument unless there are s − 1 points.
template <tensor X, class F>
void stabilised_step_jvp(const schemes::rkc2& scheme, const F& rate_jvp, detail::step_real_t<X> h,
                         const X& x0, const std::vector<X>& points, X& vx,
                         stabilised_storage<X>& work) {
  detail::require_points(scheme, points.size());
  const auto rate = [&](int j, auto c, const X& v, X& vk) {
    rate_jvp(j, c, j == 0 ? x0 : points[static_cast<std::size_t>(j) - 1], v, vk);
  };
  stabilised_step(scheme, rate, h, vx, vx, work);
}

}  // namespace kutta
