// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/eigen/mlp.hpp>
#include <kutta/layers/activation.hpp>
#include <kutta/layers/call.hpp>
#include <kutta/layers/check_residual.hpp>
#include <kutta/layers/sequential.hpp>
#include <kutta/layers/with_rate.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/tensor.hpp>

#include "support/random.hpp"

namespace {

using kutta::layers::mlp;
using kutta::layers::sizes;
namespace activations = kutta::activations;

using dynamic = mlp<double, sizes<Eigen::Dynamic, Eigen::Dynamic, Eigen::Dynamic>>;
using fixed = mlp<double, sizes<2, 50, 2>>;
using fixed_float = mlp<float, sizes<2, 50, 2>>;
using wide_float = mlp<float, sizes<64, 64, 64>>;
using single = mlp<double, sizes<2, 50, 2>, activations::tanh, 1>;
using narrowing = mlp<double, sizes<3, 8, 2>>;

static_assert(kutta::residual<dynamic> && kutta::residual<fixed> && kutta::residual<single>);
static_assert(kutta::layer<narrowing> && !kutta::residual<narrowing>);
static_assert(kutta::has_jvp<dynamic> && kutta::samples_independent<fixed>);
static_assert(std::is_same_v<decltype(mlp{2, 50, 2}), dynamic>);

/// Weights and biases uniform on [−1, 1].
template <class L>
typename L::params random_params(const L& net, unsigned seed) {
  std::mt19937 generator(seed);
  kutta::test::splitmix64 random(seed);
  return kutta::test::random_like(net.make_params(generator), random);
}

template <class L>
kutta::input_t<L> random_input(Eigen::Index rows, Eigen::Index samples) {
  kutta::test::splitmix64 random(7);
  return kutta::test::random_like(kutta::input_t<L>::Zero(rows, samples).eval(), random);
}

template <class L>
kutta::output_t<L> value(const L& net, const typename L::params& theta,
                         const kutta::input_t<L>& x) {
  auto saved = net.make_tape(theta, x);
  auto scratch = net.make_scratch(theta, x);
  auto y = net.make_output(theta, x);
  kutta::detail::forward(net, theta, x, y, saved, kutta::context<L>{0, 0, 0, scratch});
  return y;
}

/// The same by a loop over scalars in long double, one sample at a time.
template <class A, class P, class X>
Eigen::MatrixXd by_hand(const P& theta, const X& x) {
  using column = Eigen::Matrix<long double, Eigen::Dynamic, 1>;
  constexpr std::size_t maps = std::tuple_size_v<P>;
  Eigen::MatrixXd y;
  for (Eigen::Index s = 0; s < x.cols(); ++s) {
    column h = x.col(s).template cast<long double>();
    std::size_t l = 0;
    const auto layer = [&](const auto& p) {
      column z(p.w.rows());
      for (Eigen::Index i = 0; i < z.size(); ++i) {
        z(i) = p.b(i);
        for (Eigen::Index j = 0; j < h.size(); ++j) z(i) += p.w(i, j) * h(j);
        if (l + 1 < maps) z(i) = A{}(z(i));
      }
      h = z;
      ++l;
    };
    std::apply([&](const auto&... p) { (layer(p), ...); }, theta);
    y.conservativeResize(h.size(), x.cols());
    y.col(s) = h.template cast<double>();
  }
  return y;
}

template <class A, class L>
void check_values(const L& net, Eigen::Index rows, Eigen::Index samples, double tolerance = 200) {
  CAPTURE(samples);
  const auto theta = random_params(net, 3);
  const auto x = random_input<L>(rows, samples);
  const auto y = value(net, theta, x);
  const Eigen::MatrixXd expected = by_hand<A>(theta, x);
  REQUIRE(y.rows() == expected.rows());
  REQUIRE(y.cols() == expected.cols());
  // Sums of at most 101 terms of size 1, twice or three times.
  const double epsilon = std::numeric_limits<typename kutta::output_t<L>::Scalar>::epsilon();
  CHECK((y.template cast<double>() - expected).cwiseAbs().maxCoeff() <= tolerance * epsilon);
}

template <class L>
void check_derivatives(const L& net, Eigen::Index rows, Eigen::Index samples) {
  CAPTURE(samples);
  const auto report =
      kutta::check_residual(net, random_params(net, 5), random_input<L>(rows, samples));
  INFO(report.text());
  CHECK(report.ok());
}

/// The gradients of a block of R, whose weights change between calls, are those of a new workspace.
template <class R>
void takes_the_weights_of_every_call(const R& residual, std::size_t cells) {
  CAPTURE(cells);
  const kutta::ode_block<R, kutta::schemes::rk4_classic, kutta::bases::piecewise_constant> f(
      residual, kutta::bases::piecewise_constant(static_cast<std::int64_t>(cells)), {.steps = 6});
  const auto x0 = random_input<dynamic>(17, 9);
  const auto loss = [](const auto& x1, std::size_t, auto& dx1) {
    kutta::add(dx1, dx1, kutta::scaled{1, x1});
    return kutta::inner_product(x1, x1) / 2;
  };
  const auto gradient = [&](const auto& theta, auto& ws) {
    auto dx = x0;
    auto dtheta = kutta::zeros_like(theta);
    f.gradient(theta, x0, loss, dx, dtheta, ws);
    return dx;
  };
  std::mt19937 generator(1);
  kutta::test::splitmix64 random(1);
  const auto weights = [&] {
    return kutta::test::random_like(residual.make_params(generator), random, -.3, .3);
  };
  std::vector<typename R::params> theta;
  for (std::size_t k = 0; k < cells; ++k) theta.push_back(weights());
  auto ws = f.make_workspace(theta, x0);
  auto tiled = f.make_workspace(theta, x0, kutta::execution{.tile = 5});
  for (int call = 0; call < 2; ++call) {
    theta[0] = weights();
    auto other = f.make_workspace(theta, x0);
    const auto expected = gradient(theta, other);
    CHECK(gradient(theta, ws) == expected);
    CHECK((gradient(theta, tiled) - expected).norm() <= 1e-13 * expected.norm());
    // dL/dε of x0 + ε v by central differences, whose step makes an error of 1e-10
    const Eigen::MatrixXd v = Eigen::MatrixXd::Ones(17, 9);
    const double eps = 1e-5;
    const auto value = [&](double e) {
      const Eigen::MatrixXd x1 = f(theta, x0 + e * v);
      return x1.squaredNorm() / 2;
    };
    const double slope = (value(eps) - value(-eps)) / (2 * eps);
    CHECK(std::abs(expected.cwiseProduct(v).sum() - slope) <= 1e-7 * std::abs(slope));
  }
}

}  // namespace

