// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The steps of a block on a grid of depths: forward, transposed, and their derivative.

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <kutta/basis/depth.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/ode/block_step.hpp>
#include <kutta/ode/stage_jacobian.hpp>
#include <kutta/ode/step_failure.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/schemes/rational.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/index.hpp>

namespace kutta::detail {

/// N equal steps.
struct uniform_grid {
  std::int64_t steps;
  double h;

  double step_size(std::int64_t) const { return h; }
  template <class C>
  depth at(std::int64_t n, const C& c) const {
    return stage_depth(n, steps, c);
  }
};

/// Those at which a pass calls the residual, in that order.
template <class Stepping>
std::vector<depth> stage_depths(const uniform_grid& grid) {
  std::vector<depth> depths;
  for (std::int64_t n = 0; n < grid.steps; ++n)
    for_each_index<Stepping::evaluations>(
        [&](auto i) { depths.push_back(grid.at(n, Stepping::abscissa(i))); });
  return depths;
}

/// Call i of a step reads all of R, unless the type of i has overloads of its own.
template <class I, class R, class... A>
void call_forward(I, const R& r, A&&... arguments) {
  detail::forward(r, arguments...);
}
template <class I, class R, class... A>
void call_vjp(I, const R& r, A&&... arguments) {
  detail::vjp(r, arguments...);
}
template <class I, class R, class... A>
void call_jvp(I, const R& r, A&&... arguments) {
  detail::jvp(r, arguments...);
}

/// One step each of dx/dt = R(θ(s), x), at the grid's depths. Owns nothing.
///
/// `at(n, c)` of a grid is the depth of step n at the fraction c, `step_size(n)` its h.
template <residual R, class S, weight_basis B, class Grid>
struct block_pass {
  using state = typename R::state;
  using params = typename R::params;
  using stepping = block_step<S, state>;
  using carried = typename stepping::carried;
  using record = step_record<R, S>;
  using coefficients = coefficients_t<B, params>;

  const R& residual;
  const B& basis;
  Grid grid;
  double horizon;
  std::size_t first_sample = 0;

  template <class W>
  context<R> context_at(const depth& s, W& ws) const {
    return {horizon * s.value(), ws.pass, first_sample, ws.scratch, ws.workers, theta_key(s, ws)};
  }

  /// k ← R(θ(s), x).
  template <class W>
  void residual_at(const coefficients& theta, const depth& s, const state& x, state& k,
                   typename R::tape& tape, W& ws) const {
    detail::forward(residual, evaluate(basis, s, theta, ws.theta_at), x, k, tape,
                    context_at(s, ws));
  }

  /// The rates of step n, which leave their tapes in `saved`.
  template <class W>
  auto rate_at(const coefficients& theta, std::int64_t n, record& saved, W& ws) const {
    return [&, n](auto i, const auto& x, auto& k) {
      const depth s = grid.at(n, stepping::abscissa(i));
      call_forward(i, residual, evaluate(basis, s, theta, ws.theta_at), x, k,
                   saved.tapes[decltype(i)::value], context_at(s, ws));
    };
  }

  /// x1 ← step n from x0, where `value(s, x, k, tape)` is the residual.
  template <class V, class W>
  void forward_by(const V& value, std::int64_t n, const carried& x0, carried& x1, record& saved,
                  W& ws) const {
    const auto rate = [&](auto i, const state& x, state& k) {
      value(grid.at(n, stepping::abscissa(i)), x, k, saved.tapes[decltype(i)::value]);
    };
    require_success(n, [&] {
      return stepping::forward(rate, grid.step_size(n), x0, x1, saved.points, ws.temporaries);
    });
  }

  /// x1 ← step n from x0.
  template <class W>
  void forward(const coefficients& theta, std::int64_t n, const carried& x0, carried& x1,
               record& saved, W& ws) const {
    const auto rate = rate_at(theta, n, saved, ws);
    require_success(n, [&] {
      return stepping::forward(with_jacobian(rate, theta, n, saved, ws), grid.step_size(n), x0, x1,
                               saved.points, ws.temporaries);
    });
  }

