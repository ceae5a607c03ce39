// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Changes of basis field by field: from a mixed basis, or one family for all, to a mixed basis.
///
///     const bases::mixed to(bases::piecewise_constant(2), bases::hat(3));  // of w, of b
///     const auto theta2 = kutta::project(theta, bases::hat(9), to);

#include <cstddef>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/basis_operator.hpp>
#include <kutta/basis/mixed.hpp>
#include <kutta/basis/parts.hpp>
#include <kutta/basis/project.hpp>
#include <kutta/basis/refine.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// A matrix for each field of a parameter struct.
class mixed_operator {
 public:
  explicit mixed_operator(std::vector<basis_operator> of_field) : of_field_(std::move(of_field)) {}

  /// The matrix of field i.
  const basis_operator& operator[](std::size_t i) const { return of_field_[i]; }

  /// Its own matrix applied to the coefficients of each field.
  /// @throws std::invalid_argument as `basis_operator::apply`.
  template <tensor C>
  C apply(const C& theta) const {
    C result;
    auto m = of_field_.begin();
    detail::zip_parts(
        [&](const auto& theta_i, auto& result_i) { result_i = (m++)->apply(theta_i); }, theta,
        result);
    return result;
  }

  /// The moments of Adam, as `basis_operator::apply`.
  template <optimiser_moments M>
  M apply(const M& moments) const {
    std::vector<basis_operator> sizes;
    for (const basis_operator& m : of_field_) sizes.push_back(m.absolute());
    return {apply(moments.first), mixed_operator(std::move(sizes)).apply(moments.second),
            moments.steps};
  }

 private:
  std::vector<basis_operator> of_field_;
};

namespace detail {

/// change(family of B, family of each C) for every field.
template <class F, mixed_basis B, class... C>
mixed_operator field_by_field(F&& change, const B& from, const C&... to) {
  static_assert(((part_count<B>::value == part_count<C>::value) && ...),
                "mixed bases of the same parameters have as many families");
  std::vector<basis_operator> of_field;
  zip_parts([&](const auto&... family) { of_field.push_back(change(family...)); }, from, to...);
  return mixed_operator(std::move(of_field));
}

/// The coefficients of one field, copied out of those of all.
template <std::size_t I, tensor P>
auto field_of(const std::vector<P>& theta) {
  std::vector<part_t<I, const P>> values;
  values.reserve(theta.size());
  for (const P& theta_k : theta) values.push_back(part<I>(theta_k));
  return values;
}

}  // namespace detail

/// `projection`, `interpolation` and `refinement` of every field.
/// @throws std::invalid_argument as those of one family.
template <mixed_basis B, mixed_basis C>
mixed_operator projection(const B& from, const C& to) {
  return detail::field_by_field([](const auto& a, const auto& b) { return projection(a, b); }, from,
                                to);
}
template <mixed_basis B, mixed_basis C>
mixed_operator interpolation(const B& from, const C& to) {
  return detail::field_by_field([](const auto& a, const auto& b) { return interpolation(a, b); },
                                from, to);
}
template <mixed_basis B>
mixed_operator refinement(const B& from) {
  return detail::field_by_field([](const auto& a) { return refinement(a); }, from);
}

/// Every field in its new family: the nearest, one that agrees at the control points, the same.
/// @throws std::invalid_argument as for one family, naming the field.
template <mixed_basis B, mixed_basis C, tensor T>
T project(const T& theta, const B& from, const C& to) {
  detail::require_coefficients_of_one_shape("project: theta", from, theta);
  return projection(from, to).apply(theta);
}
template <mixed_basis B, mixed_basis C, tensor T>
T interpolate(const T& theta, const B& from, const C& to) {
  detail::require_coefficients_of_one_shape("interpolate: theta", from, theta);
  return interpolation(from, to).apply(theta);
}
template <mixed_basis B, tensor T>
T refine(const T& theta, const B& from) {
  detail::require_coefficients_of_one_shape("refine: theta", from, theta);
  return refinement(from).apply(theta);
}

/// theta, all fields in one family, becomes the nearest in a family for each field.
/// @throws std::invalid_argument as `project` from one family to another.
template <integrable_basis B, mixed_basis C, tensor P>
coefficients_t<C, P> project(const std::vector<P>& theta, const B& from, const C& to) {
  detail::require_coefficients_of_one_shape("project: theta", from, theta);
  coefficients_t<C, P> result;
  detail::for_each_part_index<C>([&](auto i) {
    constexpr std::size_t I = decltype(i)::value;
    detail::part<I>(result) =
        projection(from, detail::part<I>(to)).apply(detail::field_of<I>(theta));
  });
  return result;
}

}  // namespace kutta
