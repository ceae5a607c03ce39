// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/layers/check_residual.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/product.hpp>

namespace {

enum class mistake {
  none,
  vjp_sign,          // dx has the wrong sign
  vjp_overwrites,    // dtheta.a is written, not added to
  vjp_forgets,       // dtheta.b stays as it is
  vjp_one_element,   // dtheta.a[2] is half of what it should be
  vjp_nan,           // dx[1] is nan
  forward_adds,      // y is added to
  forward_skips,     // y[4] is not written
  forward_infinite,  // y[3] is infinite
  jvp_adds,          // vy is added to
  jvp_forgets,       // the tangent of b has no effect
  jvp_small,         // vy is off by a factor 1 + 1e-6
  jvp_smallest,      // vy is off by a factor 1 + 4e-12, which no difference can show
};

template <class S>
struct params {
  std::vector<S> a, b;
  static constexpr auto fields =
      std::tuple{kutta::field{"a", &params::a}, kutta::field{"b", &params::b}};
};

/// y_i = a_i sin(x_i) + b_i x_{i−1}, cyclic: couples neighbours, so that J is not diagonal.
template <mistake M, class S = double>
struct wave {
  using state = std::vector<S>;
  using params = ::params<S>;
  struct tape {};

  static std::size_t before(std::size_t i, const state& x) { return (i + x.size() - 1) % x.size(); }

  void forward(const params& theta, const state& x, state& y, tape&) const {
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (M == mistake::forward_skips && i == 4) continue;
      const S value = theta.a[i] * std::sin(x[i]) + theta.b[i] * x[before(i, x)];
      y[i] = M == mistake::forward_adds ? y[i] + value : value;
      if (M == mistake::forward_infinite && i == 3) y[i] = std::numeric_limits<S>::infinity();
    }
  }

  void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
           params& dtheta) const {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const S along_a = dy[i] * std::sin(x[i]);
      dx[i] += (M == mistake::vjp_sign ? -1 : 1) * dy[i] * theta.a[i] * std::cos(x[i]);
      dx[before(i, x)] += (M == mistake::vjp_sign ? -1 : 1) * dy[i] * theta.b[i];
      if (M == mistake::vjp_nan && i == 1) dx[i] = std::numeric_limits<S>::quiet_NaN();
      if (M == mistake::vjp_overwrites)
        dtheta.a[i] = along_a;
      else
        dtheta.a[i] += M == mistake::vjp_one_element && i == 2 ? along_a / 2 : along_a;
      if (M != mistake::vjp_forgets) dtheta.b[i] += dy[i] * x[before(i, x)];
    }
  }

  void jvp(const params& theta, const state& x, const tape&, const state& vx, const params& vtheta,
           state& vy) const {
    for (std::size_t i = 0; i < x.size(); ++i) {
      S value = theta.a[i] * std::cos(x[i]) * vx[i] + theta.b[i] * vx[before(i, x)] +
                vtheta.a[i] * std::sin(x[i]);
      if (M != mistake::jvp_forgets) value += vtheta.b[i] * x[before(i, x)];
      if (M == mistake::jvp_small) value *= S(1 + 1e-6);
      if (M == mistake::jvp_smallest) value *= S(1 + 4e-12);
      vy[i] = M == mistake::jvp_adds ? vy[i] + value : value;
    }
  }
};

template <class S>
std::vector<S> random_vector(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<S> uniform(S(0.5), S(1.5));
  std::vector<S> x(n);
  for (auto& v : x) v = uniform(generator);
  return x;
}

