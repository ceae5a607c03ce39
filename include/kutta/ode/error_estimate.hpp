// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The size of an error in units of the tolerance.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <stdexcept>

#include <kutta/ode/step_control.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/simd.hpp>
#include <kutta/tensor/tensor.hpp>

KUTTA_HD_BEGIN

namespace kutta::detail {

/// (e/scale)² with e = Σ_j a_j v_j and scale = atol + rtol max(|x0|, |x1|). NaN if x1 is not
/// finite.
///
/// The last v is known last: everything else, the division above all, is ready when it comes.
template <class S, std::size_t N>
struct squared_ratio {
  S a[N];
  S rtol, atol;

  template <class V, class... W>
  KUTTA_HD constexpr V operator()(const V& x0, const V& x1, const W&... v) const {
    const V from = magnitude(x0), to = magnitude(x1);
    const V per_scale = V(S(1)) / (rtol * where_less(from, to, to, from) + V(atol));
    V e = x1 - x1;
    std::size_t j = 0;
    ((e += a[j++] * v), ...);
    const V ratio = e * per_scale;
    return ratio * ratio;
  }
};

/// atol + rtol |x| is the scale of an error whose mean square is taken over n elements, √n
/// included.
template <std::floating_point T>
struct error_tolerance {
  T rtol, atol;

  error_tolerance(const adaptive& how, std::size_t n)
      : rtol(static_cast<T>(root(how, n) * how.rtol)),
        atol(static_cast<T>(root(how, n) * how.atol)) {
    // An element that stays 0 under atol = 0 has an error of 0, not of 0/0.
    constexpr T least = std::numeric_limits<T>::min();
    if (atol < least) atol = least;
  }

 private:
  static double root(const adaptive& how, std::size_t n) {
    return how.norm == error_norm::max ? 1 : std::sqrt(static_cast<double>(n));
  }
};

/// x − x: 0 where x is finite, NaN elsewhere.
struct finite_or_nan {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x) const {
    return x - x;
  }
};

/// Whether every element is finite.
template <tensor X>
KUTTA_HD constexpr bool is_finite(const X& x) {
  return kutta::sum(finite_or_nan{}, x) == 0;
}

}  // namespace kutta::detail

KUTTA_HD_END

namespace kutta {

/// The norm in which errors of states like `x` are measured.
///
/// Every norm is a sum, or a largest, of squares (e_i/scale_i)²; that of a mean over n elements is
/// contained in the scale as a factor √n.
template <tensor X>
class error_scale {
 public:
  using scalar = scalar_t<X>;
  using real = accumulator_t<scalar>;

  /// @throws std::invalid_argument for a norm that such states do not have.
  error_scale(const adaptive& how, const X& x) : norm_(how.norm), tolerance_(how, count(x)) {
    if (norm_ == error_norm::per_sample && !batch<X>)
      throw std::invalid_argument(
          "adaptive: norm per_sample expects a batch, got a state without samples");
    if (norm_ == error_norm::max && !has_largest<X>)
      throw std::invalid_argument(
          "adaptive: norm max expects a tensor with `largest`, got one without");
  }

  /// The square of ‖ Σ_j a_j v_j / (atol + rtol max(|x0|, |x1|)) ‖ in the chosen norm, in one pass
  /// over memory; NaN if an element of x1 is not finite. 0 for a state without elements.
  template <class... V>
  [[gnu::always_inline]] real squared(const X& x0, const X& x1, const scaled<V>&... terms) const {
    const detail::squared_ratio<scalar, sizeof...(V)> ratio{
        {terms.a...}, tolerance_.rtol, tolerance_.atol};
    if constexpr (has_largest<X>)
      if (norm_ == error_norm::max) return kutta::largest(ratio, x0, x1, terms.x...);
    if constexpr (batch<X>)
      if (norm_ == error_norm::per_sample) {
        real most = 0;
        for (std::size_t s = 0; s < kutta::samples(x0); ++s)
          most = detail::larger{}(
              most, real(kutta::sum(ratio, kutta::window(x0, s, 1), kutta::window(x1, s, 1),
                                    kutta::window(terms.x, s, 1)...)));
        return most;
      }
    return kutta::sum(ratio, x0, x1, terms.x...);
  }

 private:
  /// The elements that a mean is taken over.
  std::size_t count(const X& x) const {
    const std::size_t n = element_count(x);
    if constexpr (batch<X>)
      if (norm_ == error_norm::per_sample && kutta::samples(x) > 0) return n / kutta::samples(x);
    return n;
  }

  error_norm norm_;
  detail::error_tolerance<scalar> tolerance_;
};

}  // namespace kutta
