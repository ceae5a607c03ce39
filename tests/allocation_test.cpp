// SPDX-License-Identifier: Apache-2.0
//
// After make_workspace nothing allocates. Counted are operator new in all its forms, and Eigen's
// own allocations, which go past it. Matrices stay small: Eigen's product takes its packing buffers
// from the stack up to EIGEN_STACK_ALLOCATION_LIMIT (128 KiB), and from the heap above.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>

#include <doctest/doctest.h>

namespace {

std::atomic<std::size_t> allocations{0};

void* allocate(std::size_t size, std::size_t alignment) {
  ++allocations;
  const std::size_t rounded = (size + alignment) / alignment * alignment;  // never 0
  if (void* p = std::aligned_alloc(alignment, rounded)) return p;
  throw std::bad_alloc();
}

void* allocate_or_null(std::size_t size, std::size_t alignment) noexcept {
  try {
    return allocate(size, alignment);
  } catch (...) {
    return nullptr;
  }
}

/// Out of line: inlined into a caller, free looks to g++ as if it met memory from new.
[[gnu::noinline]] void release(void* p) noexcept {
  std::free(p);
}

constexpr std::size_t plain = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

/// What Eigen asserts, under NDEBUG too: a forbidden allocation is counted, all else is an error.
void eigen_requires(bool holds, const char* what) {
  if (holds) return;
  if (!std::strstr(what, "heap allocation is forbidden")) throw std::logic_error(what);
  ++allocations;
}

}  // namespace

void* operator new(std::size_t n) {
  return allocate(n, plain);
}
void* operator new[](std::size_t n) {
  return allocate(n, plain);
}
void* operator new(std::size_t n, std::align_val_t a) {
  return allocate(n, std::size_t(a));
}
void* operator new[](std::size_t n, std::align_val_t a) {
  return allocate(n, std::size_t(a));
}
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  return allocate_or_null(n, plain);
}
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept {
  return allocate_or_null(n, plain);
}
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate_or_null(n, std::size_t(a));
}
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate_or_null(n, std::size_t(a));
}
void operator delete(void* p) noexcept {
  release(p);
}
void operator delete[](void* p) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  release(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  release(p);
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
  release(p);
}
void operator delete[](void* p, const std::nothrow_t&) noexcept {
  release(p);
}
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept {
  release(p);
}
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept {
  release(p);
}

#define EIGEN_RUNTIME_NO_MALLOC
#define eigen_assert(x) eigen_requires(bool(x), #x)
#include <memory>
#include <random>
#include <vector>

#include <Eigen/Core>

#include <kutta/eigen.hpp>
#include <kutta/ode/ensemble_block.hpp>

#include "typed/elementwise_logistic.hpp"

namespace {

template <class F>
std::size_t count(F&& f) {
  const std::size_t before = allocations;
  Eigen::internal::set_is_malloc_allowed(false);
  f();
  Eigen::internal::set_is_malloc_allowed(true);
  return allocations - before;
}

/// L = ½ |x|².
struct half_square {
  template <class T>
  double operator()(const T& x1, std::size_t, T& dx1) const {
    kutta::add(dx1, dx1, kutta::scaled{1, x1});
    return kutta::inner_product(x1, x1) / 2;
  }
};

template <class F, class C, class X>
void check_plain(const F& f, const C& theta, const X& x0) {
  auto ws = f.make_workspace(theta, x0);
  auto dtheta = kutta::zeros_like(theta);
  const auto vtheta = theta;
  X dx = x0, vx = x0;
  CHECK(count([&] { f.forward(theta, x0, ws); }) == 0);
  CHECK(count([&] { f.backprop(theta, dx, dtheta, ws); }) == 0);
  CHECK(count([&] { f.jvp(theta, x0, vtheta, vx, ws); }) == 0);
  CHECK(count([&] { f.gradient(theta, x0, half_square{}, dx, dtheta, ws); }) == 0);
}

/// A network n → width → n, a hat function on three nodes, four steps.
template <class S>
auto mlp_block(int n, int width) {
  const kutta::layers::mlp network{n, width, n};
  using block = kutta::ode_block<
      kutta::layers::mlp<double,
                         kutta::layers::sizes<Eigen::Dynamic, Eigen::Dynamic, Eigen::Dynamic>>,
      S, kutta::bases::hat>;
  return block(network, kutta::bases::hat(3), {.steps = 4});
}

/// Some, (n, width), that go through the kernel for small networks, and some through products.
constexpr int networks[][2] = {{3, 20}, {40, 60}};

template <class F>
typename F::coefficients random_coefficients(const F& f) {
  std::mt19937 generator(1);
  typename F::coefficients theta;
  for (std::size_t k = 0; k < f.basis().size(); ++k)
    theta.push_back(f.residual().make_params(generator));
  return theta;
}

}  // namespace

