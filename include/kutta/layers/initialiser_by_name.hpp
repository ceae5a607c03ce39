// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Initialisers by a name that is known at run time, from a command line for instance.

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include <kutta/layers/initialisers.hpp>

namespace kutta {

namespace detail {

struct named_initialiser {
  std::string_view name;
  initialiser (*make)(double number);
};

inline constexpr std::array<named_initialiser, 13> named_initialisers{{
    {"constant", [](double value) { return initialisers::constant(value); }},
    {"he_normal", [](double g) { return initialisers::he_normal(initialisers::fan::in, g); }},
    {"he_normal_fan_out",
     [](double g) { return initialisers::he_normal(initialisers::fan::out, g); }},
    {"he_uniform", [](double g) { return initialisers::he_uniform(initialisers::fan::in, g); }},
    {"he_uniform_fan_out",
     [](double g) { return initialisers::he_uniform(initialisers::fan::out, g); }},
    {"lecun_normal", [](double g) { return initialisers::lecun_normal(initialisers::fan::in, g); }},
    {"lecun_uniform",
     [](double g) { return initialisers::lecun_uniform(initialisers::fan::in, g); }},
    {"normal", [](double deviation) { return initialisers::normal(deviation); }},
    {"orthogonal", [](double g) { return initialisers::orthogonal(g); }},
    {"uniform", [](double bound) { return initialisers::uniform(bound); }},
    {"xavier_normal", [](double g) { return initialisers::xavier_normal(g); }},
    {"xavier_uniform", [](double g) { return initialisers::xavier_uniform(g); }},
    {"zeros", [](double) { return initialisers::zeros(); }},
}};

}  // namespace detail

/// "constant, he_normal, …": every name, for a message.
inline std::string initialiser_names() {
  std::string names;
  for (const auto& known : detail::named_initialisers)
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  return names;
}

/// `number` is the gain, or the deviation of normal, the bound of uniform, the value of constant.
/// @throws std::invalid_argument that lists the names if this is none, or if the number does not
/// fit.
inline initialiser initialiser_by_name(std::string_view name, double number = 1) {
  const auto& all = detail::named_initialisers;
  const auto known =
      std::find_if(all.begin(), all.end(), [&](const auto& i) { return i.name == name; });
  if (known == all.end())
    throw std::invalid_argument("initialiser: expected one of " + initialiser_names() + "; got \"" +
                                std::string(name) + "\"");
  return known->make(number);
}

}  // namespace kutta
