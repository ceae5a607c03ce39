// SPDX-License-Identifier: Apache-2.0
//
// What memory_of promises against what malloc hands out. Replaces malloc, so it is a program of its
// own.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/eigen/implicit_block.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/parallel.hpp>
#include <kutta/layers/stitch.hpp>
#include <kutta/layers/with_rate.hpp>
#include <kutta/ode/adaptive_memory.hpp>
#include <kutta/ode/keep_disk.hpp>
#include <kutta/ode/keep_online.hpp>
#include <kutta/ode/memory.hpp>
#include <kutta/ode/observed_step.hpp>
#include <kutta/ode/reversible.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/implicit.hpp>
#include <kutta/schemes/second_order.hpp>

#include "support/heap.hpp"
#include "typed/elementwise_logistic.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::test::peak_of;

/// R(theta, x) = sin(W x), which allocates nothing inside a call, and counts the calls.
struct sine {
  using state = MatrixXd;
  using params = MatrixXd;
  struct tape {
    MatrixXd cosine;
    static constexpr auto fields = std::tuple{kutta::field{"cosine", &tape::cosine}};
  };
  struct scratch {
    MatrixXd g;
    std::size_t heap_bytes() const { return static_cast<std::size_t>(g.size()) * sizeof(double); }
  };
  static constexpr bool samples_independent = true;

  tape make_tape(const params&, const state& x) const { return {kutta::zeros_like(x)}; }
  scratch make_scratch(const params&, const state& x) const { return {kutta::zeros_like(x)}; }

  void forward(const params& w, const state& x, state& y, tape& saved) const {
    y.noalias() = w.lazyProduct(x);
    saved.cosine = y.array().cos();
    y = y.array().sin();
    ++evaluations;
  }
  void vjp(const params& w, const state& x, const tape& saved, const state& dy, state& dx,
           params& dw, const kutta::context<sine>& at) const {
    MatrixXd& g = at.scratch.g;
    g = saved.cosine.cwiseProduct(dy);
    dx.noalias() += w.transpose().lazyProduct(g);
    dw.noalias() += g.lazyProduct(x.transpose());
    ++transposed;
  }

  static inline std::int64_t evaluations = 0, transposed = 0;
};

const auto sum_loss = [](const auto& x1, std::size_t, auto& dx1) {
  kutta::add(dx1, dx1, kutta::scaled{1, x1});
  return 0.;
};

/// A workspace and a gradient on it take what memory_of says, to 1 %.
template <class F, class C, class X, class... How>
void check_bytes(const F& f, const C& theta, const X& x0, const How&... how) {
  const kutta::memory_use need = kutta::memory_of(f, theta, x0, how...);
  X dx = kutta::zeros_like(x0);
  auto dtheta = kutta::zeros_like(theta);
  const std::size_t peak = peak_of([&] {
    auto ws = f.make_workspace(theta, x0, how...);
    f.gradient(theta, x0, sum_loss, dx, dtheta, ws);
  });
  CHECK(double(peak) >= .99 * double(need.bytes()));
  CHECK(double(peak) <= 1.01 * double(need.bytes()));
}

template <class F, class C, class X>
void check_all_policies(const F& f, const C& theta, const X& x0) {
  check_bytes(f, theta, x0, kutta::keep::everything{});
  check_bytes(f, theta, x0, kutta::keep::steps{});
  check_bytes(f, theta, x0, kutta::keep::every{4});
  check_bytes(f, theta, x0, kutta::keep::binomial{3});
  check_bytes(f, theta, x0, kutta::keep::online{3});
  check_bytes(f, theta, x0, kutta::keep::disk{"/tmp", 1});
  check_bytes(f, theta, x0, kutta::keep::disk{"/tmp", 3});
}

template <class S>
using sine_block = kutta::ode_block<sine, S, kutta::bases::hat>;
const std::vector<MatrixXd> sine_weights(2, MatrixXd::Constant(4, 4, .1));
const MatrixXd large = MatrixXd::Ones(4, 32768);  // 1 MiB

struct two_matrices {
  MatrixXd a, b;
  static constexpr auto fields =
      std::tuple{kutta::field{"a", &two_matrices::a}, kutta::field{"b", &two_matrices::b}};
};

constexpr bool not_counted = !kutta::test::heap_is_counted;

