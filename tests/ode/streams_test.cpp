// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <initializer_list>
#include <set>

#include <doctest/doctest.h>

#include <kutta/ode/integrate.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/low_storage.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/strong_stability.hpp>
#include <kutta/schemes/third_order.hpp>

namespace {

/// States read or written since the last reset: what a step costs where memory is the limit.
int streams = 0;

/// A number whose every use is counted.
struct counted {
  double value = 0;
};

/// One pass that writes `y` and reads the others; a state named twice is read once.
void count_pass(std::initializer_list<const counted*> read) {
  streams += 1 + static_cast<int>(std::set<const counted*>(read).size());
}

}  // namespace

template <>
struct kutta::tensor_traits<counted> {
  using scalar = double;

  static counted zeros_like(const counted&) { return {}; }
  template <class F, class... X>
  static void map(counted& y, const F& f, const X&... x) {
    count_pass({&x...});
    y.value = f(x.value...);
  }
  template <class F, class... X>
  static double sum(const F& f, const X&... x) {
    streams += static_cast<int>(std::set<const counted*>{&x...}.size());
    return f(x.value...);
  }
  static std::array<std::size_t, 0> shape(const counted&) { return {}; }
};

namespace {

using namespace kutta;

struct decay {
  void operator()(double, const counted& x, counted& dx) const {
    count_pass({&x});
    dx.value = -x.value;
  }
};

struct decay_fused : decay {
  template <class... V>
  void fused(double, const counted& x, counted& y, double beta, const V&... terms) const {
    count_pass({&x, &terms.x...});
    y.value = ((terms.a * terms.x.value) + ...) - beta * x.value;
  }
};

struct decay_accumulated : decay {
  void accumulate(double, const counted& x, double a, counted& d) const {
    count_pass({&x, &d});
    d.value = a * d.value - x.value;
  }
};

/// Streams a step, from the difference of two runs: what an integration does once cancels.
template <class S, class F>
int streams_per_step(const F& f) {
  const auto run = [&](int steps) {
    streams = 0;
    CHECK(integrate<S>(f, counted{1}, {0.0, 1.0}, fixed{.steps = steps}).ok());
    return streams;
  };
  const int ten = run(10);
  return (run(20) - ten) / 10;
}

/// 2 for each rate, and for each sum the terms, x0 and the result.
template <class S>
int least_streams() {
  int n = 2 * static_cast<int>(stages_v<S>);
  const auto sum = [&](const auto& row) {
    for (const auto& a : row) n += to_double(a) != 0;
    n += 2;
  };
  for (std::size_t i = 1; i < stages_v<S>; ++i) sum(S::tableau.a[i]);
  sum(S::tableau.b);
  return n;
}

TEST_CASE("a step reads and writes no state more often than its table asks for") {
  CHECK(streams_per_step<schemes::rk4_classic>(decay{}) == 23);
  CHECK(least_streams<schemes::rk4_classic>() == 23);
  CHECK(streams_per_step<schemes::midpoint>(decay{}) == least_streams<schemes::midpoint>());
  CHECK(streams_per_step<schemes::heun2>(decay{}) == least_streams<schemes::heun2>());
  CHECK(streams_per_step<schemes::kutta3>(decay{}) == least_streams<schemes::kutta3>());
  CHECK(streams_per_step<schemes::rk4_38>(decay{}) == least_streams<schemes::rk4_38>());
}

TEST_CASE("with the rate inside the sums no rate is stored") {
  CHECK(streams_per_step<schemes::rk4_classic>(decay_fused{}) == 13);  // 2 + 3 + 3 + 5
  CHECK(streams_per_step<schemes::rk4_38>(decay_fused{}) == 12);       // 2 + 3 + 3 + 4
  CHECK(streams_per_step<schemes::midpoint>(decay_fused{}) == 5);      // 2 + 3
  CHECK(streams_per_step<schemes::kutta3>(decay_fused{}) == 9);        // 2 + 3 + 4
}

TEST_CASE("an adaptive step of an FSAL pair: six rates, six sums, one error estimate") {
  // The error is that of a decay: every attempt is accepted, and the step is never changed.
  const auto run = [](double end) {
    streams = 0;
    const auto s = integrate<schemes::dormand_prince54>(
        decay{}, counted{1}, {0.0, end},
        adaptive{.rtol = 1, .atol = 1, .first_step = .125, .largest_step = .125});
    CHECK(s.stats.rejected == 0);
    return std::array{streams, static_cast<int>(s.stats.accepted)};
  };
  const auto once = run(1), twice = run(2);
  // Rates 12; rows of 1, 2, 3, 4, 5 and 5 terms 20 + 12; the error of x0, x1 and six rates 8.
  CHECK(twice[0] - once[0] == 52 * (twice[1] - once[1]));
}

TEST_CASE("2N storage: fewer states, and with a rate that is added in place fewer streams") {
  using schemes::carpenter_kennedy4, schemes::williamson3;
  // A stage: the rate 2, d ← a d + k 3, x ← x + b d 3; the first d is h k, and is not cleared.
  CHECK(streams_per_step<williamson3>(decay{}) == 8 * 3 - 3);
  CHECK(streams_per_step<carpenter_kennedy4>(decay{}) == 8 * 5 - 3);
  // In place: d ← a d + f(x) 3, x ← x + b d 3, and d is cleared once.
  CHECK(streams_per_step<williamson3>(decay_accumulated{}) == 6 * 3 + 1);
  CHECK(streams_per_step<carpenter_kennedy4>(decay_accumulated{}) == 6 * 5 + 1);
  CHECK(6 * 5 + 1 < least_streams<carpenter_kennedy4>());
}

}  // namespace
