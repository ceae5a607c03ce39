// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How a scheme takes the steps of a block: one specialisation for each kind of scheme.

#include <cstddef>
#include <cstdint>
#include <utility>

#include <kutta/ode/step.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

namespace detail {

template <std::size_t N, class F>
auto repeat(F&& make) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return vec<decltype(make()), N>{{(static_cast<void>(I), make())...}};
  }(std::make_index_sequence<N>{});
}

}  // namespace detail

/// The steps of scheme S on states X:
///
///     evaluations           how often a step calls the residual
///     abscissa(i)           where in the step the i-th call happens (a constant in, c_i out)
///     carried               what goes from step to step
///     points                where a step called the residual, for the transpose
///     temporaries           what all steps compute in
///     make_carried(x), make_points(x), make_temporaries(x)         zeros; the last may also take
///                                                                  N, the number of steps
///     begin(x0, first), end(last)                             x0 into, x(T) out of, a carried
///     forward(rate, h, from, to, points, temporaries)         one step; `to` may be `from`
///     transpose(rate_vjp, h, from, points, g, temporaries)    its transpose, on the adjoint g
///     derivative(rate_jvp, h, from, points, v, temporaries)   its derivative, on the tangent v
///     transpose_ends(dx, temporaries, f)                      those of end, of all steps (f(g))
///     derivative_ends(vx, temporaries, f)                     and of begin; of begin, f(v), end
///     inverse(rate, h, to, from, points, temporaries)         optional: a step undone; leaves in
///                                                             `points` what `forward` left
///
/// `rate(i, x, k)` and its like are those of `step`, i in [0, evaluations). An implicit scheme may
/// also ask them for ∂R/∂x: see `stage_jacobian.hpp`. Where a step can fail, forward, transpose and
/// derivative return a `status`.
template <class S, tensor X>
struct block_step;

namespace detail {

/// The temporaries of N steps on states like x.
template <class Stepping, tensor X>
typename Stepping::temporaries make_temporaries(const X& x, std::int64_t steps) {
  if constexpr (requires { Stepping::make_temporaries(x, steps); })
    return Stepping::make_temporaries(x, steps);
  else
    return Stepping::make_temporaries(x);
}

}  // namespace detail

/// S is a tag that ode_block can be told to step with.
template <class S, class X>
concept block_scheme = requires {
  typename block_step<S, X>::carried;
  typename block_step<S, X>::points;
};

namespace detail {

template <class X>
struct any_stage_rate {
  template <class I>
  void operator()(I i, const X& x, X& k) const;
};

}  // namespace detail

/// A scheme whose steps can be undone.
template <class S, class X>
concept invertible_scheme =
    block_scheme<S, X> &&
    requires(double h, const typename block_step<S, X>::carried& to,
             typename block_step<S, X>::carried& from, typename block_step<S, X>::points& points,
             typename block_step<S, X>::temporaries& temporaries) {
      block_step<S, X>::inverse(detail::any_stage_rate<X>{}, h, to, from, points, temporaries);
    };

namespace detail {

/// What goes from step to step is the state itself.
template <tensor X>
struct carries_state {
  using carried = X;

  static X make_carried(const X& x) { return kutta::zeros_like(x); }

  static void begin(const X& x0, X& first) {
    if (&x0 != &first) kutta::assign(first, x0);
  }
  static X& end(X& last) { return last; }
  static const X& end(const X& last) { return last; }

  template <class T, class F>
  static void transpose_ends(X& dx, T&, F&& f) {
    f(dx);
  }
  template <class T, class F>
  static void derivative_ends(X& vx, T&, F&& f) {
    f(vx);
  }
};

}  // namespace detail

/// An explicit scheme carries the state itself.
template <explicit_scheme S, tensor X>
struct block_step<S, X> : detail::carries_state<X> {
  static constexpr std::size_t evaluations = S::tableau.stages;

  template <class I>
  static constexpr auto abscissa(I) {
    return S::tableau.c[I::value];
  }

  using points = stage_points<S, X>;
  struct temporaries {
    stage_rates<S, X> k;  // forward: k_i; reverse: the adjoints of the X_i
    X dk;

    std::size_t heap_bytes() const { return kutta::heap_bytes(k, dk); }
  };

  static points make_points(const X& x) {
    if constexpr (evaluations > 1)
      return detail::repeat<evaluations - 1>([&] { return kutta::zeros_like(x); });
    else
      return {};
  }
  static temporaries make_temporaries(const X& x) {
    return {detail::repeat<evaluations>([&] { return kutta::zeros_like(x); }),
            kutta::zeros_like(x)};
  }

  template <class F>
  static void forward(const F& rate, double h, const X& x0, X& x1, points& at, temporaries& t) {
    step<S>(rate, static_cast<detail::step_real_t<X>>(h), x0, x1, at, t.k);
  }
  template <class F>
  static void transpose(const F& rate_vjp, double h, const X& x0, const points& at, X& g,
                        temporaries& t) {
    step_vjp<S>(rate_vjp, static_cast<detail::step_real_t<X>>(h), x0, at, g, t.k, t.dk);
  }
  template <class F>
  static void derivative(const F& rate_jvp, double h, const X& x0, const points& at, X& v,
                         temporaries& t) {
    step_jvp<S>(rate_jvp, static_cast<detail::step_real_t<X>>(h), x0, at, v, t.k, t.dk);
  }
};

}  // namespace kutta
