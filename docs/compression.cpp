// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <iostream>
#include <tuple>
#include <vector>

#include <kutta/basis/coarsen.hpp>
#include <kutta/basis/compression.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/legendre.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/basis/smallest.hpp>
#include <kutta/tensor/product.hpp>

struct params {
  std::vector<double> w;
  double b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &params::w}, kutta::field{"b", &params::b}};
};

int main() {
  namespace bases = kutta::bases;

  // 33 nodes: w changes quickly around s = 1/4, b is a parabola.
  const bases::hat from(33);
  std::vector<params> theta;
  for (int k = 0; k <= 32; ++k) {
    const double s = k / 32., front = std::tanh(20 * (s - .25));
    theta.push_back({{front, 1 - front}, s * s});
  }

  // What would be left out?
  std::cout << kutta::table_text(
      kutta::compression_table(theta, from, kutta::candidates<bases::hat>{"hat", {5, 9, 17}},
                               kutta::candidates<bases::legendre>{"legendre", {4, 8}}));

  // As few equal cells as keep every tensor within 2 % in L2.
  const auto hats = [](std::int64_t k) { return bases::hat(k); };
  const auto equal = kutta::smallest(theta, from, {.relative = .02}, hats);

  // As many nodes, where they are needed.
  const auto chosen = kutta::coarsened_within<bases::hat>(theta, from, {.relative = .02});
  const std::vector<params> compressed = kutta::project(theta, from, *chosen);
  std::cout << equal->size() << " equal or " << compressed.size() << " chosen nodes:";
  for (const kutta::rational& s : chosen->breakpoints()) std::cout << ' ' << kutta::to_double(s);
  std::cout << '\n';
  return chosen->size() < equal->size() ? 0 : 1;
}