template <mistake M, class S = double>
kutta::residual_report check(std::size_t n) {
  return kutta::check_residual(wave<M, S>{}, {random_vector<S>(n, 1), random_vector<S>(n, 2)},
                               random_vector<S>(n, 3));
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  INFO(part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE_TEMPLATE("right derivatives pass, element by element and by random sums", S, float,
                   double) {
  for (const std::size_t n : {2u, 7u, 200u, 201u, 1000u}) {
    const auto report = check<mistake::none, S>(n);
    INFO(report.text());
    CHECK(report.ok());
    CHECK(static_cast<bool>(report));
    CHECK(report.text() == "no fault");
  }
}

TEST_CASE("a vjp of the wrong sign is named, with both values") {
  const auto report = check<mistake::vjp_sign>(7);
  CHECK(!report);
  REQUIRE(report.faults.size() == 1);  // nothing about theta, nothing about jvp
  CHECK(contains(report.faults[0], "dx, shape (7): 7 of 7 elements wrong; element 0: vjp gives "));
  CHECK(contains(report.faults[0], ", differences give "));
}

TEST_CASE("a vjp that overwrites is named") {
  const auto report = check<mistake::vjp_overwrites>(7);
  REQUIRE(report.faults.size() == 1);
  CHECK(contains(report.faults[0], "vjp must add to dtheta.a, element 0: "));
}

TEST_CASE("a vjp that forgets a parameter is named") {
  const auto report = check<mistake::vjp_forgets>(7);
  REQUIRE(report.faults.size() == 1);
  CHECK(contains(report.faults[0],
                 "dtheta.b, shape (7): 7 of 7 elements wrong; element 0: vjp gives 0, "));
}

TEST_CASE_TEMPLATE("one wrong element is found, in small and in large leaves", S, float, double) {
  const auto small = check<mistake::vjp_one_element, S>(7);
  REQUIRE(small.faults.size() == 1);
  CHECK(contains(small.faults[0], "dtheta.a, shape (7): 1 of 7 elements wrong; element 2: "));

  const auto large = check<mistake::vjp_one_element, S>(1000);
  REQUIRE(large.faults.size() == 1);
  CHECK(contains(large.faults[0], "dtheta.a, shape (1000): element 2: vjp gives "));
}

TEST_CASE("a vjp that gives nan is named") {
  const auto report = check<mistake::vjp_nan>(7);
  REQUIRE(!report.faults.empty());
  CHECK(contains(report.text(), "dx, shape (7): 1 of 7 elements wrong; element 1: vjp gives nan"));
}

TEST_CASE("a forward that adds, skips or is not finite is named") {
  CHECK(contains(check<mistake::forward_adds>(7).text(), "forward must overwrite y: y, element 0"));
  CHECK(contains(check<mistake::forward_skips>(7).text(),
                 "forward must overwrite y: y, element 4 is 0 where y held 0, and nan"));
  CHECK(check<mistake::forward_infinite>(7).text() == "forward: y, element 3 is inf");
}

TEST_CASE("a wrong jvp is named, and the vjp is not blamed") {
  const auto adds = check<mistake::jvp_adds>(7);
  CHECK(adds.faults.size() == 3);  // along x, theta.a and theta.b
  CHECK(contains(adds.text(), "jvp along x must overwrite vy: "));

  const auto forgets = check<mistake::jvp_forgets>(7);
  REQUIRE(forgets.faults.size() == 1);
  CHECK(contains(forgets.faults[0],
                 "jvp along theta.b, shape (7): <w, jvp(v)> gives 0, differences give "));

  const auto off = check<mistake::jvp_small>(7);
  CHECK(off.faults.size() == 3);
  CHECK(contains(off.text(), "jvp along theta.a, shape (7): <w, jvp(v)> gives "));

  const auto barely = check<mistake::jvp_smallest>(7);
  CHECK(barely.faults.size() == 3);
  CHECK(contains(barely.text(), "jvp along theta.b, shape (7): <w, jvp(v)> = "));
  CHECK(contains(barely.text(), " differs from <vjp(w), v> = "));
}

namespace {

/// y = |x − c|: a kink near x spoils differences across it.
struct kinked {
  using state = double;
  using params = double;
  struct tape {};
  void forward(double c, double x, double& y, tape&) const { y = std::abs(x - c); }
  void vjp(double c, double x, const tape&, double dy, double& dx, double& dc) const {
    const double slope = x > c ? 1 : -1;
    dx += slope * dy;
    dc -= slope * dy;
  }
};

/// y = 1/x beyond 1, and infinite below. The vjp is right where theta is 1.
struct cliff {
  using state = double;
  using params = double;
  struct tape {};
  void forward(double, double x, double& y, tape&) const {
    y = x < 1 ? std::numeric_limits<double>::infinity() : 1 / x;
  }
  void vjp(double theta, double x, const tape&, double dy, double& dx, double&) const {
    dx -= theta * dy / (x * x);
  }
};

/// A layer with other ends than a residual, its time, scratch and a tape that has a size.
struct clocked_sum {
  using input = std::vector<double>;
  using output = double;
  using params = std::tuple<double, std::vector<double>>;
  using tape = std::vector<double>;
  struct scratch {
    double total = 0;
  };

  tape make_tape(const params&, const input& x) const { return tape(x.size()); }
  output make_output(const params&, const input&) const { return 0; }

  void forward(const params& theta, const input& x, output& y, tape& saved,
               const kutta::context<clocked_sum>& at) const {
    at.scratch.total = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      saved[i] = std::get<0>(theta) * x[i];
      at.scratch.total += std::get<1>(theta)[i] * saved[i];
    }
    y = at.t * at.scratch.total;
  }
  void vjp(const params& theta, const input& x, const tape& saved, const output& dy, input& dx,
           params& dtheta, const kutta::context<clocked_sum>& at) const {
    for (std::size_t i = 0; i < x.size(); ++i) {
      dx[i] += at.t * dy * std::get<1>(theta)[i] * std::get<0>(theta);
      std::get<0>(dtheta) += at.t * dy * std::get<1>(theta)[i] * x[i];
      std::get<1>(dtheta)[i] += 2 * dy * saved[i];  // right where t = 2 only
    }
  }
};

}  // namespace

TEST_CASE("a kink close by is no fault; one at the point itself is") {
  for (const double distance : {1., 1e-3, 1e-5, 1e-7}) {
    const auto report = kutta::check_residual(kinked{}, 1., 1. + distance);
    INFO(report.text());
    CHECK(report.ok());
  }
  CHECK(!kutta::check_residual(kinked{}, 1., 1.));
}

TEST_CASE("an infinite difference confirms nothing") {
  // Steps are fractions of x: near 1.0006 the first of them reaches beyond the edge, its half not.
  for (const double x : {1., 1.0002, 1.0004, 1.0006, 1.5}) {
    CAPTURE(x);
    CHECK(kutta::check_residual(cliff{}, 1., x).ok() == (x > 1));
    const auto report = kutta::check_residual(cliff{}, 2., x);
    REQUIRE(report.faults.size() == 1);
    CHECK(contains(report.faults[0], "dx: 1 of 1 elements wrong; element 0: vjp gives "));
  }
}

TEST_CASE("scales far from 1 neither raise a fault nor hide one") {
  for (const double scale : {1e-6, 1e6}) {
    auto a = random_vector<double>(7, 1), b = random_vector<double>(7, 2);
    for (auto& v : a) v *= scale;
    for (auto& v : b) v *= scale;
    const auto x = random_vector<double>(7, 3);
    CHECK(kutta::check_residual(wave<mistake::none>{}, {a, b}, x).ok());
    CHECK(kutta::check_residual(wave<mistake::vjp_one_element>{}, {a, b}, x).faults.size() == 1);
  }
}

TEST_CASE("layers with other ends, tapes, scratch and time are called as they wish") {
  const clocked_sum::params theta{0.5, {1., 2., 3.}};
  const std::vector<double> x{0.3, -0.2, 0.7};
  const auto at_two = kutta::check_residual(clocked_sum{}, theta, x, 2);
  INFO(at_two.text());
  CHECK(at_two.ok());
  const auto at_three = kutta::check_residual(clocked_sum{}, theta, x, 3);
  REQUIRE(at_three.faults.size() == 1);
  CHECK(contains(at_three.faults[0], "dtheta[1], shape (3): 3 of 3 elements wrong"));
}