// The numbers of samples are such that each way to compute is taken, with and without a remainder.
TEST_CASE("values of an mlp are those of the plain loop") {
  for (const int samples : {1, 2, 3, 7, 8, 16, 37}) {
    check_values<activations::tanh>(dynamic{2, 50, 2}, 2, samples);
    check_values<activations::tanh>(dynamic{4, 200, 4}, 4, samples);
    check_values<activations::tanh>(dynamic{3, 6, 1}, 3, samples);
    check_values<activations::tanh>(mlp{3, 5, 4, 3}, 3, samples);
    check_values<activations::tanh>(fixed_float{}, 2, samples);
    check_values<activations::tanh>(narrowing{}, 3, samples);
    check_values<activations::tanh>(mlp{3, 3}, 3, samples);
    check_values<activations::relu>(mlp<double, sizes<2, 9, 2>, activations::relu>{}, 2, samples);
    check_values<activations::relu>(mlp<double, sizes<33, 9, 65>, activations::relu>{}, 33,
                                    samples);
    check_values<activations::tanh>(wide_float{}, 64, samples);
    for (const int width : {17, 50, 65, 100})
      check_values<activations::tanh>(mlp{width, 65, 3, width}, width, samples);
  }
  // Too large for mlp_products, a sum of 70000 terms.
  check_values<activations::tanh>(dynamic{2, 70000, 2}, 2, 5, 2000);
  check_values<activations::tanh>(single{}, 2, 1);
}

TEST_CASE("vjp and jvp of an mlp pass check_residual") {
  for (const int samples : {1, 2, 7, 8, 11}) {
    check_derivatives(dynamic{2, 5, 2}, 2, samples);
    check_derivatives(dynamic{4, 200, 4}, 4, samples);
    check_derivatives(dynamic{3, 6, 1}, 3, samples);
    check_derivatives(mlp{3, 5, 4, 3}, 3, samples);
    check_derivatives(fixed_float{}, 2, samples);
    check_derivatives(narrowing{}, 3, samples);
    check_derivatives(wide_float{}, 64, samples);
    check_derivatives(mlp{17, 65, 3, 50}, 17, samples);
    check_derivatives(mlp{50, 1, 100}, 50, samples);
  }
  check_derivatives(single{}, 2, 1);
}

TEST_CASE("an mlp treats every sample alone, whatever the batch around it") {
  for (const int n : {2, 40}) {
    const dynamic net{n, 50, n};
    const auto theta = random_params(net, 3);
    const auto x = random_input<dynamic>(n, 37);
    const auto y = value(net, theta, x);
    for (Eigen::Index s = 0; s < x.cols(); ++s) {
      const Eigen::MatrixXd alone = value(net, theta, x.col(s).eval());
      CHECK((y.col(s) - alone).cwiseAbs().maxCoeff() <= 5e-14);
    }
  }
}

