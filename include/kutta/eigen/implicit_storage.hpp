// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What implicit steps compute into.

#include <cstddef>
#include <stdexcept>
#include <utility>

#include <Eigen/Core>
#include <Eigen/LU>

#include <kutta/eigen/newton.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/schemes/rational.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/schemes/stage_structure.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta {

namespace detail {

/// A fixed extent if it is small, Eigen::Dynamic otherwise: large matrices are not for the stack.
constexpr int small_extent(int n) {
  return n <= 16 ? n : Eigen::Dynamic;
}

template <std::size_t N, class X, std::size_t... I>
vec<X, N> zeros(const X& x, std::index_sequence<I...>) {
  return {{(static_cast<void>(I), kutta::zeros_like(x))...}};
}

/// The table in T, to be read in loops: beside a factorisation, constant indices save nothing.
template <class S, class T>
struct table_in {
  static constexpr std::size_t s = S::tableau.stages;
  T a[s][s]{}, b[s]{}, c[s]{};

  constexpr table_in() {
    for (std::size_t i = 0; i < s; ++i) {
      b[i] = to_real<T>(S::tableau.b[i]);
      c[i] = to_real<T>(S::tableau.c[i]);
      for (std::size_t j = 0; j < s; ++j) a[i][j] = to_real<T>(S::tableau.a[i][j]);
    }
  }
};

template <class S, class T>
inline constexpr table_in<S, T> table_v{};

/// When a stage is, and which.
template <class T>
struct stage_time {
  std::size_t stage;
  T t;

  constexpr operator T() const { return t; }
};

/// A⁻¹, found by elimination.
template <class S, class T>
struct inverse_table {
  static constexpr std::size_t s = S::tableau.stages;
  T entry[s][s]{};

  constexpr inverse_table() {
    table_in<S, T> rk;
    auto& a = rk.a;
    for (std::size_t i = 0; i < s; ++i) entry[i][i] = 1;
    for (std::size_t k = 0; k < s; ++k) {
      std::size_t pivot = k;
      for (std::size_t i = k + 1; i < s; ++i)
        if (a[i][k] * a[i][k] > a[pivot][k] * a[pivot][k]) pivot = i;
      if (a[pivot][k] == 0)
        throw std::invalid_argument("implicit_step: coupled stages need an A that has an inverse");
      for (std::size_t j = 0; j < s; ++j) {
        std::swap(a[k][j], a[pivot][j]);
        std::swap(entry[k][j], entry[pivot][j]);
      }
      const T diagonal = a[k][k];
      for (std::size_t j = 0; j < s; ++j) {
        a[k][j] /= diagonal;
        entry[k][j] /= diagonal;
      }
      for (std::size_t i = 0; i < s; ++i) {
        if (i == k) continue;
        const T factor = a[i][k];
        for (std::size_t j = 0; j < s; ++j) {
          a[i][j] -= factor * a[k][j];
          entry[i][j] -= factor * entry[k][j];
        }
      }
    }
  }
};

template <class S, class T>
inline constexpr inverse_table<S, T> inverse_v{};

}  // namespace detail

/// What implicit steps of scheme S compute into: made once, so that no step allocates. (Eigen's LU
/// takes temporaries of more than EIGEN_STACK_ALLOCATION_LIMIT bytes from the heap.)
template <implicit_scheme S, dense_state X>
struct implicit_stepper_storage {
  using scalar = scalar_t<X>;
  static constexpr std::size_t stages = S::tableau.stages;
  static constexpr bool coupled = !is_diagonally_implicit(S::tableau);
  static constexpr int n = detail::small_extent(detail::elements<X>());
  static constexpr int system_size = coupled ? Eigen::Dynamic : n;

  using vector = Eigen::Matrix<scalar, n, 1>;
  using matrix = Eigen::Matrix<scalar, n, n>;  ///< what a Jacobian is written to
  using system_vector = Eigen::Matrix<scalar, system_size, 1>;
  using system_matrix = Eigen::Matrix<scalar, system_size, system_size>;

  /// @throws std::invalid_argument if x is empty.
  explicit implicit_stepper_storage(const X& x)
      : points(detail::zeros<stages>(x, std::make_index_sequence<stages>{})),
        rates(points),
        known(detail::as_vector(x)),
        z(Eigen::VectorX<scalar>::Zero(known.size() * static_cast<Eigen::Index>(stages))),
        residual(system_vector::Zero(coupled ? z.size() : known.size())),
        correction(residual),
        system(system_matrix::Zero(residual.size(), residual.size())),
        lu(residual.size()),
        scratch{kutta::zeros_like(x), kutta::zeros_like(x), kutta::zeros_like(x)} {
    if (known.size() == 0)
      throw std::invalid_argument(
          "implicit_stepper_storage: a state of at least 1 element is expected, got 0");
    for (matrix& j : jacobian) j.setZero(known.size(), known.size());
  }

  std::size_t heap_bytes() const {
    const auto rows = static_cast<std::size_t>(lu.rows());
    const bool is_fixed = system_size != Eigen::Dynamic;
    // lu: a matrix, a permutation and its transpositions, and a sum for each column
    const std::size_t of_lu = is_fixed ? 0 : rows * rows * sizeof(scalar) + 2 * rows * sizeof(int);
    return of_lu + kutta::heap_bytes(points, rates, known, z, residual, correction, jacobian,
                                     system, scratch.point, scratch.rate, scratch.shifted);
  }

  /// Part i of a vector that holds all stages one after the other.
  template <class V>
  auto part(V& all, std::size_t i) {
    const Eigen::Index size = known.size();
    return Eigen::Map<vector>(all.data() + static_cast<Eigen::Index>(i) * size, size);
  }

  /// Block (i, j) of the system ← δ_ij I − a K.
  template <class K>
  void set_block(std::size_t i, std::size_t j, scalar a, const K& k) {
    const Eigen::Index size = known.size();
    auto block = system.block(static_cast<Eigen::Index>(i) * size,
                              static_cast<Eigen::Index>(j) * size, size, size);
    block = -a * k;
    if (i == j) block.diagonal().array() += scalar(1);
  }

  vec<X, stages> points;  ///< X_i: what the transpose needs
  vec<X, stages> rates;   ///< k_i; in reverse the adjoints of the k_i

  vector known;              ///< what earlier stages give of z_i, or of the tangent of X_i
  Eigen::VectorX<scalar> z;  ///< the X_i − x0, stage by stage; in reverse the adjoints of the X_i
  system_vector residual, correction;
  vec<matrix, coupled ? stages : 1> jacobian;
  system_matrix system;
  Eigen::PartialPivLU<system_matrix> lu;
  detail::difference_scratch<X> scratch;
};

}  // namespace kutta