/// A megabyte, which the compiler cannot leave out.
void use_a_megabyte() {
  void* volatile bytes = std::malloc(1 << 20);
  std::free(bytes);
}

}  // namespace

TEST_CASE("control: what malloc hands out is counted" * doctest::skip(not_counted)) {
  const std::size_t mib = 1 << 20;
  const auto is_a_megabyte = [&](std::size_t bytes) {
    return bytes >= mib && bytes < mib + mib / 100;
  };
  CHECK(peak_of([] {}) == 0);
  CHECK(is_a_megabyte(peak_of(use_a_megabyte)));
  CHECK(is_a_megabyte(peak_of([] {
    use_a_megabyte();
    use_a_megabyte();
  })));
  MatrixXd x;
  CHECK(is_a_megabyte(peak_of([&] { x = large; })));
  CHECK(peak_of([&] { x = large; }) == 0);
  CHECK(is_a_megabyte(peak_of(use_a_megabyte)));
}

TEST_CASE_TEMPLATE("Eigen states of 1 MiB take the bytes that were promised" *
                       doctest::skip(not_counted),
                   S, kutta::schemes::euler, kutta::schemes::ralston2) {
  const sine_block<S> f{{}, kutta::bases::hat(2), {.steps = 7}};
  check_all_policies(f, sine_weights, large);
}

TEST_CASE("states in std::vector take the bytes that were promised" * doctest::skip(not_counted)) {
  using residual = kutta::test::elementwise_logistic<std::vector<double>>;
  const std::vector<double> x0(131072, .25);
  const std::vector<residual::params> theta(2, {x0, x0});
  const kutta::ode_block<residual, kutta::schemes::rk4_classic, kutta::bases::hat> f{
      {}, kutta::bases::hat(2), {.steps = 9}};
  check_all_policies(f, theta, x0);
}

TEST_CASE("reversible steps, and steps that are read between their ends" *
          doctest::skip(not_counted)) {
  namespace schemes = kutta::schemes;
  const sine_block<schemes::reversible<schemes::midpoint>> reversible{
      {}, kutta::bases::hat(2), {.steps = 5}};
  check_bytes(reversible, sine_weights, large, kutta::keep::everything{});
  check_bytes(reversible, sine_weights, large, kutta::keep::binomial{2});
  check_bytes(reversible, sine_weights, large, kutta::keep::ends{});
  const sine_block<kutta::observed<kutta::keeping_errors<schemes::heun_euler21>>> observed{
      {}, kutta::bases::hat(2), {.steps = 5}};
  check_bytes(observed, sine_weights, large, kutta::keep::everything{});
}

TEST_CASE("implicit steps: the matrices of the solver" * doctest::skip(not_counted)) {
  struct decay {  // R(theta, x) = −theta x
    using state = Eigen::VectorXd;
    using params = double;
    struct tape {};
    void forward(double theta, const state& x, state& y, tape&) const { y = -theta * x; }
    void vjp(double theta, const state& x, const tape&, const state& dy, state& dx,
             double& dtheta) const {
      dx -= theta * dy;
      dtheta -= x.dot(dy);
    }
    void jacobian(double theta, const state&, Eigen::MatrixXd& j) const {
      j.setZero();
      j.diagonal().array() = -theta;
    }
  };
  const std::vector<double> theta(2, .5);
  const Eigen::VectorXd x0 = Eigen::VectorXd::Ones(300);
  const kutta::ode_block<decay, kutta::schemes::sdirk2, kutta::bases::hat> f{
      {}, kutta::bases::hat(2), {.steps = 4}};
  check_bytes(f, theta, x0, kutta::keep::everything{});
  check_bytes(f, theta, x0, kutta::keep::steps{});
}

