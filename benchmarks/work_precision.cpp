// SPDX-License-Identifier: Apache-2.0

/// @file
/// work_precision: what does a digit cost? Prints a CSV table of error, evaluations and time of
/// every explicit scheme on three problems; `work_precision.gp` draws it.
///
/// Errors are the largest over the components at the end. Times are CPU times, the shortest of
/// seven runs.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <limits>

#include <kutta/ode/integrate.hpp>
#include <kutta/schemes/embedded_eighth_order.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_fourth_order.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/embedded_sixth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fifth_order.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/low_storage.hpp>
#include <kutta/schemes/order.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/sixth_order.hpp>
#include <kutta/schemes/strong_stability.hpp>
#include <kutta/schemes/third_order.hpp>

#include "support/kepler.hpp"
#include "support/lorenz.hpp"

namespace {

namespace schemes = kutta::schemes;

/// Almost seven orbits of eccentricity 0.5.
struct kepler_problem {
  static constexpr const char* name = "kepler";
  static constexpr double end = 42;
  using state = std::array<double, 4>;
  static state start() { return {.5, 0, 0, std::sqrt(3.)}; }
  static state exact() {
    state x{};
    kutta::bench::kepler::exact(.5, end, x);
    return x;
  }
  void operator()(double, const state& x, state& dx) const { kutta::bench::kepler{}(x, dx); }
};

/// The Lorenz equations, for a time in which they are no more than difficult. The end is known
/// from 100 000 steps of order 8 in long double.
struct lorenz_problem {
  static constexpr const char* name = "lorenz";
  static constexpr double end = 2;
  using state = std::array<double, 3>;
  static state start() { return {1, 2, 20}; }
  static state exact() {
    using wide = std::array<long double, 3>;
    const auto rate = [](long double, const wide& x, wide& dx) {
      dx = {10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8.L / 3 * x[2]};
    };
    const auto s = kutta::integrate<schemes::dormand_prince87>(
        rate, wide{1, 2, 20}, {0.L, static_cast<long double>(end)}, kutta::fixed{.steps = 100'000});
    return {static_cast<double>(s.x[0]), static_cast<double>(s.x[1]), static_cast<double>(s.x[2])};
  }
  void operator()(double, const state& x, state& dx) const { kutta::bench::lorenz{}(x, dx); }
};

/// dx/dt = cos t − u − u² with u = x − sin t, a logistic curve on a sine: not autonomous.
struct driven_problem {
  static constexpr const char* name = "driven";
  static constexpr double end = 5;
  using state = std::array<double, 1>;
  static state start() { return {.5}; }
  static state exact() {
    const double decay = std::exp(-end);
    return {std::sin(end) + .5 * decay / (1 + .5 * (1 - decay))};
  }
  void operator()(double t, const state& x, state& dx) const {
    const double u = x[0] - std::sin(t);
    dx[0] = std::cos(t) - u - u * u;
  }
};

/// CPU time, so that other programs do not show.
double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Runs a problem, and prints a row unless the error is too large to mean anything.
template <class Problem, class Run>
void print_row(const char* control, const char* scheme, int order, const Run& run) {
  static const auto exact = Problem::exact();
  double error = 0, seconds = std::numeric_limits<double>::infinity();
  std::int64_t evaluations = 0;
  for (int i = 0; i < 7; ++i) {
    const double begin = cpu_seconds();
    const auto s = run();
    seconds = std::fmin(seconds, cpu_seconds() - begin);
    if (!s.ok()) return;
    error = 0;
    for (std::size_t k = 0; k < exact.size(); ++k)
      error = std::fmax(error, std::abs(s.x[k] - exact[k]));
    evaluations = s.stats.evaluations;
  }
  if (error <= 1)
    std::printf("%s,%s,%s,%d,%.3e,%lld,%.4g\n", Problem::name, control, scheme, order, error,
                static_cast<long long>(evaluations), 1e6 * seconds);
}

/// From 16 steps to 600 000 evaluations, four times as many each time.
template <class S, class Problem>
void fixed_steps(const char* scheme) {
  for (double n = 16; n * static_cast<double>(kutta::stages_v<S>) < 6e5; n *= 4)
    print_row<Problem>("fixed", scheme, kutta::order(S::tableau), [&] {
      return kutta::integrate<S>(Problem{}, Problem::start(), {0., Problem::end},
                                 kutta::fixed{.steps = static_cast<std::int64_t>(n)});
    });
}

/// Tolerances from 1e-2 to 1e-12.
template <class S, class Problem>
void adaptive_steps(const char* scheme) {
  for (double digits = 2; digits <= 12; ++digits) {
    const double tolerance = std::pow(10, -digits);
    print_row<Problem>("adaptive", scheme, kutta::order(S::tableau), [&] {
      return kutta::integrate<S>(Problem{}, Problem::start(), {0., Problem::end},
                                 kutta::adaptive{.rtol = tolerance, .atol = tolerance});
    });
  }
}

template <class Problem>
void all_schemes() {
  fixed_steps<schemes::euler, Problem>("euler");
  fixed_steps<schemes::midpoint, Problem>("midpoint");
  fixed_steps<schemes::heun2, Problem>("heun2");
  fixed_steps<schemes::ralston2, Problem>("ralston2");
  fixed_steps<schemes::kutta3, Problem>("kutta3");
  fixed_steps<schemes::heun3, Problem>("heun3");
  fixed_steps<schemes::ralston3, Problem>("ralston3");
  fixed_steps<schemes::ssprk33, Problem>("ssprk33");
  fixed_steps<schemes::williamson3, Problem>("williamson3");
  fixed_steps<schemes::rk4_classic, Problem>("rk4_classic");
  fixed_steps<schemes::rk4_38, Problem>("rk4_38");
  fixed_steps<schemes::ralston4, Problem>("ralston4");
  fixed_steps<schemes::ssprk54, Problem>("ssprk54");
  fixed_steps<schemes::carpenter_kennedy4, Problem>("carpenter_kennedy4");
  fixed_steps<schemes::nystrom5, Problem>("nystrom5");
  fixed_steps<schemes::butcher6, Problem>("butcher6");
  adaptive_steps<schemes::heun_euler21, Problem>("heun_euler21");
  adaptive_steps<schemes::fehlberg21, Problem>("fehlberg21");
  adaptive_steps<schemes::bogacki_shampine32, Problem>("bogacki_shampine32");
  adaptive_steps<schemes::fehlberg45, Problem>("fehlberg45");
  adaptive_steps<schemes::cash_karp54, Problem>("cash_karp54");
  adaptive_steps<schemes::dormand_prince54, Problem>("dormand_prince54");
  adaptive_steps<schemes::tsitouras54, Problem>("tsitouras54");
  adaptive_steps<schemes::verner65, Problem>("verner65");
  adaptive_steps<schemes::dormand_prince87, Problem>("dormand_prince87");
}

}  // namespace

int main() {
  std::puts("problem,control,scheme,order,error,evaluations,microseconds");
  all_schemes<kepler_problem>();
  all_schemes<lorenz_problem>();
  all_schemes<driven_problem>();
}
