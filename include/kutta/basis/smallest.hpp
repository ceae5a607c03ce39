// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The fewest coefficients that are enough: in one kind of family, in several, field by field.
///
///     const auto hats = [](std::int64_t k) { return bases::hat(k); };
///     const auto to = kutta::smallest(theta, from, {.relative = 1e-2}, hats);  // maybe none
///     if (to) theta2 = kutta::project(theta, from, *to);

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/compression.hpp>
#include <kutta/basis/gram.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/basis/mixed_operator.hpp>
#include <kutta/basis/parts.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// The L2 error that is allowed in every leaf: absolute + relative √∫ |θ|² ds.
struct depth_tolerance {
  double relative = 0;
  double absolute = 0;
};

/// Families by a number: make(1), make(2), … have more and more members.
template <class F>
concept family_sequence = requires(const F make, std::int64_t n) {
  requires integrable_basis<std::remove_cvref_t<decltype(make(n))>>;
};

template <family_sequence F>
using family_t = std::remove_cvref_t<decltype(std::declval<const F&>()(std::int64_t{}))>;

namespace detail {

inline void require_tolerance(const char* what, const depth_tolerance& allowed) {
  for (const double value : {allowed.relative, allowed.absolute})
    if (!(value >= 0))
      throw std::invalid_argument(std::string(what) + ": a tolerance must be at least 0, got " +
                                  number_text(value));
}

/// The inner products of θ's leaves, and the L2 error that each may have.
struct allowed_errors {
  std::vector<gram_matrix> leaves;
  std::vector<double> l2;

  template <integrable_basis B>
  allowed_errors(std::vector<gram_matrix> of_leaves, const B& from, const depth_tolerance& allowed)
      : leaves(std::move(of_leaves)) {
    for (const depth_norms& whole : norms(leaves, from))
      l2.push_back(allowed.absolute + allowed.relative * whole.l2);
  }

  /// Whether every leaf of the projection is within.
  template <integrable_basis B, integrable_basis C>
  bool hold(const B& from, const C& to) const {
    const auto errors = left_out(leaves, from, to);
    for (std::size_t i = 0; i < l2.size(); ++i)
      if (!(errors[i].l2 <= l2[i])) return false;
    return true;
  }
};

template <integrable_basis B, family_sequence F>
std::optional<family_t<F>> smallest(const allowed_errors& allowed, const B& from, const F& make) {
  std::size_t last = from.size();
  if constexpr (hierarchical_basis<family_t<F>>)
    if (last > family_t<F>::support) last = family_t<F>::support;
  for (std::size_t n = 1; n <= last; ++n) {
    const auto to = make(static_cast<std::int64_t>(n));
    if (to.size() > from.size()) break;
    if (allowed.hold(from, to)) return to;
  }
  return {};
}

}  // namespace detail

/// The first of make(1), make(2), … onto which θ can be projected within the tolerance in every
/// leaf; none if it takes more members than `from` has.
///
/// Cost: one pass over the weights; then that of a line of `compression_table` for each try.
/// @throws std::invalid_argument if `theta` does not belong to `from`, the shapes differ, or a
/// tolerance is negative or NaN.
template <integrable_basis B, tensor P, family_sequence F>
std::optional<family_t<F>> smallest(const std::vector<P>& theta, const B& from,
                                    const depth_tolerance& within, const F& make) {
  detail::require_tolerance("smallest", within);
  detail::require_coefficients_of_one_shape("smallest: theta", from, theta);
  return detail::smallest(detail::allowed_errors(gram(theta), from, within), from, make);
}

/// The same over several kinds of families, of several degrees for instance: the one with the
/// fewest members, the first of those if there are more.
template <integrable_basis B, tensor P, family_sequence... F>
  requires(sizeof...(F) >= 2)
std::optional<std::variant<family_t<F>...>> smallest(const std::vector<P>& theta, const B& from,
                                                     const depth_tolerance& within,
                                                     const F&... make) {
  detail::require_tolerance("smallest", within);
  detail::require_coefficients_of_one_shape("smallest: theta", from, theta);
  const detail::allowed_errors allowed(gram(theta), from, within);
  std::optional<std::variant<family_t<F>...>> best;
  std::size_t size = from.size() + 1;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto try_one = [&]<std::size_t J>(std::integral_constant<std::size_t, J>,
                                            const auto& of) {
      const auto to = detail::smallest(allowed, from, of);
      if (!to || to->size() >= size) return;
      size = to->size();
      best.emplace(std::in_place_index<J>, *to);
    };
    (try_one(std::integral_constant<std::size_t, I>{}, make), ...);
  }(std::index_sequence_for<F...>{});
  return best;
}

namespace detail {

/// The sequence of field I: its own, or that of all fields.
template <std::size_t I, class... F>
const auto& sequence_of(const F&... make) {
  return std::get < sizeof...(F) == 1 ? 0 : I > (std::tie(make...));
}

/// attempt(I), maybe a family, for every part of a P; all of them as a mixed basis, or none.
template <class P, class F>
auto mixed_of(const F& attempt) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    const std::tuple found{attempt(std::integral_constant<std::size_t, I>{})...};
    std::optional<bases::mixed<typename std::tuple_element_t<I, decltype(found)>::value_type...>>
        all;
    if ((std::get<I>(found) && ...)) all.emplace(*std::get<I>(found)...);
    return all;
  }(std::make_index_sequence<part_count<P>::value>{});
}

}  // namespace detail

/// A family for each field: the first of its own sequence that is within the tolerance. `make` is
/// one sequence for all fields, or one for each; none if one field has none.
/// @throws std::invalid_argument as `smallest`.
template <integrable_basis B, tensor P, family_sequence... F>
auto smallest_mixed(const std::vector<P>& theta, const B& from, const depth_tolerance& within,
                    const F&... make) {
  static_assert(sizeof...(F) == 1 || sizeof...(F) == detail::part_count<P>::value,
                "one sequence for all fields, or one for each");
  detail::require_tolerance("smallest_mixed", within);
  detail::require_coefficients_of_one_shape("smallest_mixed: theta", from, theta);
  return detail::mixed_of<P>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    const auto of = [](const P& theta_k) -> const auto& { return detail::part<I>(theta_k); };
    auto leaves = detail::gram("theta", detail::parts(detail::addresses(theta), of));
    return detail::smallest(detail::allowed_errors(std::move(leaves), from, within), from,
                            detail::sequence_of<I>(make...));
  });
}

/// The same from a mixed basis, where a field may keep no more members than it has.
template <mixed_basis B, tensor C, family_sequence... F>
auto smallest_mixed(const C& theta, const B& from, const depth_tolerance& within,
                    const F&... make) {
  static_assert(sizeof...(F) == 1 || sizeof...(F) == detail::part_count<B>::value,
                "one sequence for all fields, or one for each");
  detail::require_tolerance("smallest_mixed", within);
  detail::require_coefficients_of_one_shape("smallest_mixed: theta", from, theta);
  return detail::mixed_of<B>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    const auto& phi = detail::part<I>(from);
    return detail::smallest(detail::allowed_errors(gram(detail::part<I>(theta)), phi, within), phi,
                            detail::sequence_of<I>(make...));
  });
}

}  // namespace kutta