TEST_CASE("images: tapes and scratch of layers one behind the other and side by side" *
          doctest::skip(not_counted)) {
  using kutta::bases::hat;
  using kutta::schemes::midpoint;
  using namespace kutta::layers;
  const image_shape images{32, 32, 16};  // 128 KiB each
  std::mt19937 random(1);
  const MatrixXd x0 = MatrixXd::Random(static_cast<Eigen::Index>(images.size()), 8);
  const auto check = [&]<class R>(const R& r, const typename R::params& theta, const auto& keep) {
    const kutta::ode_block<R, midpoint, hat> f{r, hat(2), {.steps = 3}};
    const std::vector weights(2, theta);
    const auto need = static_cast<double>(kutta::memory_of(f, weights, x0, keep).bytes());
    MatrixXd dx = x0;
    auto dweights = kutta::zeros_like(weights);
    const std::size_t before = kutta::test::heap_in_use;
    auto ws = f.make_workspace(weights, x0, keep);
    CHECK(double(kutta::test::heap_in_use - before) == doctest::Approx(need).epsilon(.01));
    CHECK(double(peak_of([&] { f.gradient(weights, x0, sum_loss, dx, dweights, ws); })) <=
          .01 * need);
  };
  const auto check_both = [&]<class R>(const R& r, const typename R::params& theta) {
    check(r, theta, kutta::keep::everything{});
    check(r, theta, kutta::keep::steps{});
  };
  const auto stack = normalised_convolutions<MatrixXd>(images, 16);
  const auto theta = stack.make_params(random);
  check_both(stack, theta);
  check_both(with_rate{stack}, {theta, .5});
  const parallel unit{conv2d<MatrixXd>(images, 16), stack};
  check_both(unit, unit.make_params(random));
}

TEST_CASE("steps to a tolerance take the bytes of as many as there may be" *
          doctest::skip(not_counted)) {
  using scheme = kutta::schemes::heun_euler21;
  const auto check = [&]<class S>(S, const auto& keep) {
    const kutta::adaptive_block<sine, S, kutta::bases::hat> f{
        {}, kutta::bases::hat(2), {.steps = {.rtol = 1e-2, .atol = 1e-2, .max_steps = 12}}};
    const kutta::memory_use need = kutta::memory_of(f, sine_weights, large, keep);
    MatrixXd dx = large;
    auto dtheta = kutta::zeros_like(sine_weights);
    std::int64_t steps = 0;
    const std::size_t peak = peak_of([&] {
      auto ws = f.make_workspace(sine_weights, large, keep);
      CHECK(f.forward(sine_weights, large, ws));
      steps = ws.grid.count();
      f.backprop(sine_weights, dx, dtheta, ws);
    });
    CHECK(steps > 1);
    CHECK(double(peak) >= .99 * double(need.bytes()));
    CHECK(double(peak) <= 1.01 * double(need.bytes()));
    CHECK(need.forward == 12 * 2);
  };
  check(scheme{}, kutta::keep::everything{});
  check(scheme{}, kutta::keep::steps{});
  check(scheme{}, kutta::keep::online{3});
  check(kutta::keeping_errors<scheme>{}, kutta::keep::everything{});
}

TEST_CASE("a tiled workspace takes the bytes that were promised" * doctest::skip(not_counted)) {
  const sine_block<kutta::schemes::midpoint> f{{}, kutta::bases::hat(2), {.steps = 5}};
  for (const std::size_t threads : {1u, 2u})
    for (const std::size_t tile : {8192u, 10000u, 40000u}) {
      CAPTURE(threads);
      CAPTURE(tile);
      const kutta::execution how{.threads = threads, .tile = tile, .shards = 3};
      check_bytes(f, sine_weights, large, how, kutta::keep::everything{});
      check_bytes(f, sine_weights, large, how, kutta::keep::binomial{2});
      check_bytes(f, sine_weights, large, how, kutta::keep::disk{"/tmp", 2});
    }
}