TEST_CASE("an mlp transposes its weights anew unless it is told that they are the same") {
  const dynamic net{17, 65, 17};
  const auto x = random_input<dynamic>(17, 5);
  const auto first = random_params(net, 1), second = random_params(net, 2);
  auto scratch = net.make_scratch(first, x);
  const auto dx_of = [&](const auto& theta, std::uint64_t key, auto& in) {
    auto saved = net.make_tape(theta, x);
    Eigen::MatrixXd y = x, dx = Eigen::MatrixXd::Zero(17, 5);
    auto dtheta = kutta::zeros_like(theta);
    net.forward(theta, x, y, saved, {0, 0, 0, in});
    net.vjp(theta, x, saved, x, dx, dtheta, {0, 0, 0, in, nullptr, key});
    return dx;
  };
  const auto fresh = [&](const auto& theta) {
    auto unused = net.make_scratch(theta, x);
    return dx_of(theta, 0, unused);
  };
  CHECK(dx_of(first, 7, scratch) == fresh(first));
  CHECK(dx_of(first, 7, scratch) == fresh(first));
  CHECK(dx_of(second, 8, scratch) == fresh(second));
  CHECK(dx_of(first, 0, scratch) == fresh(first));
  CHECK(dx_of(second, 0, scratch) == fresh(second));
  CHECK(dx_of(first, 8, scratch) == fresh(first));    // not those that were there before 0
  CHECK(dx_of(second, 8, scratch) != fresh(second));  // the same key: they are kept
}

TEST_CASE("a block of mlps takes the weights of every cell and every call") {
  const dynamic net{17, 65, 17};
  for (const std::size_t cells : {1U, 3U}) {
    takes_the_weights_of_every_call(net, cells);
    takes_the_weights_of_every_call(kutta::layers::with_rate<dynamic>(net), cells);
    takes_the_weights_of_every_call(kutta::layers::sequential{net, net}, cells);
  }
}

TEST_CASE("the scratch of an mlp counts its bytes") {
  const auto bytes = [](const auto& net, const auto& x) {
    return net.make_scratch(random_params(net, 1), x).heap_bytes();
  };
  const auto x = [](int rows, int samples) { return Eigen::MatrixXd::Zero(rows, samples).eval(); };
  // adjoints of 65 × 5 and two weights of 65 × 17; adjoints alone
  CHECK(bytes(dynamic{17, 65, 17}, x(17, 5)) == (65 * 5 + 2 * 65 * 17) * sizeof(double));
  CHECK(bytes(dynamic{17, 65, 17}, x(17, 1)) == 65 * sizeof(double));
  // 2 + 2 and 2 + 5 + 2 features on a strip of two registers, and a register for 27 numbers
  CHECK(bytes(dynamic{2, 5, 2}, x(2, 32)) == (13 * 2 + 27) * kutta::register_bytes);
}

TEST_CASE("an mlp of wrong widths is refused by name") {
  CHECK_THROWS_WITH_AS((mlp{2, 0, 2}), "mlp: width 1 must be at least 1, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS((mlp{-1, 3}), "mlp: width 0 must be at least 1, got -1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS((fixed{2, 49, 2}), "mlp: width 1 must be 50, got 49", std::invalid_argument);
  CHECK_NOTHROW(fixed{2, 50, 2});

  const dynamic net{2, 5, 2};
  const auto theta = random_params(net, 1);
  const Eigen::MatrixXd x = Eigen::MatrixXd::Zero(2, 3), tall = Eigen::MatrixXd::Zero(3, 3);
  CHECK_THROWS_WITH_AS(net.make_tape(theta, tall), "mlp: expected x of shape (2, 3), got (3, 3)",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(net.make_tape(random_params(dynamic{2, 6, 2}, 1), x),
                       "mlp: expected theta[0].w of shape (5, 2), got (6, 2)",
                       std::invalid_argument);
  auto short_bias = theta;
  std::get<1>(short_bias).b.resize(1);
  CHECK_THROWS_WITH_AS(net.make_tape(short_bias, x),
                       "mlp: expected theta[1].b of shape (2, 1), got (1, 1)",
                       std::invalid_argument);
}

TEST_CASE("a seeded initialisation has mean 0, the variance it promises, and can be repeated") {
  const mlp net{300, 100, 50};
  std::mt19937_64 generator(1), again(1), other(2);
  const auto theta = net.make_params(generator);
  const auto& w = std::get<0>(theta).w;
  const double n = static_cast<double>(w.size()), variance = 2. / (300 + 100);
  CHECK(w.rows() == 100);
  CHECK(w.cols() == 300);
  CHECK(std::abs(w.mean()) <= 4 * std::sqrt(variance / n));  // four standard errors each
  CHECK(std::abs(w.squaredNorm() / n - variance) <= 4 * variance * std::sqrt(2 / n));
  CHECK(std::abs(std::get<1>(theta).w.squaredNorm() / 5000 - 2. / 150) <=
        4 * (2. / 150) * std::sqrt(2. / 5000));
  CHECK(std::get<0>(theta).b == Eigen::VectorXd::Zero(100));
  CHECK(std::get<1>(theta).b == Eigen::VectorXd::Zero(50));
  CHECK(std::get<0>(net.make_params(again)).w == w);
  CHECK(std::get<0>(net.make_params(other)).w != w);
}
