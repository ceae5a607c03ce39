// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The graph of a model: what of it may be exchanged, as a value.

#include <array>
#include <cstddef>
#include <cstdint>

#include <kutta/ode/continuous.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/second_order.hpp>

#include "images/any_family.hpp"
#include "images/one_of.hpp"

namespace images {

enum class scheme { euler, midpoint, rk4, rk4_38 };
inline constexpr std::array all_schemes{scheme::euler, scheme::midpoint, scheme::rk4,
                                        scheme::rk4_38};
inline constexpr std::array scheme_names{"euler", "midpoint", "rk4", "rk4_38"};

constexpr const char* name(scheme s) {
  return scheme_names[static_cast<std::size_t>(s)];
}
constexpr const char* name(family f) {
  return family_names[static_cast<std::size_t>(f)];
}

/// f(the scheme).
template <class F>
decltype(auto) with_scheme(scheme s, F&& f) {
  using namespace kutta::schemes;
  switch (s) {
    case scheme::euler:
      return f(euler{});
    case scheme::midpoint:
      return f(midpoint{});
    case scheme::rk4:
      return f(rk4_classic{});
    default:
      return f(rk4_38{});
  }
}

/// Calls of the residual in a step.
inline std::int64_t evaluations(scheme s) {
  return with_scheme(s, []<class S>(S) { return static_cast<std::int64_t>(S::tableau.stages); });
}

/// All blocks of a model have K coefficients in the family, and take N steps of the scheme.
struct graph {
  images::scheme scheme = scheme::rk4;
  images::family family = family::constant;
  std::int64_t size = 1, steps = 1;

  any_family basis() const { return make_family(family, size); }
};

/// Every cell in two and twice the steps.
inline graph finer(graph g) {
  g.size = static_cast<std::int64_t>(g.basis().refined().size());
  g.steps *= 2;
  return g;
}

template <class R, class S>
using continuous = kutta::layers::continuous<R, S, any_family, kutta::keep::every>;
/// A block of R, whatever its graph.
template <class R>
using block =
    one_of<continuous<R, kutta::schemes::euler>, continuous<R, kutta::schemes::midpoint>,
           continuous<R, kutta::schemes::rk4_classic>, continuous<R, kutta::schemes::rk4_38>>;

/// dx/dt = rate R(θ(t), x), t from 0 to 1, on the graph. Of its steps a pass keeps so many for the
/// reverse pass; the others are run again.
template <class R>
block<R> make_block(const R& r, const graph& g, std::int64_t kept_steps, double rate = 1) {
  return with_scheme(g.scheme, [&]<class S>(S) {
    const kutta::ode_block<R, S, any_family> f(r, g.basis(), {.steps = g.steps, .rate = rate});
    return block<R>(continuous<R, S>(f, kutta::keep::every(kept_steps)));
  });
}

}  // namespace images