TEST_CASE("what a 1 MiB state needs, by hand") {
  const std::size_t mib = 1 << 20;
  const sine_block<kutta::schemes::rk4_classic> f{{}, kutta::bases::hat(2), {.steps = 10}};
  const auto mebibytes = [&](std::size_t bytes) { return (bytes + mib / 2) / mib; };

  // A record: three stage points and four tapes. Temporaries: four k, dk and the scratch.
  const auto all = kutta::memory_of(f, sine_weights, large, kutta::keep::everything{});
  CHECK(mebibytes(all.records) == 11 + 10 * 7);
  CHECK(mebibytes(all.snapshots) == 0);
  CHECK(mebibytes(all.temporaries) == 6);
  CHECK(all.file == 0);
  CHECK(all.bytes() == all.records + all.snapshots + all.temporaries);

  const auto binomial = kutta::memory_of(f, sine_weights, large, kutta::keep::binomial{3});
  CHECK(mebibytes(binomial.records) == 2 + 7);
  CHECK(mebibytes(binomial.snapshots) == 3);

  const auto disk = kutta::memory_of(f, sine_weights, large, kutta::keep::disk{"/tmp"});
  CHECK(mebibytes(disk.records) == 2 + 7);
  CHECK(mebibytes(disk.snapshots) == 1);
  CHECK(disk.file == 9 * mib);

  // A tile of the whole batch: its dx, and one shard of the three.
  const auto tiled = kutta::memory_of(
      f, sine_weights, large, kutta::execution{.tile = 40000, .shards = 3}, kutta::keep::steps{});
  CHECK(tiled.gradients == mib + kutta::heap_bytes(sine_weights));

  const auto nothing = kutta::memory_of(f, sine_weights, large, kutta::keep::nothing{});
  CHECK(mebibytes(nothing.records) == 2 + 7);
  CHECK(nothing.transposed == 0);
}

TEST_CASE("evaluations are those that were promised") {
  const MatrixXd x0 = MatrixXd::Ones(4, 3);
  const auto check = [&](const auto& f, const auto& keep, std::int64_t repeated) {
    const auto need = kutta::memory_of(f, sine_weights, x0, keep);
    auto ws = f.make_workspace(sine_weights, x0, keep);
    MatrixXd dx = x0;
    auto dtheta = kutta::zeros_like(sine_weights);
    sine::evaluations = sine::transposed = 0;
    f.forward(sine_weights, x0, ws);
    CHECK(need.forward == sine::evaluations);
    f.backprop(sine_weights, dx, dtheta, ws);
    CHECK(need.repeated == sine::evaluations - need.forward);
    CHECK(need.transposed == sine::transposed);
    CHECK(need.repeated == repeated);
  };
  const sine_block<kutta::schemes::rk4_classic> rk4{{}, kutta::bases::hat(2), {.steps = 100}};
  check(rk4, kutta::keep::everything{}, 0);
  check(rk4, kutta::keep::steps{}, 4 * 99);
  check(rk4, kutta::keep::every{10}, 4 * 90);
  check(rk4, kutta::keep::binomial{10}, 4 * 222);
  check(rk4, kutta::keep::disk{"/tmp", 10}, 4 * 90);
  const sine_block<kutta::schemes::euler> euler{{}, kutta::bases::hat(2), {.steps = 32}};
  check(euler, kutta::keep::binomial{5}, 68);
}

TEST_CASE("bytes on the heap, of what a tape may be made of") {
  const MatrixXd m = MatrixXd::Ones(3, 5);
  CHECK(kutta::heap_bytes(1.) == 0);
  CHECK(kutta::heap_bytes(kutta::vec<double, 4>{}) == 0);
  CHECK(kutta::heap_bytes(std::tuple<>{}) == 0);
  CHECK(kutta::heap_bytes(m) == 120);
  CHECK(kutta::heap_bytes(Eigen::Matrix3f::Zero().eval()) == 0);
  CHECK(kutta::heap_bytes(std::vector<float>(7)) == 28);
  CHECK(kutta::heap_bytes(std::tuple{m, std::vector<float>(7)}) == 148);
  CHECK(kutta::heap_bytes(m, std::vector<float>(7), 1.) == 148);
  CHECK(kutta::heap_bytes(two_matrices{m, m}) == 240);
  CHECK(kutta::heap_bytes(kutta::vec<MatrixXd, 2>{{m, m}}) == 240);
  CHECK(kutta::heap_bytes(std::vector{m, m}) == 240 + 2 * sizeof(MatrixXd));
}

TEST_CASE("memory_of refuses what make_workspace refuses") {
  const sine_block<kutta::schemes::euler> f{{}, kutta::bases::hat(2), {.steps = 2}};
  const std::vector<MatrixXd> three(3, sine_weights[0]);
  CHECK_THROWS_AS(kutta::memory_of(f, three, large, kutta::keep::steps{}), std::invalid_argument);
  CHECK_THROWS_AS(
      kutta::memory_of(f, sine_weights, large, kutta::execution{.tile = 0}, kutta::keep::steps{}),
      std::invalid_argument);
}
