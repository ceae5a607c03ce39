// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/ode/integrate.hpp>
#include <kutta/ode/observers.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/vec.hpp>

#include "support/problems.hpp"

using namespace kutta;
using kutta::test::driven_logistic;
using schemes::bogacki_shampine32;
using schemes::cash_karp54;
using schemes::dormand_prince54;
using schemes::heun_euler21;
using schemes::rk4_classic;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

const auto decay = [](auto, const auto& x, auto& dx) { dx = -x; };
const auto logistic = [](auto t, const auto& x, auto& dx) {
  dx = driven_logistic<std::remove_cvref_t<decltype(x)>>::rate(t, x);
};

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing was thrown";
}

template <class How>
std::string refusal(time_span<double> span, const How& how) {
  return message_of([&] { static_cast<void>(integrate<dormand_prince54>(decay, 1., span, how)); });
}

/// An allocator that counts.
template <class T>
struct counting {
  using value_type = T;
  static inline int allocations = 0;

  counting() = default;
  template <class U>
  explicit counting(const counting<U>&) {}
  T* allocate(std::size_t n) {
    ++allocations;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* p, std::size_t n) { std::allocator<T>().deallocate(p, n); }
  bool operator==(const counting&) const = default;
};
using counted_state = std::vector<double, counting<double>>;

/// A state of two tensors.
struct pair {
  Eigen::VectorXd v;
  double s;
  static constexpr auto fields = std::tuple{field{"v", &pair::v}, field{"s", &pair::s}};
};

struct minus {
  template <class S>
  S operator()(S x) const {
    return -x;
  }
};
/// dx/dt = −x on any tensor.
const auto decay_by_map = [](auto, const auto& x, auto& dx) { kutta::map(dx, minus{}, x); };

template <class X>
void check_decay(X x0) {
  using S = scalar_t<X>;
  const auto start = copy_to_host(x0);
  const double tolerance = 100 * static_cast<double>(std::numeric_limits<S>::epsilon()) + 1e-9;
  const auto check = [&](const solution<X>& end) {
    CHECK(end.status == status::success);
    const auto x = copy_to_host(end.x);
    REQUIRE(x.size() == start.size());
    for (std::size_t i = 0; i < x.size(); ++i)
      CHECK(std::abs(x[i] - start[i] * std::exp(S(-1))) <= tolerance);
  };
  check(integrate<dormand_prince54>(decay_by_map, x0, {0, 1},
                                    adaptive{.rtol = 1e-10, .atol = 1e-10, .max_steps = 1000}));
  check(integrate<rk4_classic>(decay_by_map, x0, {0, 1}, fixed{.steps = 100}));
}

}  // namespace

TEST_CASE_TEMPLATE("an adaptive solution is as good as its tolerance, forward and backward", S,
                   bogacki_shampine32, cash_karp54, dormand_prince54) {
  for (const double tolerance : {1e-4, 1e-7, 1e-10}) {
    CAPTURE(tolerance);
    const adaptive how{.rtol = tolerance, .atol = tolerance};
    const auto there = integrate<S>(logistic, .6, {0, 2}, how);
    CHECK(there.status == status::success);
    CHECK(there.t == 2);
    const double error = std::abs(there.x - driven_logistic<double>::exact(2, .6));
    CHECK(error <= 20 * tolerance);
    CHECK(error >= 1e-5 * tolerance);

    const auto back = integrate<S>(logistic, there.x, {2, 0}, how);
    CHECK(back.status == status::success);
    CHECK(back.t == 0);
    CHECK(back.h < 0);
    CHECK(std::abs(back.x - .6) <= 1000 * tolerance);  // dx(0)/dx(2) = 17
  }
}

TEST_CASE("time backwards is minus time, bit for bit") {
  const auto forward = [](double t, double x, double& dx) { dx = std::sin(t) - x * x; };
  const auto mirrored = [&](double t, double x, double& dx) {
    forward(-t, x, dx);
    dx = -dx;
  };
  const auto a = integrate<dormand_prince54>(forward, .3, {0, 3}, adaptive{});
  const auto b = integrate<dormand_prince54>(mirrored, .3, {0, -3}, adaptive{});
  CHECK(a.x == b.x);
  CHECK(a.t == -b.t);
  CHECK(a.h == -b.h);
  CHECK(a.stats.accepted == b.stats.accepted);
  CHECK(integrate<rk4_classic>(forward, .3, {0, 3}, fixed{.steps = 7}).x ==
        integrate<rk4_classic>(mirrored, .3, {0, -3}, fixed{.steps = 7}).x);
}

