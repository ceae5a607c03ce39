// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/ode/keep.hpp>
#include <kutta/ode/keep_disk.hpp>
#include <kutta/ode/keep_online.hpp>
#include <kutta/ode/step_history.hpp>
#include <kutta/tensor/contiguous.hpp>

namespace {

/// A pass whose state counts the steps, and whose records name them: whatever is undone must be
/// the step before, from the state it was taken from.
struct counted_pass {
  std::int64_t taken = 0, undone = 0;
  bool in_order = true;
};

/// `planned`: the number of steps that the history is made for.
template <class K>
counted_pass run(const K& keep, std::int64_t steps, std::int64_t planned) {
  kutta::step_history<double, std::int64_t, K> history(
      keep, planned, [] { return 0.; }, [] { return std::int64_t(-1); });
  counted_pass pass;
  history.start() = 0;
  const auto take = [&](std::int64_t n, double x, double& x1, std::int64_t& record) {
    pass.in_order = pass.in_order && x == static_cast<double>(n);
    x1 = x + 1;
    record = n;
    ++pass.taken;
  };
  std::int64_t next = steps;
  const auto undo = [&](std::int64_t n, double x, std::int64_t record) {
    pass.in_order = pass.in_order && n == --next && x == static_cast<double>(n) && record == n;
    ++pass.undone;
  };
  history.begin();
  while (history.taken() < steps) history.advance(take);
  pass.in_order = pass.in_order && pass.taken == steps && history.end() == double(steps);
  history.reverse(take, undo);
  return pass;
}
template <class K>
counted_pass run(const K& keep, std::int64_t steps) {
  return run(keep, steps, steps);
}

/// The fewest steps run forward to reverse l of them with c snapshots, one of them at the start:
/// min over the place m of the next snapshot of m + fewest(l − m, c − 1) + fewest(m, c).
class fewest_steps {
 public:
  fewest_steps(std::size_t l, std::size_t c) : table_(c + 1, std::vector<std::int64_t>(l + 1, 0)) {
    for (std::size_t n = 2; n <= l; ++n) table_[1][n] = static_cast<std::int64_t>(n * (n - 1) / 2);
    for (std::size_t k = 2; k <= c; ++k)
      for (std::size_t n = 2; n <= l; ++n) {
        std::int64_t best = INT64_MAX;
        for (std::size_t m = 1; m < n; ++m)
          best = std::min(best, static_cast<std::int64_t>(m) + table_[k - 1][n - m] + table_[k][m]);
        table_[k][n] = best;
      }
  }
  std::int64_t operator()(std::int64_t l, std::int64_t c) const {
    return table_[static_cast<std::size_t>(c)][static_cast<std::size_t>(l)];
  }

 private:
  std::vector<std::vector<std::int64_t>> table_;
};

}  // namespace

TEST_CASE("every policy undoes the steps in order, each once, from where it was taken") {
  for (std::int64_t n = 1; n <= 40; ++n) {
    CAPTURE(n);
    const auto check = [&](const counted_pass& pass) {
      CHECK(pass.in_order);
      CHECK(pass.undone == n);
    };
    check(run(kutta::keep::everything{}, n));
    check(run(kutta::keep::steps{}, n));
    for (std::int64_t k : {1, 2, 3, 7, 40, 100}) {
      CAPTURE(k);
      check(run(kutta::keep::every{k}, n));
      check(run(kutta::keep::binomial{k}, n));
      check(run(kutta::keep::online{k}, n));
      check(run(kutta::keep::disk{"/tmp", k}, n));
    }
  }
}

TEST_CASE("a pass may end before the step it was planned for") {
  for (std::int64_t n = 1; n <= 40; ++n) {
    CAPTURE(n);
    const auto check = [&](const auto& keep) {
      const counted_pass pass = run(keep, n, 40);
      CHECK(pass.in_order);
      CHECK(pass.undone == n);
    };
    check(kutta::keep::everything{});
    check(kutta::keep::steps{});
    for (std::int64_t k : {1, 2, 3, 7}) {
      CAPTURE(k);
      check(kutta::keep::every{k});
      check(kutta::keep::binomial{k});
      check(kutta::keep::online{k});
    }
  }
}

TEST_CASE("an online pass may go on for longer than any plan") {
  const counted_pass pass = run(kutta::keep::online{5}, 3000, INT64_MAX);
  CHECK(pass.in_order);
  CHECK(pass.undone == 3000);
}

TEST_CASE("how often the steps are taken") {
  for (std::int64_t n = 1; n <= 40; ++n) {
    CAPTURE(n);
    CHECK(run(kutta::keep::everything{}, n).taken == n);
    // The last records are there when the reverse pass begins.
    CHECK(run(kutta::keep::steps{}, n).taken == 2 * n - 1);
    for (std::int64_t k : {1, 2, 3, 7, 40, 100})
      CHECK(run(kutta::keep::every{k}, n).taken == n + (n - 1) / k * k);
  }
}

TEST_CASE("binomial checkpointing repeats as few steps as can be") {
  const fewest_steps fewest(130, 12);
  for (std::int64_t n = 1; n <= 130; ++n)
    for (std::int64_t c = 1; c <= 12; ++c) {
      CAPTURE(n);
      CAPTURE(c);
      CHECK(run(kutta::keep::binomial{c}, n).taken - n == fewest(n, c));
    }
}

