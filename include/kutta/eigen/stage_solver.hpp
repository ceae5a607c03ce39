// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The stage equations of an implicit step, solved by Newton's method.

#include <cmath>
#include <cstddef>
#include <limits>

#include <Eigen/Core>

#include <kutta/eigen/implicit_storage.hpp>
#include <kutta/eigen/newton.hpp>
#include <kutta/ode/step.hpp>

namespace kutta::detail {

/// The stage equations of one step, z_i = X_i − x0 = h Σ_j a_ij f(t_j, x0 + z_j).
///
/// The z_i are small where the X_i are not: fewer digits are lost.
template <class S, class X, class F, class J>
class stage_solver {
  using storage = implicit_stepper_storage<S, X>;
  using scalar = typename storage::scalar;
  using real = step_real_t<X>;
  static constexpr std::size_t stages = storage::stages;
  static constexpr const table_in<S, real>& rk = table_v<S, real>;

 public:
  stage_solver(const F& f, const J& jacobian, const newton_options& options, real t, real h,
               const X& x0, storage& s, implicit_statistics& count)
      : f_(f),
        jacobian_(jacobian),
        options_(options),
        t_(t),
        h_(h),
        x0_(x0),
        s_(s),
        count_(count) {}

  bool operator()() {
    if constexpr (storage::coupled) {
      return all_stages();
    } else {
      for (std::size_t i = 0; i < stages; ++i)
        if (!(rk.a[i][i] == 0 ? explicit_stage(i) : stage(i))) return false;
      return true;
    }
  }

 private:
  stage_time<real> start() const { return {0, t_}; }
  stage_time<real> time(std::size_t i) const { return {i, t_ + rk.c[i] * h_}; }
  void set_point(std::size_t i) { as_vector(s_.points[i]) = as_vector(x0_) + s_.part(s_.z, i); }
  void set_rate(std::size_t i) {
    f_(time(i), s_.points[i], s_.rates[i]);
    ++count_.evaluations;
  }
  void write(stage_time<real> t, const X& x, std::size_t i = 0) {
    write_jacobian(f_, jacobian_, t, x, s_.jacobian[i], s_.scratch, count_);
  }
  void factorise() {
    s_.lu.compute(s_.system);
    ++count_.factorizations;
  }

  /// known ← h Σ_{j<i} a_ij k_j.
  void set_known(std::size_t i) {
    s_.known.setZero();
    for (std::size_t j = 0; j < i; ++j)
      s_.known += scalar(h_ * rk.a[i][j]) * as_vector(s_.rates[j]);
  }

  bool explicit_stage(std::size_t i) {
    set_known(i);
    s_.part(s_.z, i) = s_.known;
    set_point(i);
    set_rate(i);
    return true;
  }

  /// z_i = known + h a_ii k_i.
  bool stage(std::size_t i) {
    const auto diagonal = scalar(h_ * rk.a[i][i]);
    const auto factorise_stage = [&] {
      s_.set_block(0, 0, diagonal, s_.jacobian[0]);
      factorise();
      factored_ = diagonal;
    };
    if (!has_jacobian_) write(start(), x0_);
    has_jacobian_ = true;
    if (factored_ != diagonal) factorise_stage();

    set_known(i);
    auto z = s_.part(s_.z, i);
    if (refreshed_at_ == stages)
      z.setZero();
    else
      z = s_.part(s_.z, refreshed_at_);  // near where the Jacobian is from, as 0 no longer is
    const auto residual = [&] {
      set_point(i);
      set_rate(i);
      s_.residual = s_.known + diagonal * as_vector(s_.rates[i]) - z;
    };
    const auto refresh = [&] {
      set_point(i);
      write(time(i), s_.points[i]);
      refreshed_at_ = i;
      factorise_stage();
    };
    if (!solve(z, residual, refresh)) return false;
    set_point(i);
    as_vector(s_.rates[i]) = (z - s_.known) / diagonal;
    return true;
  }