TEST_CASE("the last step ends in t1, bit for bit") {
  for (const double t1 : {.1, .3, 1. / 3, 1e-300, 1e10, -.7, std::nextafter(1., 2.)}) {
    CAPTURE(t1);
    double last = quiet_nan;
    const auto watch = [&](const auto& step) { last = step.t1; };
    for (const int steps : {1, 3, 10, 49}) {
      const auto end = integrate<rk4_classic>(decay, 0., {0, t1}, fixed{.steps = steps}, watch);
      CHECK(end.t == t1);
      CHECK(last == t1);
      CHECK(end.stats.accepted == steps);
    }
    for (const double t0 : {0., -.7, -1e3, 3.}) {
      CAPTURE(t0);
      const auto end =
          integrate<dormand_prince54>(decay, 0., {t0, t1}, adaptive{.largest_step = 1e9}, watch);
      CHECK(end.status == status::success);
      CHECK(end.t == t1);
      if (t0 != t1) CHECK(last == t1);
    }
  }
}

TEST_CASE("the times of fixed steps are t0 + n h, and h is (t1 - t0)/N") {
  const double t0 = .3, t1 = 1.7;
  for (const std::int64_t steps : {7, 10, 343}) {
    const double h = (t1 - t0) / static_cast<double>(steps);
    std::int64_t n = 0;
    double before = t0;
    const auto end =
        integrate<rk4_classic>(decay, 1., {t0, t1}, fixed{.steps = steps}, [&](const auto& step) {
          ++n;
          CHECK(step.t0 == before);
          before = step.t1;
          if (n < steps) CHECK(step.t1 == t0 + static_cast<double>(n) * h);
        });
    CHECK(n == steps);
    CHECK(end.h == h);
    CHECK(end.t == t1);
    CHECK(end.stats.smallest_step == h);
    CHECK(end.stats.largest_step == h);
  }
}

TEST_CASE("a compensated sum of ten million terms is right to the last bit") {
  const double h = 1e-7;
  detail::compensated_sum<double> time{0};
  double plain = 0;
  for (int n = 0; n < 10'000'000; ++n) {
    time += h;
    plain += h;
  }
  const auto exact = static_cast<double>(1e7L * static_cast<long double>(h));
  CHECK(time.value == exact);
  CHECK(std::abs(plain - exact) > 1e-11);  // control: rounding matters here
}

TEST_CASE("adaptive time does not drift over a million steps") {
  const double h = 1e-6;
  std::int64_t n = 0;
  double worst = 0;
  const auto constant = [](double, double, double& dx) { dx = 1; };
  const adaptive how{.first_step = h, .largest_step = h, .max_steps = 2'000'000};
  const auto end = integrate<heun_euler21>(constant, 0., {0, 1}, how, [&](const auto& step) {
    const auto exact = static_cast<long double>(++n) * static_cast<long double>(h);
    worst =
        std::fmax(worst, static_cast<double>(std::abs(static_cast<long double>(step.t1) - exact)));
  });
  CHECK(end.status == status::success);
  CHECK(end.t == 1);
  CHECK(std::abs(n - 1'000'000) <= 1);
  CHECK(worst <= 1.2e-16 + 1e-2 * h * (n != 1'000'000));
}

TEST_CASE("no step is longer than largest_step, nor the first other than first_step") {
  double longest = 0, first = 0;
  const auto watch = [&](const auto& step) {
    longest = std::fmax(longest, std::abs(step.length()));
    if (first == 0) first = step.length();
  };
  const auto end = integrate<dormand_prince54>(
      decay, 1., {0, -1}, adaptive{.first_step = 1e-3, .largest_step = .07}, watch);
  CHECK(end.status == status::success);
  CHECK(first == -1e-3);
  CHECK(longest <= .07 * (1 + 1e-15));
  CHECK(longest > .06);
  CHECK(std::abs(end.stats.largest_step - longest) <= 1e-15);

  // A first step longer than the span is the span.
  const auto one = integrate<dormand_prince54>(decay, 1., {0, .01}, adaptive{.first_step = 1e30});
  CHECK(one.status == status::success);
  CHECK(one.stats.accepted == 1);
  CHECK(one.h == .01);
}

