// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How long the steps of an integration are: fixed, or chosen from an estimate of the error.

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/number_text.hpp>

namespace kutta {

/// A step-size controller as a digital filter: with the error estimates err_n of the last steps in
/// units of the tolerance, and an estimator of order k,
///
///     h_{n+1} = h_n err_n^(−β₁/k) err_{n−1}^(−β₂/k) err_{n−2}^(−β₃/k) (h_n/h_{n−1})^(−α).
///
/// Source: Söderlind, Digital filters in adaptive time-stepping, ACM TOMS 29 (2003), eq. (25).
struct step_filter {
  double beta1 = 1, beta2 = 0, beta3 = 0, alpha = 0;

  /// The last error alone: the longest steps where the solution is smooth.
  static constexpr step_filter i() { return {}; }
  /// Two errors: smoother, fewer rejections. The damping of DOPRI5.
  /// Source: Hairer, Nørsett & Wanner, Solving ODEs I (1993), § II.4, eq. (4.19)–(4.20).
  static constexpr step_filter pi() { return {.beta1 = 0.85, .beta2 = -0.2}; }
  /// Two errors with more damping, for a step that stability limits.
  /// Source: Gustafsson, Control theoretic techniques for stepsize selection in explicit
  /// Runge–Kutta methods, ACM TOMS 17 (1991), § 5.
  static constexpr step_filter pi34() { return {.beta1 = 0.7, .beta2 = -0.4}; }
  /// Three errors, low-pass: H312 PID. Source: Söderlind (2003), table III.
  static constexpr step_filter pid() {
    return {.beta1 = 1. / 18, .beta2 = 1. / 9, .beta3 = 1. / 18};
  }
  /// Two errors and the last change of the step: H211b with b = 4. Source: Söderlind (2003),
  /// table III.
  static constexpr step_filter h211() { return {.beta1 = 0.25, .beta2 = 0.25, .alpha = 0.25}; }

  constexpr bool operator==(const step_filter&) const = default;
};

/// In which norm the error of a step is compared with the tolerance.
enum class error_norm : unsigned char {
  rms,         ///< √ of the mean over all elements of (e_i/scale_i)²
  max,         ///< the largest |e_i|/scale_i
  per_sample,  ///< the largest of the rms norms of the samples of a batch
};

/// Steps of a length that keeps the estimated error of each within the tolerance:
///
///     ‖ e_i / (atol + rtol max(|x0_i|, |x1_i|)) ‖ ≤ 1.
struct adaptive {
  double rtol = 1e-6;
  double atol = 1e-9;
  double first_step = 0;  ///< |h| of the first attempt; 0: chosen by `initial_step`
  double largest_step = std::numeric_limits<double>::infinity();
  std::int64_t max_steps = 1'000'000;  ///< attempts, rejected ones included
  error_norm norm = error_norm::rms;
  step_filter filter = step_filter::pi();
  double safety = 0.9;  ///< the steps settle at so many times the longest that would be accepted
  double shrink = 0.2;  ///< the next step is at least so many times the last one
  double grow = 5;      ///< and at most so many times
};

/// N steps of equal length.
struct fixed {
  std::int64_t steps = 1;
  bool check_finite = false;  ///< stop at the first state that is not finite, not at the end
};

namespace detail {

/// @throws std::invalid_argument unless the numbers of `how` make sense.
inline void require_valid(const adaptive& how) {
  const auto require = [](bool met, const char* name, const char* expected, double value) {
    if (!met)
      throw std::invalid_argument(std::string("adaptive: ") + name + " must be " + expected +
                                  ", got " + number_text(value));
  };
  const double infinity = std::numeric_limits<double>::infinity();
  require(how.rtol >= 0 && how.rtol < infinity, "rtol", "finite and at least 0", how.rtol);
  require(how.atol >= 0 && how.atol < infinity, "atol", "finite and at least 0", how.atol);
  require(how.first_step >= 0 && how.first_step < infinity, "first_step",
          "finite and at least 0 (0: chosen)", how.first_step);
  require(how.largest_step > 0, "largest_step", "above 0", how.largest_step);
  require(how.max_steps >= 0, "max_steps", "at least 0", static_cast<double>(how.max_steps));
  require(how.safety > 0 && how.safety <= 1, "safety", "in (0, 1]", how.safety);
  require(how.shrink > 0 && how.shrink < 1, "shrink", "in (0, 1)", how.shrink);
  const step_filter& filter = how.filter;
  const double sum = filter.beta1 + filter.beta2 + filter.beta3 + filter.alpha;
  require(std::isfinite(sum), "filter", "made of finite numbers", sum);
  require(how.grow >= 1 && how.grow < infinity, "grow", "finite and at least 1", how.grow);
}

inline void require_valid(const fixed& how) {
  if (how.steps < 1)
    throw std::invalid_argument("fixed: steps must be at least 1, got " +
                                std::to_string(how.steps));
}

/// x ↦ x^(−a) to 0.1 % for 0 < a ≤ 1/8, to 0.6 % for a ≤ 1/2, within a few cycles: in the loop of
/// an integration each step waits for the length it gets, and a call of `std::pow` would be a third
/// of a small system's step. The same on every machine, for it is made of products and sums alone.
///
/// With x = 2^e m, 1 ≤ m < 2: 2^(−a e) is looked up, m^(−a) a parabola through m = 1, 3/2, 2.
/// Beyond 2^±64 the power stays what it is there, but for a factor 2^a; 0 and NaN count as the
/// smallest and the largest x.
class inverse_power {
 public:
  explicit inverse_power(double a) {
    const double ratio = std::exp2(-a), middle = std::pow(1.5, -a);
    c2_ = 2 * (ratio + 1 - 2 * middle);
    c1_ = ratio - 1 - 3 * c2_;
    c0_ = 1 - c1_ - c2_;
    power_[octaves / 2] = 1;
    for (int i = octaves / 2; i > 0; --i) power_[i - 1] = power_[i] / ratio;
    for (int i = octaves / 2; i + 1 < octaves; ++i) power_[i + 1] = power_[i] * ratio;
  }

