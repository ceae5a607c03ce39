// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Blocks that step with implicit schemes, for stiff systems that are small and dense.
///
///     const kutta::ode_block<R, kutta::schemes::radau_iia5, B> f(…);
///
/// R may have a member `jacobian` (see `layers/jacobian.hpp`); without it the rows of ∂R/∂x are
/// found by its vjp, one call each. A batch is one system: cut it into tiles of one sample
/// (`execution`) where samples are independent. Equations are solved as the `newton` of the scheme
/// says, where it has one:
///
///     struct rough : kutta::schemes::radau_iia5 {
///       static constexpr kutta::newton_options newton{.rtol = 1e-6};
///     };
///
/// A step whose equations are not solved throws `step_failure`.

#include <cstddef>
#include <utility>

#include <Eigen/Core>

#include <kutta/eigen/implicit_step.hpp>
#include <kutta/eigen/implicit_storage.hpp>
#include <kutta/eigen/newton.hpp>
#include <kutta/ode/block_step.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

namespace detail {

template <class S>
constexpr newton_options newton_options_of() {
  if constexpr (requires { S::newton; })
    return S::newton;
  else
    return {};
}

/// J ← ∂R/∂x at x: by R's own function, or row by row, (∂R/∂x)ᵀ e_r. J is 0 on entry.
template <class F, class I, class X, class M>
void write_stage_jacobian(const F& rate, I i, const X& x, M& j, difference_scratch<X>& scratch) {
  if constexpr (requires { rate.jacobian(i, x, j); }) {
    rate.jacobian(i, x, j);
  } else {
    auto unit = as_vector(scratch.point), row = as_vector(scratch.shifted);
    unit.setZero();
    for (Eigen::Index r = 0; r < unit.size(); ++r) {
      unit[r] = 1;
      row.setZero();
      rate.vjp(i, x, std::as_const(scratch.point), scratch.shifted);
      j.row(r) = row.transpose();
      unit[r] = 0;
    }
  }
}

}  // namespace detail

/// An implicit scheme carries the state itself, and records all stage points. The gradient is that
/// of the equations' exact solution, at the points that were found.
///
/// Newton's method begins with ∂R/∂x at x0, by the weights of the first stage. A pass without
/// weights, as that of inference with running statistics, takes it from differences.
template <implicit_scheme S, dense_state X>
struct block_step<S, X> : detail::carries_state<X> {
  static constexpr std::size_t evaluations = S::tableau.stages;

  template <class I>
  static constexpr auto abscissa(I) {
    return S::tableau.c[I::value];
  }

  using points = vec<X, evaluations>;
  struct temporaries {
    implicit_stepper_storage<S, X> solver;
    implicit_statistics count{};  ///< of all passes so far

    std::size_t heap_bytes() const { return solver.heap_bytes(); }
  };

  static points make_points(const X& x) {
    return detail::repeat<evaluations>([&] { return kutta::zeros_like(x); });
  }
  static temporaries make_temporaries(const X& x) { return {implicit_stepper_storage<S, X>(x)}; }

  /// Leaves the stage points in `at`, and the tapes there.
  template <class F>
  static status forward(const F& rate, double h, const X& x0, X& x1, points& at, temporaries& t) {
    auto& scratch = t.solver.scratch;
    const auto f = [&](time i, const X& x, X& k) {
      at_stage(i, [&](auto stage) { rate(stage, x, k); });
    };
    const auto solve = [&](const auto& jacobian) {
      return implicit_step<S>(f, jacobian, newton, 0, static_cast<real>(h), x0, x1, t.solver,
                              t.count);
    };
    bool solved = false;
    if constexpr (knows_jacobian<F>) {
      solved = solve([&](time i, const X& x, auto& j) {
        at_stage(i, [&](auto stage) {
          if constexpr (!requires { rate.jacobian(stage, x, j); }) rate(stage, x, scratch.rate);
          detail::write_stage_jacobian(rate, stage, x, j, scratch);
        });
      });
    } else {
      solved = solve(finite_difference_jacobian{});
    }
    if (!solved) return status::not_converged;
    detail::for_each_index<evaluations>([&](auto i) {
      kutta::assign(at[i], t.solver.points[i]);
      rate(i, at[i], scratch.rate);
    });
    return status::success;
  }

  template <class F>
  static status transpose(const F& rate_vjp, double h, const X&, const points& at, X& g,
                          temporaries& t) {
    X& unused = t.solver.scratch.shifted;
    const auto add = [&](time i, const X& x, const X& dk) {
      kutta::set_zero(unused);
      at_stage(i, [&](auto stage) { rate_vjp(stage, x, dk, unused); });
    };
    return linearised(rate_vjp, at, t, [&](const auto& f, const auto& jacobian) {
      return implicit_step_vjp<S>(f, jacobian, 0, static_cast<real>(h), t.solver, g, t.count, add);
    });
  }

  template <class F>
  static status derivative(const F& rate_jvp, double h, const X&, const points& at, X& v,
                           temporaries& t) {
    X &zero = t.solver.scratch.shifted, &part = t.solver.scratch.rate;
    const auto add = [&](time i, const X& x, X& vk) {
      kutta::set_zero(zero);
      at_stage(i, [&](auto stage) { rate_jvp(stage, x, std::as_const(zero), part); });
      kutta::add(vk, vk, scaled<X>{1, part});
    };
    return linearised(rate_jvp, at, t, [&](const auto& f, const auto& jacobian) {
      return implicit_step_jvp<S>(f, jacobian, 0, static_cast<real>(h), t.solver, v, t.count, add);
    });
  }

 private:
  using real = detail::step_real_t<X>;
  using time = detail::stage_time<real>;
  static constexpr newton_options newton = detail::newton_options_of<S>();

  template <class F>
  static constexpr bool knows_jacobian = requires(const F rate, detail::index_constant<0> i,
                                                  const X& x, X& dx) { rate.vjp(i, x, x, dx); };

  template <class F>
  static void at_stage(time at, F&& f) {
    detail::for_each_index<evaluations>([&](auto i) {
      if (i == at.stage) f(i);
    });
  }

  /// Calls `solve(f, jacobian)` for the recorded step, whose tapes are at its points.
  template <class F, class Solve>
  static status linearised(const F& rate, const points& at, temporaries& t, const Solve& solve) {
    detail::for_each_index<evaluations>([&](auto i) { kutta::assign(t.solver.points[i], at[i]); });
    const auto jacobian = [&](time i, const X& x, auto& j) {
      at_stage(i, [&](auto stage) {
        detail::write_stage_jacobian(rate, stage, x, j, t.solver.scratch);
      });
    };
    return solve(detail::no_parameters{}, jacobian) ? status::success : status::non_finite;
  }
};

}  // namespace kutta