TEST_CASE("the first step that is chosen is the published one") {
  // dx/dt = 2 x at (3, 4): in the Euclidean norm 0.0223606798 and 0.0793700526 for orders 1 and 2.
  const auto doubling = [](double, const std::array<double, 2>& x, std::array<double, 2>& dx) {
    dx = {2 * x[0], 2 * x[1]};
  };
  const adaptive how{.rtol = 0, .atol = std::sqrt(.5)};
  for (const double sign : {1., -1.}) {
    double first = 0;
    const auto watch = [&](const auto& step) {
      if (first == 0) first = step.length();
    };
    const std::array<double, 2> x0{3, 4};
    CHECK(integrate<heun_euler21>(doubling, x0, {0, sign}, how, watch).ok());
    CHECK(std::abs(sign * first - .0223606798) <= 1e-10);
    first = 0;
    CHECK(integrate<bogacki_shampine32>(doubling, x0, {0, sign}, how, watch).ok());
    CHECK(std::abs(sign * first - .0793700526) <= 1e-10);
  }
}

TEST_CASE("a span of no length returns the initial value, and evaluates nothing") {
  int evaluations = 0;
  const auto f = [&](double, double x, double& dx) {
    ++evaluations;
    dx = x;
  };
  for (const double x0 : {1.5, infinity, quiet_nan}) {
    CAPTURE(x0);
    const auto expected = std::isfinite(x0) ? status::success : status::non_finite;
    const auto a = integrate<dormand_prince54>(f, x0, {2, 2}, adaptive{});
    const auto b = integrate<rk4_classic>(f, x0, {2, 2}, fixed{.steps = 10});
    CHECK(a.status == expected);
    CHECK(b.status == expected);
    CHECK(a.t == 2);
    CHECK(b.t == 2);
    if (x0 == 1.5) CHECK((a.x == x0 && b.x == x0));
    CHECK(a.stats.accepted + b.stats.accepted == 0);
  }
  CHECK(evaluations == 0);
}

