// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a basis in depth is: an exact depth in, the few non-zero values φ_k out.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/basis/depth.hpp>
#include <kutta/schemes/rational.hpp>

namespace kutta {

/// One value φ_k(s) of a family.
struct basis_value {
  std::size_t k;
  double phi;
};

/// The non-zero values of a family at one depth, at most N of them.
template <std::size_t N>
struct basis_values {
  basis_value values[N];
  std::size_t count;

  constexpr const basis_value& operator[](std::size_t i) const { return values[i]; }
  constexpr const basis_value* begin() const { return values; }
  constexpr const basis_value* end() const { return values + count; }
};

template <class B>
concept has_size = requires(const B phi) {
  { phi.size() } -> std::same_as<std::size_t>;
};

template <class B>
concept has_support = B::support >= 1;

template <class B>
concept has_values = requires(const B phi, const depth s) {
  { phi(s) } -> std::same_as<basis_values<B::support>>;
};

/// A family φ_0 … φ_{K−1} on [0, 1] with at most `support` non-zero members at any depth.
///
/// A basis knows depths and indices only; it never sees a tensor. Where `support` is 1 the value
/// is 1: such a family selects a coefficient.
template <class B>
concept basis = std::copyable<B> && has_size<B> && has_support<B> && has_values<B>;

/// A family whose coefficients are the values at control points: θ(node(k)) = θ_k.
template <class B>
concept nodal_basis = basis<B> && requires(const B phi, std::size_t k) {
  { phi.node(k) } -> std::same_as<depth>;
};

/// A family whose products can be integrated: between neighbouring breakpoints (the first 0, the
/// last 1) every member is a polynomial of at most this degree, or as near to one as doubles tell.
template <class B>
concept integrable_basis = basis<B> && requires(const B phi) {
  { phi.breakpoints() } -> std::same_as<std::vector<rational>>;
  { phi.degree() } -> std::same_as<std::size_t>;
};

/// A family whose first members are those of every smaller family of its kind.
template <class B>
concept hierarchical_basis = basis<B> && B::hierarchical;

/// A family for each field of a parameter struct (see `bases::mixed`).
template <class B>
concept mixed_basis = std::copyable<B> && requires { typename B::families; };

/// What weights can be functions of depth in.
template <class B>
concept weight_basis = basis<B> || mixed_basis<B>;

template <class B, class P>
struct coefficients_of;
template <basis B, class P>
struct coefficients_of<B, P> {
  using type = std::vector<P>;
};

/// The coefficients of one parameter struct: a P for each member of a family, or in a mixed basis
/// as many values of each field as its family has members.
template <weight_basis B, class P>
using coefficients_t = typename coefficients_of<B, P>::type;

namespace detail {

constexpr std::size_t require_size(const char* family, std::int64_t size) {
  if (size < 1)
    throw std::invalid_argument(std::string(family) + ": K must be at least 1, got " +
                                std::to_string(size));
  return static_cast<std::size_t>(size);
}

/// @throws std::invalid_argument if there is not one coefficient for each member of the family.
template <basis B, class P>
void require_coefficients(const char* what, const B& phi, const std::vector<P>& theta) {
  if (theta.size() != phi.size())
    throw std::invalid_argument(std::string(what) + ": expected K = " + std::to_string(phi.size()) +
                                " coefficients, got " + std::to_string(theta.size()));
}

}  // namespace detail
}  // namespace kutta
