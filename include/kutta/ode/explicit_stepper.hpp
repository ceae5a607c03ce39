// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What `integrate` asks of a scheme, for the explicit ones.

#include <cstddef>
#include <utility>

#include <kutta/ode/block_step.hpp>
#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/hermite.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/ode/stepper.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/dense_output.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// Stages with b_j ≠ b̂_j: what the error estimate sums.
template <class S>
struct error_entries {
  static constexpr bool is_nonzero(std::size_t j) {
    return to_double(S::tableau.b[j] - S::tableau.b_hat[j]) != 0;
  }
};
template <scheme S>
using error_t = nonzeros_t<error_entries<S>, stages_v<S>>;

/// Stages that the dense output sums.
template <class S>
struct dense_entries {
  static constexpr bool is_nonzero(std::size_t j) {
    for (const auto& b : S::dense.b[j])
      if (to_double(b) != 0) return true;
    return false;
  }
};
template <scheme S>
using dense_t = nonzeros_t<dense_entries<S>, stages_v<S>>;

template <class S, std::size_t J, class T>
inline constexpr T error_v = to_real<T>(S::tableau.b[J] - S::tableau.b_hat[J]);

/// b_i(θ) of the dense output, by Horner's rule.
template <class S, std::size_t I, class T>
constexpr T dense_weight(T theta) {
  constexpr std::size_t degree = S::dense.degree;
  T sum = 0;
  [&]<std::size_t... D>(std::index_sequence<D...>) {
    ((sum = (sum + to_real<T>(S::dense.b[I][degree - 1 - D])) * theta), ...);
  }(std::make_index_sequence<degree>{});
  return sum;
}

/// The degree in θ of what a scheme's steps are interpolated by.
template <class S>
inline constexpr std::size_t dense_degree = hermite_degree;
template <has_dense_output S>
inline constexpr std::size_t dense_degree<S> = S::dense.degree;

}  // namespace detail

/// Steps of an explicit scheme on dx/dt = f(t, x), one after the other.
///
/// A rate that is known is not evaluated again: that of a step's end where the table is FSAL
/// (deduced, never declared) or dense output asked for it, that of its start when the step is
/// repeated. Allocates in the constructor alone: s rates and one point.
template <explicit_scheme S, tensor X>
class explicit_stepper {
 public:
  using state = X;
  using real = detail::step_real_t<X>;
  static constexpr std::size_t stages = S::tableau.stages;
  static constexpr bool is_fsal = kutta::is_fsal(S::tableau);
  static constexpr bool has_error_estimate = kutta::has_embedding(S::tableau);

  explicit explicit_stepper(const X& x)
      : k_(detail::repeat<stages>([&] { return kutta::zeros_like(x); })),
        end_rate_(kutta::zeros_like(x)),
        point_(kutta::zeros_like(x)) {}

  /// The order of the lower-order member of the pair: the error estimate is O(h^{order + 1}).
  static constexpr int error_order()
    requires has_error_estimate
  {
    constexpr int p = order(S::tableau), q = embedded_order(S::tableau);
    return p < q ? p : q;
  }

  /// A new initial value: what is known of another one is forgotten.
  void start() { knows_rate_ = false; }

  /// f(t, x0) at the start of the step.
  template <class F>
  [[gnu::always_inline]] const X& rate(F& f, real t, const X& x0, statistics& stats) {
    if (!knows_rate_) {
      f(t, x0, k_[0]);
      ++stats.evaluations;
      knows_rate_ = true;
    }
    return k_[0];
  }

  /// x1 ← the scheme's step of length h. `x1` may be `x0`. An explicit step always succeeds.
  template <class F>
  [[gnu::always_inline]] bool attempt(F& f, real t, real h, const X& x0, X& x1, statistics& stats) {
    rate(f, t, x0, stats);
    stats.evaluations += stages - 1;
    knows_end_rate_ = is_fsal;
    take_stages(std::make_index_sequence<stages>{}, f, t, h, x0, x1);
    if constexpr (!is_fsal) detail::step_end<S>(weights_t<S>{}, h, x0, x1, k_.data());
    return true;
  }