TEST_CASE("a solution that is NaN or infinite is never a success") {
  for (const double bad : {quiet_nan, infinity, -infinity}) {
    CAPTURE(bad);
    // In the initial value; the rate may well be finite.
    const auto zero = [](double, double, double& dx) { dx = 0; };
    CHECK(integrate<dormand_prince54>(zero, bad, {0, 1}, adaptive{}).status == status::non_finite);
    CHECK(integrate<rk4_classic>(zero, bad, {0, 1}, fixed{}).status == status::non_finite);

    // In the rate, at once, or from some time on.
    for (const double from : {0., .5, 1.}) {
      CAPTURE(from);
      const auto f = [&](double t, double x, double& dx) { dx = t >= from ? bad : -x; };
      for (const double first : {0., .1}) {
        const auto end = integrate<dormand_prince54>(f, 1., {0, 1}, adaptive{.first_step = first});
        CHECK_FALSE(end.ok());
        CHECK(end.t <= from);
        CHECK(end.t >= from - 1e-6);
        CHECK(std::isfinite(end.x));
        CHECK(end.stats.evaluations < 20'000);
      }
      const auto grid = integrate<rk4_classic>(f, 1., {0, 1}, fixed{.steps = 10});
      CHECK(grid.status == status::non_finite);
      CHECK(grid.t == 1);
      const auto early =
          integrate<rk4_classic>(f, 1., {0, 1}, fixed{.steps = 10, .check_finite = true});
      CHECK(early.status == status::non_finite);
      CHECK(early.t == (from == 0 ? .1 : from));
    }
  }
}

TEST_CASE("NaN from some time on is reported there, with schemes that know the end rate or not") {
  const auto f = [](double t, double x, double& dx) { dx = t > .5 ? quiet_nan : -x; };
  const auto check = [&](const solution<double>& end) {
    CHECK(end.status == status::non_finite);
    CHECK(std::abs(end.t - .5) <= 1e-12);
    CHECK(std::abs(end.h) <= 1e-12);
    CHECK(std::isfinite(end.x));
    CHECK(end.text().find("non_finite: ") == 0);
  };
  check(integrate<dormand_prince54>(f, 1., {0, 1}, adaptive{}));
  check(integrate<cash_karp54>(f, 1., {0, 1}, adaptive{}));
  check(integrate<heun_euler21>(f, 1., {0, 1}, adaptive{}));
}

TEST_CASE("a rate that is infinite once, in a stage that the end does not use, is rejected") {
  // c = 1 is the last stage of the pair, with weight 0 in x1.
  bool hit = false;
  const auto f = [&](double t, double x, double& dx) {
    dx = -x;
    if (t == .25 && !hit) {
      hit = true;
      dx = infinity;
    }
  };
  const auto end = integrate<bogacki_shampine32>(f, 1., {0, 1}, adaptive{.first_step = .25});
  CHECK(hit);
  CHECK(end.stats.rejected >= 1);
  CHECK(end.status == status::success);
  CHECK(std::abs(end.x - std::exp(-1.)) <= 1e-5);
}

TEST_CASE("the evaluation that the first step is chosen by may fail") {
  for (const double bad : {quiet_nan, infinity}) {
    int calls = 0;
    const auto f = [&](double, double x, double& dx) { dx = ++calls == 2 ? bad : -x; };
    const auto end = integrate<dormand_prince54>(f, 1., {0, 1}, adaptive{});
    CHECK(end.status == status::success);
    CHECK(std::abs(end.x - std::exp(-1.)) <= 1e-5);
  }
}

TEST_CASE("a solution that blows up stops just before, forward and backward") {
  for (const double sign : {1., -1.}) {
    CAPTURE(sign);
    const auto f = [&](double, double x, double& dx) { dx = sign * x * x; };  // x = 1/(1 − |t|)
    const auto end = integrate<dormand_prince54>(f, 1., {0, 2 * sign}, adaptive{});
    CHECK((end.status == status::step_too_small || end.status == status::non_finite));
    CHECK(std::abs(std::abs(end.t) - 1) <= 1e-5);
    CHECK(end.x > 1e6);
    CHECK(end.stats.accepted + end.stats.rejected < 5000);
  }
}

TEST_CASE("a tolerance of 0 is met where nothing changes, and else ends with a status") {
  const adaptive exact{.rtol = 0, .atol = 0, .max_steps = 10'000};
  const auto zero = [](double, double, double& dx) { dx = 0; };
  for (const double x0 : {0., 1., -3e100}) {
    const auto end = integrate<dormand_prince54>(zero, x0, {0, 1}, exact);
    CHECK(end.status == status::success);
    CHECK(end.x == x0);
  }
  // A step's error cannot be 0 away from t = 0, where time is only so fine.
  const auto from_1 = integrate<dormand_prince54>(decay, 1., {1, 2}, exact);
  CHECK(from_1.status == status::step_too_small);
  CHECK(integrate<dormand_prince54>(decay, 1., {0, 1}, exact).status == status::max_steps);
}

TEST_CASE("time that cannot resolve the steps ends at once, with a status") {
  const auto one = [](double, double, double& dx) { dx = 1; };
  const auto whole = integrate<dormand_prince54>(one, 0., {1e16, 1e16 + 4}, adaptive{});
  CHECK(whole.status == status::success);
  CHECK(std::abs(whole.x - 4) <= 1e-14);
  const auto stiff = [](double, double x, double& dx) { dx = -1e3 * x; };
  const auto end = integrate<dormand_prince54>(stiff, 1., {1e16, 1e16 + 4}, adaptive{});
  CHECK(end.status == status::step_too_small);
  CHECK(end.stats.evaluations < 100);
  const auto grid = integrate<rk4_classic>(one, 0., {1e16, 1e16 + 4}, fixed{.steps = 64});
  CHECK(grid.status == status::success);
  CHECK(grid.t == 1e16 + 4);
  CHECK(grid.x == 4);

  // Seconds since 1970, and a rate whose first step would be a microsecond.
  const auto fast = [](double, double x, double& dx) { dx = -1e-3 * x; };
  const auto unix_time =
      integrate<dormand_prince54>(fast, 0., {1.7e9, 1.7e9 + 60}, adaptive{.atol = 0});
  CHECK(unix_time.status == status::success);
}

TEST_CASE("max_steps counts attempts") {
  for (const std::int64_t n : {0, 1, 2, 17}) {
    CAPTURE(n);
    const auto end = integrate<dormand_prince54>(
        decay, 1., {0, 1}, adaptive{.first_step = 1e-3, .largest_step = 1e-3, .max_steps = n});
    CHECK(end.status == status::max_steps);
    CHECK(end.stats.accepted + end.stats.rejected == n);
    CHECK(std::abs(end.t - 1e-3 * static_cast<double>(n)) <= 1e-15);
    CHECK(std::abs(end.x - std::exp(-end.t)) <= 1e-12);
  }
  // A rejected step is an attempt.
  const auto kink = [](double t, double, double& dx) { dx = t > 1e-6 ? 1e9 : 0; };
  const auto end =
      integrate<dormand_prince54>(kink, 0., {0, 1}, adaptive{.first_step = .5, .max_steps = 3});
  CHECK(end.status == status::max_steps);
  CHECK(end.stats.rejected == 3);
  CHECK(end.t == 0);
  // As many as it takes are enough.
  const auto all = integrate<dormand_prince54>(decay, 1., {0, 1}, adaptive{});
  const std::int64_t attempts = all.stats.accepted + all.stats.rejected;
  CHECK(integrate<dormand_prince54>(decay, 1., {0, 1}, adaptive{.max_steps = attempts}).ok());
  CHECK_FALSE(
      integrate<dormand_prince54>(decay, 1., {0, 1}, adaptive{.max_steps = attempts - 1}).ok());
  // A thousand million steps are not taken.
  const auto many = integrate<heun_euler21>(decay, 1., {0, 1},
                                            adaptive{.largest_step = 1e-9, .max_steps = 100'000});
  CHECK(many.status == status::max_steps);
  CHECK(many.stats.accepted == 100'000);
}

TEST_CASE("bad input is refused by name and value") {
  CHECK(refusal({quiet_nan, 1}, adaptive{}) ==
        "integrate: expected a finite span, got from nan to 1");
  CHECK(refusal({0, infinity}, adaptive{}) ==
        "integrate: expected a finite span, got from 0 to inf");
  CHECK(refusal({0, -infinity}, fixed{}) ==
        "integrate: expected a finite span, got from 0 to -inf");
  CHECK(refusal({-1e308, 1e308}, fixed{}) ==
        "integrate: expected a finite span, got from -1e+308 to 1e+308");
  CHECK(refusal({0, 1}, fixed{.steps = 0}) == "fixed: steps must be at least 1, got 0");
  CHECK(refusal({0, 1}, fixed{.steps = -3}) == "fixed: steps must be at least 1, got -3");
  CHECK(refusal({0, 1}, adaptive{.rtol = -1e-6}) ==
        "adaptive: rtol must be finite and at least 0, got -1e-06");
  // A span of no length does not excuse them.
  CHECK(refusal({0, 0}, adaptive{.atol = quiet_nan}) ==
        "adaptive: atol must be finite and at least 0, got nan");
}

TEST_CASE("a bad tolerance is refused before anything is evaluated") {
  int evaluations = 0;
  const auto f = [&](double, double, double& dx) { dx = ++evaluations; };
  CHECK_THROWS_AS(
      static_cast<void>(integrate<dormand_prince54>(f, 1., {0, 1}, adaptive{.rtol = quiet_nan})),
      std::invalid_argument);
  CHECK(evaluations == 0);
}

TEST_CASE("a solution says what happened") {
  const auto end = integrate<dormand_prince54>(decay, 1., {0, .5}, adaptive{.max_steps = 0});
  CHECK_FALSE(end);
  CHECK(end.text() == std::string(explain(status::max_steps)) +
                          " (t = 0, h = " + detail::number_text(end.h) + ", after 0 steps)");
  CHECK(integrate<rk4_classic>(decay, 1., {0, .5}, fixed{}).text() ==
        "success: the end of the span is reached (t = 0.5, h = 0.5, after 1 steps)");
}

TEST_CASE("every kind of state is integrated") {
  check_decay(2.);
  check_decay(2.f);
  check_decay(2.L);
  check_decay(std::array<double, 3>{1, -2, 3});
  check_decay(std::vector<double>{1, -2, 3, 4, 5, 6, 7, 8, 9, 10});
  check_decay(std::vector<float>{1, -2});
  check_decay(vec<double, 2>{{1, 2}});
  check_decay(Eigen::Vector3d(1, 2, 3));
  check_decay(Eigen::MatrixXd(Eigen::MatrixXd::Constant(3, 2, .5)));
  check_decay(Eigen::ArrayXf(Eigen::ArrayXf::Constant(5, .5f)));
  check_decay(pair{Eigen::Vector3d(1, 2, 3), -1});
  check_decay(std::tuple{std::vector<double>{1, 2}, 3.});
  check_decay(std::vector<std::vector<double>>{{1}, {2, 3}});
}

TEST_CASE("a state without elements has nothing to go wrong") {
  const auto nothing = [](double, const std::vector<double>&, std::vector<double>&) {};
  const auto end = integrate<dormand_prince54>(nothing, std::vector<double>{}, {0, 1}, adaptive{});
  CHECK(end.status == status::success);
  CHECK(end.t == 1);
}

TEST_CASE("a right-hand side is used by reference, and may not be copied or moved") {
  struct counter {
    std::unique_ptr<int> calls = std::make_unique<int>(0);
    int direct = 0;
    counter() = default;
    counter(const counter&) = delete;
    counter& operator=(const counter&) = delete;
    void operator()(double, double x, double& dx) {
      ++*calls;
      ++direct;
      dx = -x;
    }
  };
  counter f;
  const auto a = integrate<dormand_prince54>(f, 1., {0, 1}, adaptive{});
  CHECK(f.direct == a.stats.evaluations);
  const auto b = integrate<rk4_classic>(f, 1., {0, 1}, fixed{.steps = 5}, [](const auto&) {});
  CHECK(f.direct == a.stats.evaluations + b.stats.evaluations);
  CHECK(*f.calls == f.direct);
  CHECK(integrate<rk4_classic>(counter{}, 1., {0, 1}, fixed{}).ok());
  CHECK(integrate<rk4_classic>(
            *+[](double, double x, double& dx) { dx = x; }, 1., {0, 1}, fixed{}, [](const auto&) {})
            .ok());
}

TEST_CASE("what a right-hand side throws passes through") {
  const auto f = [](double t, double x, double& dx) {
    if (t > .5) throw std::runtime_error("far enough");
    dx = x;
  };
  CHECK_THROWS_WITH(static_cast<void>(integrate<dormand_prince54>(f, 1., {0, 1}, adaptive{})),
                    "far enough");
}

TEST_CASE("no step allocates, whatever is observed, and a stepper kept allocates no stage") {
  const counted_state x0(17, 1.);
  const auto allocations = [&](auto&& run) {
    const int before = counting<double>::allocations;
    run();
    return counting<double>::allocations - before;
  };
  const auto fixed_steps = [&](std::int64_t n, auto&&... observers) {
    return allocations([&] {
      CHECK(integrate<rk4_classic>(decay_by_map, x0, {0, 1}, fixed{.steps = n}, observers...).ok());
    });
  };
  const auto adaptive_steps = [&](double tolerance, auto&&... observers) {
    return allocations([&] {
      CHECK(integrate<dormand_prince54>(decay_by_map, x0, {0, 1},
                                        adaptive{.rtol = tolerance, .atol = tolerance},
                                        observers...)
                .ok());
    });
  };
  auto watch = [&, y = x0](const auto& step) mutable { step.at((step.t0 + step.t1) / 2, y); };
  CHECK(fixed_steps(1) > 0);  // control: the counter counts
  CHECK(fixed_steps(1000) == fixed_steps(1));
  CHECK(fixed_steps(1000, watch) == fixed_steps(1, watch));
  CHECK(adaptive_steps(1e-10) == adaptive_steps(1e-3));
  CHECK(adaptive_steps(1e-10, watch) == adaptive_steps(1e-3, watch));

  stepper_t<rk4_classic, counted_state> kept(x0);
  counted_state start = x0;
  CHECK(allocations([&] {
          const auto end =
              integrate(kept, decay_by_map, std::move(start), {0, 1}, fixed{.steps = 10});
          CHECK(end.ok());
        }) == 0);
}

TEST_CASE("a stepper that is kept starts anew") {
  stepper_t<dormand_prince54, double> kept(0.);
  const auto first = integrate(kept, logistic, .6, {0, 2}, adaptive{});
  const auto second = integrate(kept, logistic, .6, {0, 2}, adaptive{});
  CHECK(first.x == second.x);
  CHECK(first.stats.evaluations == second.stats.evaluations);
  const auto other = integrate(kept, decay, 1., {0, 1}, fixed{.steps = 100});
  CHECK(std::abs(other.x - std::exp(-1.)) <= 1e-12);
}