  KUTTA_HD double operator()(double x) const {
    const auto bits = __builtin_bit_cast(std::uint64_t, x);
    int octave = static_cast<int>(bits >> 52 & 0x7ff) - 1023 + octaves / 2;
    const double m = __builtin_bit_cast(double, (bits & 0xfffffffffffff) | 0x3ff0000000000000);
    octave = octave < 0 ? 0 : octave;
    octave = octave < octaves ? octave : octaves - 1;
    return power_[octave] * (c0_ + m * (c1_ + m * c2_));
  }

 private:
  static constexpr int octaves = 128;
  double power_[octaves];
  double c0_, c1_, c2_;
};

/// What a step controller does not change: the options, and the powers of the filter.
struct step_rule {
  /// A second attempt is shorter than the first, whatever the estimate says.
  static constexpr double largest_retry = 0.95;

  adaptive how;
  inverse_power now, before, long_before, retry;
  /// Each factor's share of `how.safety`: the steps settle at that times the longest possible.
  double safety;

  /// k: the error of a step is O(h^k).
  step_rule(const adaptive& options, int k)
      : how(options),
        now(how.filter.beta1 / (2 * k)),
        before(std::abs(how.filter.beta2) / (2 * k)),
        long_before(std::abs(how.filter.beta3) / (2 * k)),
        retry(1. / (2 * k)),
        safety(std::pow(how.safety, how.filter.beta1 + how.filter.beta2 + how.filter.beta3)) {}
};

/// The guess of `step_controller`, and what is negative where it is good enough. V: a number, or
/// one in each lane.
template <class V>
[[gnu::always_inline]] KUTTA_HD inline V guessed_step(const V& h, const V& before) {
  return 1.5 * h - 0.5 * before;
}
template <class V>
[[gnu::always_inline]] KUTTA_HD inline V guess_defect(const V& guess, const V& wanted) {
  return (guess - 0.95 * wanted) * (guess - 1.02 * wanted);
}

/// The state of a `step_filter`: by how much to change the step. Errors come squared, as they are
/// summed.
class step_controller {
 public:
  /// k: the error of a step is O(h^k).
  step_controller(const adaptive& how, int k) : rule_(how, k), memory_(rule_.safety) {}

  /// What the filter wants: the next step over the accepted one.
  double accept(double squared_error) { return filtered(squared_error, 1); }

  /// The step after an accepted one of length h: what the filter wants, or a guess close to it,
  ///
  ///     ĥ = 3/2 h_n − 1/2 h_{n−1}   if 0.95 h_{n+1} < ĥ < 1.02 h_{n+1},   h_0 = 0.
  ///
  /// The guess is known before the last error. The processor predicts that it is good, and begins
  /// with the next step while it forms that error, which takes a third of a small system's step.
  [[gnu::always_inline]] double accept(double squared_error, double h) {
    const double wanted = filtered(squared_error, h), guess = guessed_step(h, before_);
    before_ = h;
    if (!(guess_defect(guess, wanted) < 0)) [[unlikely]]
      return wanted;
    asm volatile("");  // a branch: a conditional move would wait for both
    return guess;
  }

  /// The factor for another attempt at a rejected step. The filter remembers accepted errors alone.
  double reject(double squared_error) {
    rejected_ = true;
    const double factor = squared_error < std::numeric_limits<double>::infinity()
                              ? limited_retry(rule_.how.safety * rule_.retry(squared_error))
                              : rule_.how.shrink;
    if (filter().alpha != 0) memory_ *= std::pow(factor, -filter().alpha);
    return factor;
  }

 private:
  /// The next step waits for the power of the error and one product, for nothing else.
  [[gnu::always_inline]] double filtered(double squared_error, double h) {
    const double shrink = rule_.how.shrink, most = rejected_ ? 1 : rule_.how.grow;
    const double power = rule_.now(squared_error);
    double factor = power * memory_, next = power * (memory_ * h);
    if (!(factor > shrink && factor < most)) [[unlikely]] {
      factor = factor > shrink ? most : shrink;
      next = factor * h;
    }
    rejected_ = false;
    remember(squared_error, factor);
    return next;
  }

  const step_filter& filter() const { return rule_.how.filter; }

  /// The part of the next factor that depends on the past: nothing waits for it.
  [[gnu::always_inline]] void remember(double squared_error, double factor) {
    memory_ = rule_.safety;
    if (filter().beta2 != 0) memory_ *= signed_power(rule_.before, filter().beta2, squared_error);
    if (filter().beta3 != 0)
      memory_ *= signed_power(rule_.long_before, filter().beta3, last_error_);
    if (filter().alpha != 0) memory_ *= std::pow(factor, -filter().alpha);
    last_error_ = squared_error;
  }

  static double signed_power(const inverse_power& power, double beta, double x) {
    return beta > 0 ? power(x) : 1 / power(x);
  }

  double limited_retry(double factor) const {
    if (!(factor > rule_.how.shrink)) return rule_.how.shrink;
    return factor < step_rule::largest_retry ? factor : step_rule::largest_retry;
  }

  step_rule rule_;
  double memory_, last_error_ = 1, before_ = 0;
  bool rejected_ = false;
};

}  // namespace detail

}  // namespace kutta
