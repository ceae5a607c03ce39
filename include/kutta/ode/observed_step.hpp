// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Steps of a block whose rates are read by others too: by the solution between its ends.
///
///     y = x0 + h Σ_i b_i(θ) k_i        dense output, θ in [0, 1]
///
/// and by the estimates of `step_estimates.hpp`. Their adjoints are some of x0 and of the k_i,
/// which the transpose of the step adds to its own.

#include <cstddef>
#include <type_traits>
#include <utility>

#include <kutta/ode/block_step.hpp>
#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/ode/step_estimates.hpp>
#include <kutta/schemes/dense_output.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

/// The scheme S in a block whose solution is read between the ends of its steps.
template <explicit_scheme S>
struct observed {};

template <explicit_scheme S, tensor X>
struct block_step<observed<S>, X> : block_step<S, X> {
  using base = block_step<S, X>;
  using base::evaluations;
  using typename base::carried;
  using points = std::conditional_t<detail::keeps_estimates_v<S>,
                                    detail::points_and_estimates<S, X>, typename base::points>;

  struct temporaries : base::temporaries {
    stage_rates<S, X> rate_adjoints;  ///< ∂L/∂k_i of all that reads k_i but the step itself
    X start_adjoint;                  ///< the same of x0
    bool are_read = false;            ///< whether they are not zero
    step_estimates dsums;             ///< ∂L by the sums of what S keeps

    std::size_t heap_bytes() const {
      return base::temporaries::heap_bytes() + kutta::heap_bytes(rate_adjoints, start_adjoint);
    }
  };

  static points make_points(const X& x) {
    if constexpr (detail::keeps_estimates_v<S>)
      return {base::make_points(x), detail::kept_like<detail::keeps_errors_v<S>>(x),
              detail::kept_like<detail::keeps_stiffness_v<S>>(x)};
    else
      return base::make_points(x);
  }
  static temporaries make_temporaries(const X& x) {
    return {base::make_temporaries(x),
            detail::repeat<evaluations>([&] { return kutta::zeros_like(x); }),
            kutta::zeros_like(x),
            false,
            {}};
  }

  template <class F>
  static void forward(const F& rate, double h, const carried& x0, carried& x1, points& at,
                      temporaries& t) {
    base::forward(rate, h, x0, x1, at, t);
    if constexpr (detail::keeps_estimates_v<S>)
      detail::keep_estimates(static_cast<detail::step_real_t<X>>(h), t.k, at);
  }

  /// dk_i = h (b_i g + Σ_j a_ji v_j) + e_i,   v_i = (∂f_i/∂x)ᵀ dk_i,   g ← g + e_0 + Σ_i v_i,
  /// with the adjoints e of those who read the k_i and x0; they are zero afterwards.
  template <class F>
  static void transpose(const F& rate_vjp, double h, const carried& x0, const points& at,
                        carried& g, temporaries& t) {
    if constexpr (detail::keeps_estimates_v<S>)
      if (t.dsums.errors != 0 || t.dsums.stiffness != 0) {
        detail::add_estimates_vjp(h, at, t.dsums, t.dk, t.rate_adjoints);
        t.are_read = true;
      }
    if (!t.are_read) {
      base::transpose(rate_vjp, h, x0, at, g, t);
      return;
    }
    auto& v = t.k;
    detail::for_each_index_reversed<evaluations>([&](auto i) {
      constexpr std::size_t I = decltype(i)::value;
      kutta::set_zero(v[I]);
      if (!detail::rate_adjoint<S, I>(column_t<S, I>{}, h, h, g, t.dk, v.data()))
        kutta::set_zero(t.dk);
      kutta::add(t.dk, t.dk, scaled<X>{1, t.rate_adjoints[I]});
      kutta::set_zero(t.rate_adjoints[I]);
      if constexpr (I == 0)
        rate_vjp(i, x0, t.dk, v[0]);
      else
        rate_vjp(i, at[I - 1], t.dk, v[I]);
    });
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      kutta::add(g, g, scaled<X>{1, t.start_adjoint}, scaled<X>{1, v[I]}...);
    }(std::make_index_sequence<evaluations>{});
    kutta::set_zero(t.start_adjoint);
    t.are_read = false;
  }
};

namespace detail {

/// b_i'(θ) of the dense output.
template <class S, std::size_t I, class T>
constexpr T dense_slope(T theta) {
  T sum = 0;
  for (std::size_t d = S::dense.degree; d-- > 0;)
    sum = sum * theta + static_cast<T>(d + 1) * to_real<T>(S::dense.b[I][d]);
  return sum;
}

/// y ← x0 + h Σ_i b_i(θ) k_i.
template <has_dense_output S, tensor X>
void interpolate(step_real_t<X> h, step_real_t<X> theta, const X& x0, const stage_rates<S, X>& k,
                 X& y) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    kutta::add(y, x0, scaled<X>{h * dense_weight<S, I>(theta), k[I]}...);
  }(dense_t<S>{});
}

/// Its transpose: dk_i += h b_i(θ) dy, dx0 += dy.
template <has_dense_output S, tensor X>
void interpolate_vjp(step_real_t<X> h, step_real_t<X> theta, const X& dy, X& dx0,
                     stage_rates<S, X>& dk) {
  kutta::add(dx0, dx0, scaled<X>{1, dy});
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (kutta::add(dk[I], dk[I], scaled<X>{h * dense_weight<S, I>(theta), dy}), ...);
  }(dense_t<S>{});
}

/// dy ← h Σ_i b_i'(θ) k_i, the derivative of y by θ.
template <has_dense_output S, tensor X>
void interpolate_rate(step_real_t<X> h, step_real_t<X> theta, const stage_rates<S, X>& k, X& dy) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    kutta::combine(dy, scaled<X>{h * dense_slope<S, I>(theta), k[I]}...);
  }(dense_t<S>{});
}

}  // namespace detail

}  // namespace kutta