  /// ‖x1 − x̂1‖² of the last attempt, in units of the tolerance.
  [[gnu::always_inline]] real squared_error(const error_scale<X>& scale, real h, const X& x0,
                                            const X& x1) const
    requires has_error_estimate
  {
    return squared_error_of(detail::error_t<S>{}, scale, h, x0, x1);
  }

  /// f(t1, x1) at the end of the step.
  template <class F>
  const X& end_rate(F& f, real t1, const X& x1, statistics& stats) {
    if constexpr (is_fsal) return k_[stages - 1];
    if (!knows_end_rate_) {
      f(t1, x1, end_rate_);
      ++stats.evaluations;
      knows_end_rate_ = true;
    }
    return end_rate_;
  }

  /// y ← x(t0 + θ h): the scheme's own dense output, or the cubic of `hermite.hpp`. t1 = t0 + h.
  template <class F>
  void interpolate(F& f, real t1, real h, const X& x0, const X& x1, real theta, X& y,
                   statistics& stats) {
    if constexpr (has_dense_output<S>)
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        kutta::add(y, x0, scaled<X>{h * detail::dense_weight<S, I>(theta), k_[I]}...);
      }(detail::dense_t<S>{});
    else
      detail::hermite(h, x0, x1, k_[0], end_rate(f, t1, x1, stats), theta, y);
  }

  /// c_d ← the coefficient of θ^d in the same, d = 1 … `dense_degree`.
  template <class F>
  void polynomial(F& f, real t1, real h, const X& x0, const X& x1,
                  vec<X, detail::dense_degree<S>>& c, statistics& stats) {
    if constexpr (has_dense_output<S>)
      detail::for_each_index<detail::dense_degree<S>>([&](auto d) {
        constexpr std::size_t D = decltype(d)::value;
        [&]<std::size_t... I>(std::index_sequence<I...>) {
          kutta::combine(c[D], scaled<X>{h * to_real<real>(S::dense.b[I][D]), k_[I]}...);
        }(detail::dense_t<S>{});
      });
    else
      detail::hermite_polynomial(h, x0, x1, k_[0], end_rate(f, t1, x1, stats), c);
  }

  /// The step is taken: its end is the start of the next.
  void accept() {
    if constexpr (is_fsal)
      std::swap(k_[0], k_[stages - 1]);
    else if (knows_end_rate_)
      std::swap(k_[0], end_rate_);
    knows_rate_ = knows_end_rate_;
  }

 private:
  template <std::size_t... I, class F>
  [[gnu::always_inline]] void take_stages(std::index_sequence<I...>, F& f, real t, real h,
                                          const X& x0, X& x1) {
    (take_stage<I>(f, t, h, x0, x1), ...);
  }

  /// k_i ← f(t + c_i h, X_i); that of the first stage is known.
  template <std::size_t I, class F>
  [[gnu::always_inline]] void take_stage(F& f, real t, real h, const X& x0, X& x1) {
    if constexpr (I > 0) {
      X& at = is_fsal && I == stages - 1 ? x1 : point_;
      detail::stage_point<S, I>(row_t<S, I>{}, h, x0, at, k_.data());
      f(t + h * c_v<S, I, real>, std::as_const(at), k_[I]);
    }
  }

  template <std::size_t... J>
  [[gnu::always_inline]] real squared_error_of(std::index_sequence<J...>,
                                               const error_scale<X>& scale, real h, const X& x0,
                                               const X& x1) const {
    return scale.squared(x0, x1, scaled<X>{h * detail::error_v<S, J, real>, k_[J]}...);
  }

  stage_rates<S, X> k_;
  X end_rate_, point_;
  bool knows_rate_ = false, knows_end_rate_ = false;
};

/// Schemes that are run in a form of their own have steppers of their own.
template <explicit_scheme S, tensor X>
  requires(!low_storage_scheme<S> && !shu_osher_scheme<S>)
struct detail::stepper_of<S, X> {
  using type = explicit_stepper<S, X>;
};

}  // namespace kutta