  /// x0 ← the start of step n, which ends in x1; leaves the record that `forward` leaves.
  template <class W>
  void inverse(const coefficients& theta, std::int64_t n, const carried& x1, carried& x0,
               record& saved, W& ws) const
    requires invertible_scheme<S, state>
  {
    stepping::inverse(rate_at(theta, n, saved, ws), grid.step_size(n), x1, x0, saved.points,
                      ws.temporaries);
  }

  /// g ← its transpose on g; dtheta accumulates.
  template <class W>
  void transpose(const coefficients& theta, std::int64_t n, const carried& x0, const record& saved,
                 carried& g, coefficients& dtheta, W& ws) const {
    const auto rate_vjp = [&](auto i, const auto& x, const auto& dk, auto& v) {
      const depth s = grid.at(n, stepping::abscissa(i));
      const params& theta_s = evaluate(basis, s, theta, ws.theta_at);
      const auto add_to = [&](params& dtheta_s) {
        call_vjp(i, residual, theta_s, x, saved.tapes[decltype(i)::value], dk, v, dtheta_s,
                 context_at(s, ws));
      };
      scatter(basis, s, add_to, dtheta, ws.dtheta_at);
    };
    require_success(n, [&] {
      return stepping::transpose(with_jacobian(rate_vjp, theta, n, saved, ws), grid.step_size(n),
                                 x0, saved.points, g, ws.temporaries);
    });
  }

  /// v ← its derivative on v, along vtheta.
  template <class W>
  void derivative(const coefficients& theta, const coefficients& vtheta, std::int64_t n,
                  const carried& x0, const record& saved, carried& v, W& ws) const {
    const auto rate_jvp = [&](auto i, const auto& x, const auto& vx, auto& vk) {
      const depth s = grid.at(n, stepping::abscissa(i));
      call_jvp(i, residual, evaluate(basis, s, theta, ws.theta_at), x,
               saved.tapes[decltype(i)::value], vx, evaluate(basis, s, vtheta, ws.dtheta_at), vk,
               context_at(s, ws));
    };
    require_success(n, [&] {
      return stepping::derivative(with_jacobian(rate_jvp, theta, n, saved, ws), grid.step_size(n),
                                  x0, saved.points, v, ws.temporaries);
    });
  }

 private:
  /// A number for each forward pass and coefficient, where θ(s) is one coefficient; else 0.
  template <class W>
  std::uint64_t theta_key(const depth& s, const W& ws) const {
    if constexpr (kutta::basis<B>) {
      if constexpr (B::support == 1) return (ws.recordings << 32) + basis(s)[0].k + 1;
    }
    return 0;
  }

  /// What a scheme that solves equations is told of the residual.
  template <class F, class W>
  auto with_jacobian(const F& rate, const coefficients& theta, std::int64_t n, const record& saved,
                     W& ws) const {
    if constexpr (implicit_scheme<S>)
      return rate_with_jacobian<F, block_pass, decltype(saved.tapes), W>{rate, *this,       theta,
                                                                         n,    saved.tapes, ws};
    else
      return rate;
  }

  /// @throws step_failure if `take`, which may return a status, does not succeed.
  template <class F>
  void require_success(std::int64_t n, F&& take) const {
    if constexpr (std::is_void_v<decltype(take())>) {
      take();
    } else {
      const status end = take();
      if (end != status::success)
        throw step_failure(end, horizon * grid.at(n, rational(0)).value(), grid.step_size(n), n);
    }
  }
};

/// The steps of a pass, forward and, where the scheme has an inverse, back.
template <class Pass, class W>
struct pass_steps {
  const Pass& pass;
  const typename Pass::coefficients& theta;
  W& ws;

  void operator()(std::int64_t n, const auto& x, auto& x1, auto& saved) const {
    pass.forward(theta, n, x, x1, saved, ws);
  }
  void back(std::int64_t n, const auto& x1, auto& x, auto& saved) const
    requires requires { pass.inverse(theta, n, x1, x, saved, ws); }
  {
    pass.inverse(theta, n, x1, x, saved, ws);
  }
};

}  // namespace kutta::detail
