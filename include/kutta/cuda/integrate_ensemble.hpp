// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Many small systems on the device: a thread integrates one from its start to its end.
///
///     struct lorenz {
///       template <class T>
///       KUTTA_HD void operator()(const T&, const vec<T, 3>& x, vec<T, 3>& dx) const { … }
///     };
///     const auto ends = kutta::cuda::integrate_ensemble<kutta::schemes::dormand_prince54>(
///         lorenz{}, x0, {0.0, 10.0}, kutta::adaptive{.rtol = 1e-6});
///
/// The calls are those of `kutta::integrate_ensemble`, which does it on the processor; the functor
/// may be the same.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/cuda/trajectory_rows.hpp>
#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/first_step.hpp>
#include <kutta/ode/lane_stepper.hpp>
#include <kutta/ode/lane_steps.hpp>
#include <kutta/ode/solution.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/schemes/butcher_tableau.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/vec.hpp>

namespace kutta::cuda {

/// Initial values and parameters in, ends out: device arrays of one call of `integrate_ensemble`,
/// to be made once for many calls. Number c of all trajectories lies side by side.
template <std::floating_point T, std::size_t N, std::size_t M = 0>
class ensemble {
 public:
  /// The trajectories of these initial values. The parameters of M = 0 are left out.
  /// @throws std::invalid_argument unless there are as many p as x0.
  explicit ensemble(const std::vector<vec<T, N>>& x0, const std::vector<vec<T, M>>& p = {})
      : size_(x0.size()), x_(N * size_), p_(M * size_), ends_(size_) {
    if (M > 0 && p.size() != size_)
      throw std::invalid_argument("integrate_ensemble: expected the parameters of " +
                                  std::to_string(size_) + " trajectories, got " +
                                  std::to_string(p.size()));
    set(x0, x_);
    if constexpr (M > 0) set(p, p_);
  }

  std::size_t size() const { return size_; }

  /// On the device: number c of trajectory i is at c size() + i, before a call x(t0), behind it
  /// where the trajectory has ended.
  T* x() { return x_.data(); }
  const T* p() const { return p_.data(); }
  sample_end* ends() { return ends_.data(); }

  /// How each trajectory ended. Waits for the device.
  std::vector<solution<vec<T, N>>> solutions() const {
    std::vector<T> rows(N * size_);
    std::vector<sample_end> ends(size_);
    copy_to_host(rows.data(), x_.data(), rows.size());
    copy_to_host(ends.data(), ends_.data(), size_);
    std::vector<solution<vec<T, N>>> all(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      detail::load(rows.data(), size_, i, all[i].x);
      all[i].t = ends[i].t, all[i].h = ends[i].h;
      all[i].status = ends[i].status, all[i].stats = ends[i].stats;
    }
    return all;
  }

 private:
  template <std::size_t L>
  void set(const std::vector<vec<T, L>>& from, buffer<T>& to) const {
    const std::vector<T> rows = detail::rows_of(from);
    copy_to_device(to.data(), rows.data(), rows.size());
  }

  std::size_t size_;
  buffer<T> x_, p_;
  buffer<sample_end> ends_;
};

namespace detail {

/// The trajectories of an ensemble, and how to take one.
template <class F, class T, std::size_t N, std::size_t M>
struct trajectories {
  F f;
  T* x;
  const T* p;
  sample_end* ends;
  std::size_t count;
  time_span<double> span;

  using state = vec<T, N>;

  KUTTA_HD state start(std::size_t i) const {
    state at;
    load(x, count, i, at);
    return at;
  }
  KUTTA_HD vec<T, M> parameters(std::size_t i) const {
    vec<T, M> values;
    load(p, count, i, values);
    return values;
  }
  KUTTA_HD void rate(double t, const state& at, const vec<T, M>& parameters, state& dx) const {
    if constexpr (M == 0)
      f(static_cast<T>(t), at, dx);
    else
      f(static_cast<T>(t), at, parameters, dx);
  }
  KUTTA_HD void end(std::size_t i, const state& at, const sample_end& how) const {
    store(at, x, count, i);
    ends[i] = how;
  }
};

/// Trajectory i by steps of equal length.
template <explicit_scheme S, class F, class T, std::size_t N, std::size_t M>
struct fixed_trajectory {
  trajectories<F, T, N, M> all;
  fixed how;