  /// z_i = h Σ_j a_ij k_j, for all stages at once.
  bool all_stages() {
    write(start(), x0_);
    for (std::size_t j = 0; j < stages; ++j) set_columns(j, s_.jacobian[0]);
    factorise();

    s_.z.setZero();
    const auto residual = [&] {
      for (std::size_t i = 0; i < stages; ++i) {
        set_point(i);
        set_rate(i);
      }
      s_.residual = -s_.z;
      for (std::size_t i = 0; i < stages; ++i)
        for (std::size_t j = 0; j < stages; ++j)
          s_.part(s_.residual, i) += scalar(h_ * rk.a[i][j]) * as_vector(s_.rates[j]);
    };
    const auto refresh = [&] {
      for (std::size_t j = 0; j < stages; ++j) {
        set_point(j);
        write(time(j), s_.points[j], j);
        set_columns(j, s_.jacobian[j]);
      }
      factorise();
    };
    if (!solve(s_.z, residual, refresh)) return false;

    for (std::size_t i = 0; i < stages; ++i) {  // k = A⁻¹ z/h: f would enlarge the error of z
      set_point(i);
      auto rate = as_vector(s_.rates[i]);
      rate.setZero();
      for (std::size_t j = 0; j < stages; ++j)
        rate += scalar(inverse_v<S, real>.entry[i][j] / h_) * s_.part(s_.z, j);
    }
    return true;
  }

  /// The derivatives of all equations by z_j.
  void set_columns(std::size_t j, const typename storage::matrix& jacobian) {
    for (std::size_t i = 0; i < stages; ++i) s_.set_block(i, j, scalar(h_ * rk.a[i][j]), jacobian);
  }

  /// Newton's method with the matrix as it is, then with fresh ones.
  template <class Z, class Residual, class Refresh>
  bool solve(Z& z, const Residual& residual, const Refresh& refresh) {
    newton_verdict verdict = iterate(z, residual);
    for (int fresh = 1; fresh < options_.max_jacobians; ++fresh) {
      if (verdict != newton_verdict::slow && verdict != newton_verdict::diverging) break;
      refresh();
      verdict = iterate(z, residual);
    }
    return verdict == newton_verdict::converged;
  }

  template <class Z, class Residual>
  newton_verdict iterate(Z& z, const Residual& residual) {
    newton_convergence convergence(options_);
    newton_verdict verdict = newton_verdict::going_on;
    while (verdict == newton_verdict::going_on) {
      residual();
      s_.correction = s_.lu.solve(s_.residual);
      ++count_.iterations;
      verdict = convergence(norm_of_correction(z));
      if (verdict != newton_verdict::diverging && verdict != newton_verdict::failed)
        z += s_.correction;
    }
    return verdict;
  }

  /// ‖d‖ of `newton_options`, d the correction of z.
  template <class Z>
  double norm_of_correction(const Z& z) const {
    const scalar rounding = 16 * std::numeric_limits<scalar>::epsilon();
    const scalar floor = rounding / scalar(options_.tolerance), rtol = scalar(options_.rtol);
    const scalar relative = rtol > floor ? rtol : floor;
    const scalar absolute = scalar(options_.atol) + std::numeric_limits<scalar>::min();
    const auto x0 = as_vector(x0_);
    scalar squares = 0;
    for (Eigen::Index i = 0; i < z.size(); ++i) {
      const scalar d = s_.correction[i], start = x0[i % x0.size()];
      const scalar before = std::abs(start), after = std::abs(start + z[i] + d);
      const scalar ratio = d / (absolute + relative * (before > after ? before : after));
      squares += ratio * ratio;
    }
    return static_cast<double>(std::sqrt(squares / static_cast<scalar>(z.size())));
  }

  const F& f_;
  const J& jacobian_;
  const newton_options& options_;
  real t_, h_;
  const X& x0_;
  storage& s_;
  implicit_statistics& count_;
  scalar factored_ = 0;  // h a_ii of the matrix in lu; 0: none yet
  bool has_jacobian_ = false;
  std::size_t refreshed_at_ = stages;  // the stage that the Jacobian is from; none: from x0
};

}  // namespace kutta::detail
