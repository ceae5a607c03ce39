// SPDX-License-Identifier: Apache-2.0

/// @file
/// instructions <contender> <count>: does one thing `count` times, for callgrind.sh to count the
/// instructions of. Prints the result, so that nothing is optimised away.

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>

#include <kutta/ode/integrate.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/contiguous.hpp>

#include "support/aligned_vector.hpp"
#include "support/lorenz.hpp"
#include "support/rk_by_hand.hpp"
#include "support/stage_sum.hpp"

namespace {

using scheme = kutta::schemes::rk4_classic;
using point = std::array<double, 3>;
using kutta::bench::lorenz;
constexpr double h = 1e-3;

point with_kutta(std::size_t count) {
  point x{1, 2, 20};
  kutta::stage_points<scheme, point> points{};
  kutta::stage_rates<scheme, point> k{};
  const auto rate = [](auto, const point& at, point& dx) { lorenz{}(at, dx); };
  for (std::size_t i = 0; i < count; ++i) kutta::step<scheme>(rate, h, x, x, points, k);
  return x;
}

point with_integrate(std::size_t count) {
  const auto f = [](double, const point& at, point& dx) { lorenz{}(at, dx); };
  const auto steps = static_cast<std::int64_t>(count);
  return kutta::integrate<scheme>(f, point{1, 2, 20}, {0., h * static_cast<double>(count)},
                                  kutta::fixed{.steps = steps})
      .x;
}

point by_loops(std::size_t count) {
  point x{1, 2, 20};
  kutta::bench::rk_by_hand<point> rk(x);
  for (std::size_t i = 0; i < count; ++i) rk.step(scheme{}, lorenz{}, h, x);
  return x;
}

point unrolled(std::size_t count) {
  point x{1, 2, 20};
  for (std::size_t i = 0; i < count; ++i) kutta::bench::lorenz_rk4_unrolled(h, x);
  return x;
}

template <std::size_t Terms, class Contender>
point stage_sum(std::size_t count) {
  kutta::bench::operands<kutta::bench::aligned_vector<double>> o(4096, Terms);
  for (std::size_t i = 0; i < count; ++i) {
    Contender::template run<Terms>(o);
    benchmark::ClobberMemory();
  }
  return {o.y[0], o.y[1], o.y[4095]};
}

template <std::size_t... J>
void add_stage_sums(std::map<std::string, point (*)(std::size_t)>& all, std::index_sequence<J...>) {
  const auto name = [](std::size_t terms) { return "stage_sum/terms:" + std::to_string(terms); };
  (all.emplace(name(J + 1) + "/kutta", stage_sum<J + 1, kutta::bench::library>), ...);
  (all.emplace(name(J + 1) + "/by_hand", stage_sum<J + 1, kutta::bench::by_hand>), ...);
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, point (*)(std::size_t)> all{
      {"lorenz_rk4/kutta", with_kutta},       {"lorenz_integrate/kutta", with_integrate},
      {"lorenz_integrate/by_hand", by_loops}, {"lorenz_integrate/unrolled", unrolled},
      {"lorenz_rk4/by_hand", by_loops},       {"lorenz_rk4/unrolled", unrolled}};
  add_stage_sums(all, std::make_index_sequence<kutta::bench::most_terms>{});

  std::size_t count = 0;
  if (argc != 3 || !all.contains(argv[1]) ||
      std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), count).ec != std::errc{}) {
    std::fprintf(stderr, "usage: instructions <contender> <count>; contenders:\n");
    for (const auto& [name, run] : all) std::fprintf(stderr, "  %s\n", name.c_str());
    return 2;
  }
  const point x = all.at(argv[1])(count);
  std::printf("%.17g %.17g %.17g\n", x[0], x[1], x[2]);
}
