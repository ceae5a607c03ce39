// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One of several families in depth, chosen while the program runs.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include <kutta/basis/basis.hpp>
#include <kutta/basis/depth.hpp>
#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/schemes/rational.hpp>

namespace images {

/// The families, in the order of any_family's alternatives.
enum class family { constant, linear };
inline constexpr std::array family_names{"constant", "linear"};

/// A family of `kutta::bases` with at most two members that are not 0 at any depth.
class any_family {
 public:
  static constexpr std::size_t support = 2;
  static constexpr bool non_negative = true;

  template <class B>
  explicit any_family(B phi) : phi_(std::move(phi)) {}

  std::size_t size() const {
    return std::visit([](const auto& phi) { return phi.size(); }, phi_);
  }
  std::size_t degree() const {
    return std::visit([](const auto& phi) { return phi.degree(); }, phi_);
  }
  std::vector<kutta::rational> breakpoints() const {
    return std::visit([](const auto& phi) { return phi.breakpoints(); }, phi_);
  }
  kutta::depth node(std::size_t k) const {
    return std::visit([&](const auto& phi) { return phi.node(k); }, phi_);
  }
  any_family refined() const {
    return std::visit([](const auto& phi) { return any_family(phi.refined()); }, phi_);
  }
  kutta::basis_values<2> operator()(const kutta::depth& s) const {
    return std::visit(
        [&](const auto& phi) {
          kutta::basis_values<2> few{};
          for (const kutta::basis_value& value : phi(s)) few.values[few.count++] = value;
          return few;
        },
        phi_);
  }

 private:
  std::variant<kutta::bases::piecewise_constant, kutta::bases::hat> phi_;
};

static_assert(kutta::nodal_basis<any_family> && kutta::integrable_basis<any_family>);

/// K members.
/// @throws std::invalid_argument if K < 1.
inline any_family make_family(family f, std::int64_t size) {
  if (f == family::constant) return any_family(kutta::bases::piecewise_constant(size));
  return any_family(kutta::bases::hat(size));
}

}  // namespace images
