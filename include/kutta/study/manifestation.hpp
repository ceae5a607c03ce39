// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One trained model as many graphs: every scheme, number of steps and family, measured.
///
///     const auto table = kutta::manifestations<schemes::euler, schemes::rk4_classic>(
///         f, theta, {4, 8, 16}, std::tuple{bases::hat(3), bases::hat(5)},
///         [&](const auto& block, const auto& weights) { return accuracy(block, weights); });
///
/// Source: Queiruga, Erichson, Taylor & Mahoney, Continuous-in-Depth Neural Networks (2020), § 4.

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <kutta/basis/project.hpp>
#include <kutta/ode/block_step.hpp>
#include <kutta/study/type_name.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// One graph of a model, and what was measured on it.
template <class Result>
struct manifestation {
  std::string scheme;
  std::int64_t steps;
  std::string family;
  std::size_t size;         ///< K
  std::size_t parameters;   ///< numbers in the coefficients
  std::size_t evaluations;  ///< calls of the residual in a pass
  Result result;
};

namespace detail {

template <class S, class Block, class Coefficients, class Measure, class Table>
void measure_steps(const Block& f, const Coefficients& theta,
                   const std::vector<std::int64_t>& steps, Measure& measure, Table& table) {
  const auto in_scheme = f.template with_scheme<S>();
  for (const std::int64_t n : steps) {
    const auto block = in_scheme.with_steps(n);
    using stepping = block_step<S, typename Block::state>;
    table.push_back({type_name<S>(), n, type_name<std::decay_t<decltype(f.basis())>>(),
                     f.basis().size(), element_count(theta),
                     static_cast<std::size_t>(n) * stepping::evaluations, measure(block, theta)});
  }
}

}  // namespace detail

/// Measures θ(s) in every family of `families` (by projection), with every scheme S and every
/// number of steps, in this order: families, schemes, steps. `measure(block, coefficients)` is
/// called on each; the rate and the horizon stay those of f.
/// @throws std::invalid_argument as `project`, and as a block with that number of steps.
template <class... S, class Block, class P, class... B, class Measure>
auto manifestations(const Block& f, const std::vector<P>& theta,
                    const std::vector<std::int64_t>& steps, const std::tuple<B...>& families,
                    Measure&& measure) {
  static_assert(sizeof...(S) >= 1, "manifestations: name at least one scheme");
  using result = decltype(measure(f, theta));
  std::vector<manifestation<result>> table;
  const auto in_family = [&](const auto& phi) {
    const auto projected = project(theta, f.basis(), phi);
    const auto block = f.with_basis(phi);
    (detail::measure_steps<S>(block, projected, steps, measure, table), ...);
  };
  std::apply([&](const auto&... phi) { (in_family(phi), ...); }, families);
  return table;
}

/// In the family of f, with the weights as they are.
template <class... S, class Block, class P, class Measure>
auto manifestations(const Block& f, const std::vector<P>& theta,
                    const std::vector<std::int64_t>& steps, Measure&& measure) {
  static_assert(sizeof...(S) >= 1, "manifestations: name at least one scheme");
  std::vector<manifestation<decltype(measure(f, theta))>> table;
  (detail::measure_steps<S>(f, theta, steps, measure, table), ...);
  return table;
}

/// The table as comma-separated values, one line a graph, with a heading.
template <class Result>
void write_csv(std::ostream& out, const std::vector<manifestation<Result>>& table,
               const std::string& result_name) {
  out << "scheme,steps,family,K,parameters,evaluations," << result_name << '\n';
  for (const auto& m : table)
    out << m.scheme << ',' << m.steps << ',' << m.family << ',' << m.size << ',' << m.parameters
        << ',' << m.evaluations << ',' << m.result << '\n';
}

}  // namespace kutta
