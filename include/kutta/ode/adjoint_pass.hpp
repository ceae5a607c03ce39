// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One integration of the adjoint equation, from depth 1 to depth 0.
///
/// A step of length h > 0 back from t, with c_i, a_ij, b_i of an explicit scheme:
///
///     X_i = x − h Σ_j a_ij k_j,   A_i = a + h Σ_j a_ij v_j
///     k_i = R(θ_i, X_i),   v_i = (∂R/∂x)ᵀ A_i,   g_i = (∂R/∂θ)ᵀ A_i        at t − c_i h
///     x ← x − h Σ_i b_i k_i,   a ← a + h Σ_i b_i v_i,   dtheta_k += h Σ_i b_i φ_k(t − c_i h) g_i

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <kutta/basis/evaluate.hpp>
#include <kutta/ode/adjoint_path.hpp>
#include <kutta/ode/adjoint_workspace.hpp>
#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/first_step.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/ode/step_search.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

/// The steps, on a workspace W, along a Path; S is the scheme of the block, W has its own.
template <residual R, class S, weight_basis B, class W, class Path>
class adjoint_pass {
  using scheme = typename W::scheme;
  using state = typename R::state;
  using params = typename R::params;
  using coefficients = coefficients_t<B, params>;
  using real = step_real_t<state>;
  using param_real = step_real_t<params>;
  static constexpr std::size_t stages = W::stages;

 public:
  adjoint_pass(const ode_block<R, S, B>& f, const coefficients& theta, coefficients& dtheta, W& ws,
               Path path)
      : rates_{f, theta, ws},
        dtheta_(dtheta),
        ws_(ws),
        path_(path),
        length_(f.options().rate * f.options().horizon) {}

  /// From ws.x, ws.a at depth 1 to those at depth 0.
  pass_end run(const fixed& how) {
    ws_.grid.begin();
    while (!ws_.grid.complete()) {
      const std::int64_t n = ws_.grid.steps_across(how.steps);
      for (std::int64_t i = n; i-- > 0;) {
        step_ = ws_.grid.propose(static_cast<double>(i) / static_cast<double>(n));
        attempt();
        accept();
        count_step(stats_, step_ * rates_.f.options().horizon);
        if (how.check_finite && !finite()) return ended(status::non_finite);
      }
    }
    return ended(finite() ? status::success : status::non_finite);
  }

  pass_end run(const adaptive& how) {
    constexpr int p = explicit_stepper<scheme, state>::error_order();
    step_search next(how, p + 1, rates_.f.options().horizon);
    ws_.grid.begin();
    kutta::set_zero(ws_.scale.integral);
    if (!finite()) return ended(status::non_finite);
    if (how.first_step == 0) next.start(first_step(p));
    while (!ws_.grid.complete() && next.propose(ws_.grid)) {
      step_ = next.tried();
      attempt();
      if (next.judge(squared_error())) accept();
    }
    const pass_end end = next.end(0);
    stats_ = end.stats;
    return ended(end.status);
  }

 private:
  static constexpr auto c(auto i) { return scheme::tableau.c[decltype(i)::value]; }
  real h() const { return static_cast<real>(length_ * step_); }

  /// All stages of the step that the grid proposes, and its end.
  void attempt() {
    for_each_index<stages>([&](auto i) {
      constexpr std::size_t I = decltype(i)::value;
      const depth s = ws_.grid.at(c(i));
      const state& x = path_.point(i, s, h(), rates_);
      rates_.both(s, x, covector(i), ws_.k[I], ws_.v[I], ws_.g[I]);
    });
    if constexpr (Path::integrated)
      step_end<scheme>(weights_t<scheme>{}, -h(), ws_.x, ws_.x1, ws_.k.data());
    step_end<scheme>(weights_t<scheme>{}, h(), ws_.a, ws_.a1, ws_.v.data());
  }

  template <class I>
  const state& covector(I) {
    if constexpr (I::value == 0) {
      return ws_.a;
    } else {
      stage_point<scheme, I::value>(row_t<scheme, I::value>{}, h(), ws_.a, ws_.covector,
                                    ws_.v.data());
      return ws_.covector;
    }
  }

