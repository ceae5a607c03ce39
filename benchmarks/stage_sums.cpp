// SPDX-License-Identifier: Apache-2.0

/// @file
/// Is y ← x + Σ a k, over one to six terms, as fast as the loop one would write?
///
/// Names: stage_sum/<tensor>/terms:<m>/n:<elements>/<contender>. `by_hand` is that loop on the same
/// type, `expression` is Eigen's own.

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <kutta/eigen/tensor.hpp>
#include <kutta/tensor/contiguous.hpp>
#include <kutta/tensor/tensor.hpp>

#include "support/agreement.hpp"
#include "support/aligned_vector.hpp"
#include "support/cost.hpp"
#include "support/report.hpp"
#include "support/stage_sum.hpp"

namespace {

using kutta::bench::by_hand;
using kutta::bench::expression;
using kutta::bench::library;
using kutta::bench::make_operand;
using kutta::bench::operands;

template <class T, std::size_t Terms, class Contender>
void stage_sum(benchmark::State& state, std::size_t n) {
  operands<T> o(n, Terms);
  by_hand::run<Terms>(o);
  const T expected = std::exchange(o.y, make_operand<T>(n, 0));
  Contender::template run<Terms>(o);
  const double tolerance = sizeof(kutta::scalar_t<T>) == 4 ? 1e-6 : 1e-14;
  if (!kutta::bench::require(state, kutta::bench::agree(o.y, expected, tolerance))) return;

  const std::size_t repeats = n < 1000 ? 1000 / n : 1;  // so that the timing loop does not show
  for (auto _ : state)
    for (std::size_t r = 0; r < repeats; ++r) {
      Contender::template run<Terms>(o);
      benchmark::ClobberMemory();
    }
  kutta::bench::report(state, kutta::bench::stage_sum_cost<kutta::scalar_t<T>>(n, Terms),
                       static_cast<double>(repeats));
}

template <class T, std::size_t Terms, class Contender>
void register_one(const std::string& tensor, std::size_t n, const char* contender) {
  const std::string name = "stage_sum/" + tensor + "/terms:" + std::to_string(Terms) +
                           "/n:" + std::to_string(n) + "/" + contender;
  benchmark::RegisterBenchmark(name.c_str(), stage_sum<T, Terms, Contender>, n);
}

template <class T>
void register_tensor(const std::string& tensor, const std::vector<std::size_t>& sizes) {
  const auto with_terms = [&]<std::size_t J>(std::integral_constant<std::size_t, J>) {
    for (const std::size_t n : sizes) {
      register_one<T, J + 1, by_hand>(tensor, n, "by_hand");
      register_one<T, J + 1, library>(tensor, n, "kutta");
      if constexpr (requires(T& x) { x + 1.0 * x; })
        register_one<T, J + 1, expression>(tensor, n, "expression");
    }
  };
  [&]<std::size_t... J>(std::index_sequence<J...>) {
    (with_terms(std::integral_constant<std::size_t, J>{}), ...);
  }(std::make_index_sequence<kutta::bench::most_terms>{});
}

[[maybe_unused]] const bool registered = [] {
  const std::vector<std::size_t> sizes{16, 256, 4096, 65536, 1'000'000, 10'000'000};
  register_tensor<std::array<double, 3>>("array", {3});
  register_tensor<kutta::bench::aligned_vector<float>>("vector<float>", sizes);
  register_tensor<kutta::bench::aligned_vector<double>>("vector<double>", sizes);
  register_tensor<Eigen::VectorXd>("VectorXd", sizes);
  return true;
}();

}  // namespace