  KUTTA_HD void operator()(std::size_t i) const {
    using state = vec<T, N>;
    const time_span<double> span = all.span;
    const double h = (span.t1 - span.t0) / static_cast<double>(how.steps);
    const std::int64_t steps = span.t0 == span.t1 ? 0 : how.steps;
    const vec<T, M> p = all.parameters(i);
    state x = all.start(i);
    double t = span.t0;
    std::int64_t taken = 0;
    bool finite = kutta::detail::is_finite(x);
    while (finite && taken < steps) {
      const auto stage = [&](auto s, const state& at, state& dx) {
        all.rate(t + h * c_v<S, decltype(s)::value>, at, p, dx);
      };
      stage_points<S, state> points;
      stage_rates<S, state> k;
      kutta::step<S>(stage, h, x, x, points, k);
      t = ++taken == steps ? span.t1 : span.t0 + static_cast<double>(taken) * h;
      if (how.check_finite) finite = kutta::detail::is_finite(x);
    }
    sample_end end{t, taken > 0 ? h : 0, status::success, {}};
    if (!kutta::detail::is_finite(x)) end.status = status::non_finite;
    end.stats.accepted = taken;
    end.stats.evaluations = taken * static_cast<std::int64_t>(S::tableau.stages);
    if (taken > 0) end.stats.smallest_step = end.stats.largest_step = h < 0 ? -h : h;
    all.end(i, x, end);
  }
};

/// Trajectory i by steps of its own.
template <explicit_scheme S, class F, class T, std::size_t N, std::size_t M>
struct adaptive_trajectory {
  trajectories<F, T, N, M> all;
  const kutta::detail::step_rule* rule;  ///< in device memory: its tables are large
  kutta::detail::error_tolerance<T> tolerance;
  int error_order;

  using state = vec<T, N>;
  using stepper_type = kutta::detail::lane_stepper<S, T, T, N>;

  KUTTA_HD void operator()(std::size_t i) const {
    const time_span<double> span = all.span;
    state x = all.start(i);
    if (!kutta::detail::is_finite(x) || span.t0 == span.t1) {
      const bool finite = kutta::detail::is_finite(x);
      return all.end(i, x, {span.t0, 0, finite ? status::success : status::non_finite, {}});
    }
    const vec<T, M> p = all.parameters(i);
    const auto f = [&](double t, const state& at, state& dx) { all.rate(t, at, p, dx); };
    stepper_type stepper;
    kutta::detail::lane_steps<double> steps;
    f(span.t0, x, stepper.first_rate());
    steps.begin(*rule, 0, span, first_step(f, x, stepper.first_rate()));
    const bool largest = rule->how.norm == error_norm::max;
    state x1;
    status why = status::success;
    for (;;) {
      steps.choose(*rule);
      if (steps.ended != 0) {
        why = steps.obstacle(*rule, 0);
        break;
      }
      if constexpr (!stepper_type::is_fsal) f(steps.t, x, stepper.first_rate());
      stepper.attempt(f, steps.t, steps.h, x, x1);
      steps.judge(*rule, stepper.squared_error(tolerance, largest, steps.h, x, x1));
      stepper.accept(static_cast<T>(steps.taken));
      stepper_type::select(static_cast<T>(steps.taken), x1, x);
      if (steps.ended != 0) break;
    }
    all.end(i, x,
            {steps.t, steps.h, why,
             steps.counts(*rule, 0, stepper_type::stages, stepper_type::is_fsal)});
  }

