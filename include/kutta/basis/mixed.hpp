// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Parameters whose fields are functions of depth each in a family of its own.
///
///     const bases::mixed phi(bases::piecewise_constant(8), bases::hat(3));  // of w, of b
///     auto theta = kutta::zero_coefficients(phi, params{w, b});
///     theta.of<&params::w>()[7] = w;

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/evaluate.hpp>
#include <kutta/basis/parts.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// A family with a finer copy of itself.
template <class B>
concept has_refined = requires(const B phi) {
  { phi.refined() } -> std::same_as<B>;
};

namespace bases {

/// One family for each field of a parameter struct, or each element of a tuple, in their order.
///
/// Not a `basis`: there is no φ_k of all fields.
template <basis... B>
  requires(sizeof...(B) >= 1)
class mixed {
 public:
  using families = std::tuple<B...>;

  constexpr explicit mixed(B... family) : families_(std::move(family)...) {}

  template <std::size_t I>
  constexpr const auto& family() const {
    return std::get<I>(families_);
  }

  /// Every family refined.
  constexpr mixed refined() const
    requires(has_refined<B> && ...)
  {
    return std::apply([](const B&... phi) { return mixed(phi.refined()...); }, families_);
  }

 private:
  families families_;
};

}  // namespace bases

namespace detail {

template <class C, class M>
M pointee(M C::*);

// P is named although Member tells it: g++ (12) gives a template of a pointer to a member external
// linkage even where its class has internal linkage, and the programs of two files would be mixed
// up.
template <class P, auto Member>
struct field_coefficients {
  std::vector<decltype(pointee(Member))> values;
};

/// A vector of values for each field of P, under the name of the field.
template <class P, class I = std::make_index_sequence<part_count<P>::value>>
struct mixed_struct;
template <has_fields P, std::size_t... I>
struct mixed_struct<P, std::index_sequence<I...>>
    : field_coefficients<P, std::get<I>(P::fields).member>... {
  using params = P;
  static constexpr auto fields =
      std::tuple{field{std::get<I>(P::fields).name,
                       &field_coefficients<P, std::get<I>(P::fields).member>::values}...};

  /// The coefficients of one field: `theta.of<&P::w>()[k]`.
  template <auto Member>
  auto& of() {
    return field_coefficients<P, Member>::values;
  }
  template <auto Member>
  const auto& of() const {
    return field_coefficients<P, Member>::values;
  }
};

template <class P>
struct mixed_types {
  using coefficients = mixed_struct<P>;
};
template <class... M>
struct mixed_types<std::tuple<M...>> {
  using coefficients = std::tuple<std::vector<M>...>;
};

template <class C>
struct value_of_mixed {
  using type = typename C::params;
};
template <class... M>
struct value_of_mixed<std::tuple<std::vector<M>...>> {
  using type = std::tuple<M...>;
};

}  // namespace detail

/// The coefficients of P in a mixed basis: for a struct `theta.of<&P::w>()[k]`, a tensor whose
/// leaves are called "theta.w[k]"; for a tuple a tuple of vectors.
template <class P>
using mixed_coefficients = typename detail::mixed_types<P>::coefficients;

template <mixed_basis B, class P>
struct coefficients_of<B, P> {
  static_assert(detail::part_count<B>::value == detail::part_count<P>::value,
                "a mixed basis has one family for each field of the parameters");
  using type = mixed_coefficients<P>;
};

/// K zeros shaped like `like`.
template <basis B, tensor P>
std::vector<P> zero_coefficients(const B& phi, const P& like) {
  std::vector<P> theta;
  theta.reserve(phi.size());
  for (std::size_t k = 0; k < phi.size(); ++k) theta.push_back(kutta::zeros_like(like));
  return theta;
}

/// K zeros of each field, K that of its own family.
template <mixed_basis B, tensor P>
coefficients_t<B, P> zero_coefficients(const B& phi, const P& like) {
  coefficients_t<B, P> theta;
  detail::zip_parts([](const auto& phi_i, const auto& like_i,
                       auto& theta_i) { theta_i = zero_coefficients(phi_i, like_i); },
                    phi, like, theta);
  return theta;
}

namespace detail {

template <mixed_basis B, tensor C>
auto value_like(const B&, const C& theta) {
  typename value_of_mixed<C>::type value;
  zip_parts([](auto& value_i, const auto& theta_i) { value_i = theta_i.front(); }, value, theta);
  return value;
}

/// @throws std::invalid_argument unless every field has a value for each member of its family.
template <mixed_basis B, tensor C>
void require_coefficients(const char* what, const B& phi, const C& theta) {
  const auto names = part_names<C>();
  auto name = names.begin();
  zip_parts(
      [&](const auto& phi_i, const auto& theta_i) {
        require_coefficients((what + *name++).c_str(), phi_i, theta_i);
      },
      phi, theta);
}

template <mixed_basis B, tensor P>
void require_coefficients_like(const char* what, const B& phi, const coefficients_t<B, P>& theta,
                               const P& like) {
  const auto names = part_names<P>();
  auto name = names.begin();
  zip_parts(
      [&](const auto& phi_i, const auto& theta_i, const auto& like_i) {
        require_coefficients_like((what + *name++).c_str(), phi_i, theta_i, like_i);
      },
      phi, theta, like);
}

template <mixed_basis B, tensor C>
void require_coefficients_of_one_shape(const char* what, const B& phi, const C& theta) {
  require_coefficients(what, phi, theta);
  require_coefficients_like(what, phi, theta, value_like(phi, theta));
}

}  // namespace detail

/// θ(s), each field Σ_k φ_k(s) θ_k in its own family, computed into `at`.
///
/// A field that is one coefficient is copied: the fields of a struct lie side by side.
template <mixed_basis B, tensor P>
const P& evaluate(const B& phi, const depth& s, const coefficients_t<B, P>& theta, P& at) {
  detail::zip_parts(
      [&](const auto& phi_i, const auto& theta_i, auto& at_i) {
        const auto& value = evaluate(phi_i, s, theta_i, at_i);
        if (&value != &at_i) kutta::assign(at_i, value);
      },
      phi, theta, at);
  return at;
}

/// The transpose of `evaluate`: dtheta_k += φ_k(s) g, field by field, where g is what `f(g)` adds
/// to a zero.
template <mixed_basis B, tensor P, class F>
void scatter(const B& phi, const depth& s, F&& f, coefficients_t<B, P>& dtheta, P& g) {
  kutta::set_zero(g);
  f(g);
  detail::zip_parts(
      [&](const auto& phi_i, auto& dtheta_i, const auto& g_i) {
        for (const auto& [k, value] : phi_i(s))
          kutta::add(dtheta_i[k], dtheta_i[k], scaled{value, g_i});
      },
      phi, dtheta, g);
}

}  // namespace kutta
