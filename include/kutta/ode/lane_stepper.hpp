// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// An explicit step of a small system whose length may differ from lane to lane.

#include <concepts>
#include <cstddef>
#include <utility>

#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/lane_steps.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/simd_vec.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

KUTTA_HD_BEGIN

namespace kutta::detail {

/// A double for each lane of V; of a plain number, one.
template <class V>
struct times_of {
  using type = double;
};
template <class T, std::size_t W>
struct times_of<simd<T, W>> {
  using type = simd<double, W>;
};

/// Steps of an explicit scheme for N numbers V: of one system, or, where V is a `simd` of T, of one
/// in each lane, with a step of its own.
///
/// Inlined by force: steps of different registers overlap in the processor, and no longer do so
/// where a call clears the upper halves of the registers.
template <explicit_scheme S, std::floating_point T, class V, std::size_t N>
class lane_stepper {
 public:
  using lanes = V;
  using times = typename times_of<V>::type;
  using state = vec<lanes, N>;
  static constexpr std::size_t stages = S::tableau.stages;
  static constexpr bool is_fsal = kutta::is_fsal(S::tableau);

  /// f(t, x0): of the caller to write, before the first attempt.
  KUTTA_HD state& first_rate() { return k_[0]; }

  /// x1 ← the step of length h from x0.
  template <class F>
  [[gnu::always_inline]] KUTTA_HD void attempt(const F& f, const times& t, const times& h,
                                               const state& x0, state& x1) {
    for_each_index<stages>([&](auto i) {
      constexpr std::size_t I = decltype(i)::value;
      if constexpr (I > 0) {
        state& at = is_fsal && I == stages - 1 ? x1 : point_;
        add_rates<row_weights<S, I>>(row_t<S, I>{}, h, x0, at);
        f(lanes_at(t + h * c_v<S, I>), std::as_const(at), k_[I]);
      }
    });
    if constexpr (!is_fsal) add_rates<end_weights<S>>(weights_t<S>{}, h, x0, x1);
  }

  /// ‖x1 − x̂1‖² of the last attempt in units of the tolerance. Added in the order in which a state
  /// below 32 elements is.
  [[gnu::always_inline]] KUTTA_HD times squared_error(const error_tolerance<T>& tolerance,
                                                      bool largest, const times& h, const state& x0,
                                                      const state& x1) const {
    return sum_of_squares(error_t<S>{}, tolerance, largest, h, x0, x1);
  }

  /// The attempt is taken where `taken` is 1.
  KUTTA_HD void accept(const lanes& taken) {
    if constexpr (is_fsal) select(taken, k_[stages - 1], k_[0]);
  }

  /// y ← x where `taken` is 1.
  KUTTA_HD static void select(const lanes& taken, const state& x, state& y) {
    const lanes none(0);
    for (std::size_t i = 0; i < N; ++i) y[i] = where_less(none, taken, x[i], y[i]);
  }

  /// Times in the precision of the state.
  [[gnu::always_inline]] KUTTA_HD static lanes lanes_at(const times& t) { return lanes(t); }

 private:
  template <std::size_t... J>
  [[gnu::always_inline]] KUTTA_HD times sum_of_squares(std::index_sequence<J...>,
                                                       const error_tolerance<T>& tolerance,
                                                       bool largest, const times& h,
                                                       const state& x0, const state& x1) const {
    const squared_ratio<lanes, sizeof...(J)> ratio{
        {lanes_at(h * error_v<S, J, double>)...}, lanes(tolerance.rtol), lanes(tolerance.atol)};
    times total(0);
    for (std::size_t i = 0; i < N; ++i) {
      const times square(ratio(x0[i], x1[i], k_[J][i]...));
      if (largest)  // NaN if one is
        total = where_less(total, square, square, total) +
                where_less(times(-1.), square, times(0.), square);
      else
        total += square;
    }
    return total;
  }

  /// y ← x0 + Σ_j (h w_j) k_j.
  template <class Weight, std::size_t... J>
  [[gnu::always_inline]] KUTTA_HD void add_rates(std::index_sequence<J...>, const times& h,
                                                 const state& x0, state& y) const {
    if constexpr (sizeof...(J) == 0)
      kutta::assign(y, x0);
    else
      kutta::map(y, increment<lanes, sizeof...(J)>{{lanes_at(h * Weight::template value<J>)...}},
                 x0, k_[J]...);
  }

  vec<state, stages> k_;
  state point_;
};

}  // namespace kutta::detail

KUTTA_HD_END