TEST_CASE("control: every way to allocate is counted") {
  CHECK(count([] {}) == 0);
  CHECK(count([] { std::vector<double>(10); }) == 1);
  CHECK(count([] { std::make_unique<char[]>(1); }) == 1);
  struct alignas(64) wide {
    char bytes[64];
  };
  CHECK(count([] { std::make_unique<wide>(); }) == 1);
  CHECK(count([] { std::vector<wide>(3); }) == 1);
  CHECK(count([] { delete new (std::nothrow) int; }) <= 1);  // a compiler may leave it out
  Eigen::MatrixXd x = Eigen::MatrixXd::Ones(3, 3), y;
  CHECK(count([&] { y = x; }) == 1);
  CHECK(count([&] { y = x; }) == 0);
  CHECK(count([&] { y = x * x; }) == 1);  // the product goes through a temporary
}

TEST_CASE_TEMPLATE("after make_workspace a block on Eigen matrices allocates nothing", S,
                   kutta::schemes::euler, kutta::schemes::rk4_classic) {
  for (const auto& [n, width] : networks)
    for (const int samples : {1, 10, 32}) {
      CAPTURE(width);
      CAPTURE(samples);
      const auto f = mlp_block<S>(n, width);
      check_plain(f, random_coefficients(f), Eigen::MatrixXd(Eigen::MatrixXd::Random(n, samples)));
    }
}

TEST_CASE_TEMPLATE("after make_workspace a block on std::vector allocates nothing", S,
                   kutta::schemes::euler, kutta::schemes::rk4_classic) {
  using residual = kutta::test::elementwise_logistic<std::vector<double>>;
  const std::vector<double> x0(17, .25), ones(17, 1.);
  const std::vector<residual::params> theta(2, {ones, ones});
  const kutta::bases::piecewise_constant basis(2);
  check_plain(
      kutta::ode_block<residual, S, kutta::bases::piecewise_constant>({}, basis, {.steps = 4}),
      theta, x0);
}

TEST_CASE("after make_workspace a tiled gradient allocates nothing, on one thread or two") {
  for (const auto& [n, width] : networks)
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
      CAPTURE(width);
      CAPTURE(threads);
      const auto f = mlp_block<kutta::schemes::midpoint>(n, width);
      const auto theta = random_coefficients(f);
      const Eigen::MatrixXd x0 = Eigen::MatrixXd::Random(n, 50);
      auto ws = f.make_workspace(theta, x0, {.threads = threads, .tile = 16, .shards = 2});
      auto dtheta = kutta::zeros_like(theta);
      Eigen::MatrixXd dx = x0;
      for (int pass = 0; pass < 2; ++pass)
        CHECK(count([&] { f.gradient(theta, x0, half_square{}, dx, dtheta, ws); }) == 0);
    }
}

TEST_CASE("a step of an optimiser, and a loss, allocate nothing") {
  const auto f = mlp_block<kutta::schemes::euler>(3, 20);
  auto theta = random_coefficients(f);
  const auto dtheta = theta;
  kutta::sgd plain_sgd(theta, {.rate = .1}), momentum(theta, {.rate = .1, .momentum = .9});
  kutta::adam adam(theta);
  CHECK(count([&] { plain_sgd.step(theta, dtheta); }) == 0);
  CHECK(count([&] { momentum.step(theta, dtheta); }) == 0);
  CHECK(count([&] { adam.step(theta, dtheta); }) == 0);

  const Eigen::MatrixXd x = Eigen::MatrixXd::Random(3, 10), y = Eigen::MatrixXd::Random(3, 10);
  Eigen::MatrixXd dx = x;
  const kutta::mean_squared_error loss(y);
  CHECK(count([&] { loss(x, 0, dx); }) == 0);
}

namespace {

/// x' = −theta x.
template <class T, class P = T>
struct decay {
  using state = kutta::vec<T, 1>;
  using params = kutta::vec<P, 1>;
  struct tape {};
  void forward(const params& theta, const state& x, state& y, tape&) const {
    y[0] = -theta[0] * x[0];
  }
  void vjp(const params& theta, const state& x, const tape&, const state& dy, state& dx,
           params& dtheta) const {
    dx[0] -= theta[0] * dy[0];
    dtheta[0] -= x[0] * dy[0];
  }
};

}  // namespace

TEST_CASE("after make_workspace an ensemble allocates nothing, on one thread or two") {
  const kutta::ensemble_block<decay, kutta::schemes::rk4_classic> f({.steps = 4});
  using number = kutta::vec<double, 1>;
  const number shared{{.5}};
  const std::vector<number> x0(33, number{{1}}), theta(33, shared);
  const std::vector<std::int64_t> saved{2, 4};
  const auto last = [](const number& x, std::size_t, number& dx) { return dx[0] += x[0]; };
  const auto both = [](const number& x, std::size_t, std::size_t, number& dx) {
    return dx[0] += x[0];
  };
  for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
    auto ws = f.make_workspace({.threads = threads});
    auto x1 = x0, dx = x0, dtheta = theta;
    number sum{};
    CHECK(count([&] { f.forward(shared, x0, x1, ws); }) == 0);
    CHECK(count([&] { f.gradient(shared, x0, last, dx, sum, ws); }) == 0);
    CHECK(count([&] { f.gradient(theta, x0, saved, both, dx, dtheta, ws); }) == 0);
    CHECK(count([&] { f.vjp(theta, x0, dx, dtheta, ws); }) == 0);
  }
}