  void accept() {
    for_each_index<stages>([&](auto i) {
      constexpr std::size_t I = decltype(i)::value;
      if constexpr (b_v<scheme, I> != 0) {
        const auto weight = param_real(length_ * step_ * b_v<scheme, I>);
        const auto add_to = [&](params& d) { kutta::add(d, d, scaled<params>{weight, ws_.g[I]}); };
        scatter(rates_.f.basis(), ws_.grid.at(c(i)), add_to, dtheta_, ws_.scattered);
      }
    });
    if constexpr (Path::integrated) std::swap(ws_.x, ws_.x1);
    std::swap(ws_.a, ws_.a1);
    if constexpr (requires { ws_.scale.integral; })
      std::swap(ws_.scale.integral, ws_.scale.integral1);
    ws_.grid.accept();
  }

  /// The largest of the squared errors, in units of the tolerance.
  double squared_error() {
    auto& scale = ws_.scale;
    return [&]<std::size_t... E>(std::index_sequence<E...>) {
      const auto of = [&](const auto& norm, const auto& y, const auto& y1, const auto& rates) {
        using Y = std::remove_cvref_t<decltype(y)>;
        return static_cast<double>(norm.squared(
            y, y1, scaled<Y>{length_ * step_ * error_v<scheme, E, double>, rates[E]}...));
      };
      double error = of(scale.of_states, ws_.a, ws_.a1, ws_.v);
      if constexpr (Path::integrated)
        error = larger{}(error, of(scale.of_states, ws_.x, ws_.x1, ws_.k));
      if (scale.norm == adjoint_norm::all) {
        step_end<scheme>(weights_t<scheme>{}, param_real(length_ * step_), scale.integral,
                         scale.integral1, ws_.g.data());
        error = larger{}(error, of(scale.of_params, scale.integral, scale.integral1, ws_.g));
      }
      return error;
    }(error_t<scheme>{});
  }

  /// The length of the first step, by `initial_step` on x and a.
  double first_step(int error_order) {
    ws_.grid.propose(0);
    const depth one = ws_.grid.at(rational(0));
    const index_constant<0> start;
    rates_.both(one, path_.point(start, one, h(), rates_), ws_.a, ws_.k[0], ws_.v[0], ws_.g[0]);
    const auto norm = [&](const auto& x, const auto& a) {
      const double of_a = ws_.scale.of_states.squared(ws_.a, ws_.a, a);
      return std::sqrt(larger{}(of_a, double(ws_.scale.of_states.squared(ws_.x, ws_.x, x))));
    };
    const auto rate = [&](const state& k, const state& v) {
      return norm(scaled<state>{length_, k}, scaled<state>{length_, v});
    };
    const double d0 = norm(scaled<state>{1, ws_.x}, scaled<state>{1, ws_.a});
    return initial_step(d0, rate(ws_.k[0], ws_.v[0]), error_order, [&](double width) {
      width = width < ws_.grid.cell_width() ? width : ws_.grid.cell_width();
      step_ = ws_.grid.propose(1 - width / ws_.grid.cell_width());
      kutta::add(ws_.x1, ws_.x, scaled<state>{-length_ * width, ws_.k[0]});
      kutta::add(ws_.a1, ws_.a, scaled<state>{length_ * width, ws_.v[0]});
      rates_.both(ws_.grid.at(rational(1)), ws_.x1, ws_.a1, ws_.k[1], ws_.v[1], ws_.g[1]);
      kutta::add(ws_.x1, ws_.k[1], scaled<state>{-1, ws_.k[0]});
      kutta::add(ws_.a1, ws_.v[1], scaled<state>{-1, ws_.v[0]});
      return rate(ws_.x1, ws_.a1) / width;
    });
  }

  bool finite() const { return is_finite(ws_.x) && is_finite(ws_.a); }

  pass_end ended(status why) {
    stats_.evaluations = rates_.evaluations;
    const double horizon = rates_.f.options().horizon;
    return {horizon * ws_.grid.reached(), -horizon * step_, why, stats_};
  }

  adjoint_rates<R, S, B, W> rates_;
  coefficients& dtheta_;
  W& ws_;
  Path path_;
  double length_;    // rate T: h = length_ Δs
  double step_ = 0;  // Δs
  statistics stats_;
};

}  // namespace kutta::detail