TEST_CASE("binomial checkpointing: the numbers of Griewank and Walther's formula") {
  const std::tuple<int, int, int> cases[] = {
      {32, 5, 68}, {64, 8, 137}, {100, 10, 222}, {256, 16, 597}, {1000, 32, 2405}};
  for (const auto& [n, c, steps] : cases) {
    CAPTURE(n);
    CHECK(run(kutta::keep::binomial{c}, n).taken - n == steps);
  }
}

TEST_CASE("online checkpoints repeat few steps more than with N known") {
  const fewest_steps fewest(1000, 32);
  for (std::int64_t c : {2, 3, 4, 6, 8, 16, 32}) {
    CAPTURE(c);
    const double bound = c == 2 ? 9. / 7 : double(c + 3) / double(c + 2);
    double worst = 1;
    for (std::int64_t n = 2; n <= 1000; n += n < 150 ? 1 : 61) {
      CAPTURE(n);
      const std::int64_t repeated = run(kutta::keep::online{c}, n, 1000).taken - n;
      CHECK(repeated >= fewest(n, c));
      worst = std::max(worst, double(repeated) / double(fewest(n, c)));
      if (n >= 100) CHECK(repeated <= 1.1 * double(fewest(n, c)));
    }
    CHECK(std::abs(worst - bound) <= 1e-14);
  }
}

TEST_CASE("online checkpoints: the one whose loss costs least gives way") {
  // 0, 1, 2, 3 and now 4: without 1, steps 0 and 1 are reversed by one snapshot at the cost of one.
  const std::int64_t steps[] = {0, 1, 2, 3};
  CHECK(kutta::keep::online{4}.drop(steps, 4, 4) == 4);
  const std::int64_t more[] = {0, 2, 3, 4};
  CHECK(kutta::keep::online{4}.drop(more, 4, 100) != 4);
  const std::int64_t first[] = {0};
  CHECK(kutta::keep::online{1}.drop(first, 1, 7) == 1);
}

TEST_CASE("how much a policy keeps") {
  CHECK(kutta::keep::everything{}.records(12) == 12);
  CHECK(kutta::keep::everything{}.snapshots(12) == 0);
  CHECK(kutta::keep::steps{}.records(12) == 1);
  CHECK(kutta::keep::steps{}.snapshots(12) == 11);
  CHECK(kutta::keep::every{5}.records(12) == 5);
  CHECK(kutta::keep::every{5}.snapshots(12) == 2);
  CHECK(kutta::keep::every{4}.snapshots(12) == 2);
  CHECK(kutta::keep::every{50}.records(12) == 12);
  CHECK(kutta::keep::every{50}.snapshots(12) == 0);
  CHECK(kutta::keep::binomial{3}.records(12) == 1);
  CHECK(kutta::keep::binomial{3}.snapshots(12) == 3);
  CHECK(kutta::keep::binomial{30}.snapshots(12) == 11);
  CHECK(kutta::keep::online{3}.records(12) == 1);
  CHECK(kutta::keep::online{3}.snapshots(12) == 3);
  CHECK(kutta::keep::online{30}.snapshots(12) == 11);
  CHECK(kutta::keep::disk{".", 5}.records(12) == 5);
  CHECK(kutta::keep::disk{".", 5}.snapshots(12) == 2);
  CHECK(kutta::keep::nothing{}.snapshots(12) == 0);
}

TEST_CASE("reversible steps: binomial coefficients that do not overflow") {
  CHECK(kutta::detail::reversible_steps(3, 0) == 1);
  CHECK(kutta::detail::reversible_steps(3, 4) == 35);
  CHECK(kutta::detail::reversible_steps(4, 3) == 35);
  CHECK(kutta::detail::reversible_steps(16, 16) == 601080390);
  CHECK(kutta::detail::reversible_steps(3, -1) == 0);
  CHECK(kutta::detail::reversible_steps(1000, 1000) == INT64_MAX / 4);
}

TEST_CASE("policies that keep nothing to work with are refused") {
  CHECK_THROWS_WITH_AS(kutta::keep::every{0}, "keep::every: k must be at least 1, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(kutta::keep::binomial{-2}, "keep::binomial: c must be at least 1, got -2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(kutta::keep::online{0}, "keep::online: c must be at least 1, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS((kutta::keep::disk{".", 0}), "keep::disk: k must be at least 1, got 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(kutta::keep::disk{""}, "keep::disk: expected a directory, got an empty path",
                       std::invalid_argument);
}

TEST_CASE("what keeps nothing cannot be reversed") {
  static_assert(!kutta::recording_policy<kutta::keep::nothing>);
  static_assert(kutta::recording_policy<kutta::keep::everything>);
  static_assert(kutta::recording_policy<kutta::keep::binomial>);
  static_assert(kutta::recording_policy<kutta::keep::disk>);
  static_assert(kutta::online_policy<kutta::keep::online>);
  static_assert(!kutta::online_policy<kutta::keep::binomial>);
}
