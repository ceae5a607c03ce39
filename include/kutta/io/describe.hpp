// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a model is, in a few texts that a file keeps beside its weights.
///
///     out.add_texts(kutta::describe(f));             // basis, K, scheme, steps, horizon, rate
///     in.require_texts(kutta::describe(f.basis()));  // the weights are of the same family

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>

#include <kutta/basis/basis.hpp>
#include <kutta/io/safetensors_header.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/rational.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/number_text.hpp>

namespace kutta {

namespace detail {

template <class T>
constexpr std::string_view signature() {
  return __PRETTY_FUNCTION__;  // g++ "… [with T = kutta::bases::hat; …]", clang "… [T = …]"
}

/// The name of a type without its namespaces: "hat", "b_spline<3>".
template <class T>
std::string short_name() {
  std::string_view name = signature<T>();
  name.remove_prefix(name.find("T = ") + 4);
  name = name.substr(0, name.find_first_of(";]"));
  const std::size_t colons = name.substr(0, name.find('<')).rfind("::");
  return std::string(name.substr(colons == name.npos ? 0 : colons + 2));
}

}  // namespace detail

/// The family of weights: its name, K, and what it has of breakpoints and control points.
template <basis B>
file_metadata describe(const B& phi) {
  file_metadata texts{{"basis", detail::short_name<B>()}, {"K", std::to_string(phi.size())}};
  const auto append = [](std::string& list, const std::string& item) {
    list += (list.empty() ? "" : " ") + item;
  };
  if constexpr (integrable_basis<B>)
    for (const rational& s : phi.breakpoints())
      append(texts["breakpoints"],
             std::to_string(s.num) + (s.den == 1 ? "" : "/" + std::to_string(s.den)));
  if constexpr (nodal_basis<B>)
    for (std::size_t k = 0; k < phi.size(); ++k)
      append(texts["nodes"], detail::number_text(phi.node(k).value(), 6));
  return texts;
}

/// The same for each field: "basis.0", "K.0", …, "basis.1", …
template <mixed_basis B>
file_metadata describe(const B& phi) {
  file_metadata texts;
  detail::for_each_index<std::tuple_size_v<typename B::families>>([&](auto i) {
    for (const auto& [key, text] : describe(phi.template family<i>()))
      texts[key + "." + std::to_string(i)] = text;
  });
  return texts;
}

/// The graph of a block, and its family of weights.
template <class R, class S, class B>
file_metadata describe(const ode_block<R, S, B>& f) {
  file_metadata texts = describe(f.basis());
  texts["scheme"] = detail::short_name<S>();
  texts["steps"] = std::to_string(f.options().steps);
  texts["horizon"] = detail::number_text(f.options().horizon);
  texts["rate"] = detail::number_text(f.options().rate);
  return texts;
}

}  // namespace kutta