 private:
  /// As `integrate` chooses it.
  template <class Rate>
  KUTTA_HD double first_step(const Rate& f, const state& x0, const state& rate) const {
    const double length = all.span.t1 - all.span.t0, direction = length < 0 ? -1 : 1;
    if (rule->how.first_step > 0) return direction * rule->how.first_step;
    const auto norm = [&](const auto& ratio, const auto&... v) {
      const bool largest = rule->how.norm == error_norm::max;
      return std::sqrt(largest ? kutta::largest(ratio, x0, x0, v...)
                               : kutta::sum(ratio, x0, x0, v...));
    };
    const kutta::detail::squared_ratio<T, 1> one{{T(1)}, tolerance.rtol, tolerance.atol};
    const kutta::detail::squared_ratio<T, 2> difference{
        {T(1), T(-1)}, tolerance.rtol, tolerance.atol};
    const double h = initial_step(norm(one, x0), norm(one, rate), error_order, [&](double h0) {
      h0 = h0 < direction * length ? h0 : direction * length;
      state point, second;
      kutta::add(point, x0, scaled<state>{direction * h0, rate});
      f(all.span.t0 + direction * h0, point, second);
      return norm(difference, second, rate) / h0;
    });
    const double least = 2 * kutta::detail::shortest_step(all.span.t0);
    return direction * (h < least ? least : h);
  }
};

}  // namespace detail

/// x(t1) of dx/dt = f(t, x, p) for each trajectory of `all`, by the scheme S; returns when the
/// kernel is queued. `all.solutions()` waits for it, and says how each has ended.
///
/// `f(t, x, p, dx)`, without p where M = 0, is KUTTA_HD and copied to the device; T is the type of
/// all its numbers. `how` is `fixed` or, for a scheme with an embedded pair, `adaptive`: then each
/// trajectory has steps of its own, which are those of `kutta::integrate` but for the rounding of
/// the device. Fixed steps of an FSAL scheme evaluate its first stage anew.
/// @throws std::invalid_argument as `integrate` does.
template <explicit_scheme S, class F, std::floating_point T, std::size_t N, std::size_t M>
void integrate_ensemble(const F& f, ensemble<T, N, M>& all, const time_span<double>& span,
                        const fixed& how) {
  kutta::detail::require_valid(span);
  kutta::detail::require_valid(how);
  detail::for_each_index(all.size(), detail::fixed_trajectory<S, F, T, N, M>{
                                         {f, all.x(), all.p(), all.ends(), all.size(), span}, how});
}
template <explicit_scheme S, class F, std::floating_point T, std::size_t N, std::size_t M>
  requires(kutta::has_embedding(S::tableau))
void integrate_ensemble(const F& f, ensemble<T, N, M>& all, const time_span<double>& span,
                        const adaptive& how) {
  kutta::detail::require_valid(span);
  kutta::detail::require_valid(how);
  if (how.norm == error_norm::per_sample)
    throw std::invalid_argument(
        "adaptive: norm per_sample expects a batch, got a state without samples");
  constexpr int error_order = explicit_stepper<S, vec<T, N>>::error_order();
  const kutta::detail::step_rule rule(how, error_order + 1);
  const buffer<kutta::detail::step_rule> on_device(1);
  copy_to_device(on_device.data(), &rule, 1);
  detail::for_each_index(all.size(), detail::adaptive_trajectory<S, F, T, N, M>{
                                         {f, all.x(), all.p(), all.ends(), all.size(), span},
                                         on_device.data(),
                                         kutta::detail::error_tolerance<T>(how, N),
                                         error_order});
}

/// The same for host vectors, which are copied to the device and back.
/// @throws std::invalid_argument as `integrate` does, and unless there are as many p as x0.
template <explicit_scheme S, class F, std::floating_point T, std::size_t N, std::size_t M,
          class How>
std::vector<solution<vec<T, N>>> integrate_ensemble(const F& f, const std::vector<vec<T, N>>& x0,
                                                    const std::vector<vec<T, M>>& p,
                                                    const time_span<double>& span, const How& how) {
  ensemble<T, N, M> all(x0, p);
  integrate_ensemble<S>(f, all, span, how);
  return all.solutions();
}
template <explicit_scheme S, class F, std::floating_point T, std::size_t N, class How>
std::vector<solution<vec<T, N>>> integrate_ensemble(const F& f, const std::vector<vec<T, N>>& x0,
                                                    const time_span<double>& span, const How& how) {
  return integrate_ensemble<S>(f, x0, std::vector<vec<T, 0>>{}, span, how);
}

}  // namespace kutta::cuda
