// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One call of `integrate_samples`: the samples on their way.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <kutta/ode/error_estimate.hpp>
#include <kutta/ode/explicit_stepper.hpp>
#include <kutta/ode/first_step.hpp>
#include <kutta/ode/lane_steps.hpp>
#include <kutta/ode/solution.hpp>
#include <kutta/ode/status.hpp>
#include <kutta/ode/step.hpp>
#include <kutta/ode/step_control.hpp>
#include <kutta/ode/workspace.hpp>
#include <kutta/schemes/coefficients.hpp>
#include <kutta/schemes/scheme.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

/// The samples on their way, each in a place. Those that have ended rest in theirs until a quarter
/// of the places is free; then the others move together, into states of as many samples.
template <explicit_scheme S, class F, batch X>
class samples_run {
 public:
  using scalar = scalar_t<X>;
  static_assert(std::same_as<accumulator_t<scalar>, double>,
                "integrate_samples: times are of type double, and so must sums be");

  samples_run(F& f, X x0, const std::vector<time_span<double>>& spans, const adaptive& how)
      : f_(f),
        rule_(how, explicit_stepper<S, X>::error_order() + 1),
        tolerance_(how, kutta::samples(x0) ? element_count(x0) / kutta::samples(x0) : 1),
        one_(kutta::zeros_like(x0, 1)),
        x_(kutta::zeros_like(x0, 0)),
        x1_(kutta::zeros_like(x0, 0)),
        point_(kutta::zeros_like(x0, 0)),
        k_(repeat<stages>([&] { return kutta::zeros_like(x0, 0); })),
        ends_{std::move(x0), {}} {
    for (std::size_t i = 0; i < spans.size(); ++i) {
      ends_.samples.push_back({spans[i].t0, 0, status::success, {}});
      const bool finite = kutta::sum(finite_or_nan{}, kutta::window(ends_.x, i, 1)) == 0;
      if (!finite) ends_.samples[i].status = status::non_finite;
      if (!finite || spans[i].t0 == spans[i].t1) continue;
      sample_.push_back(i);
      steps_.emplace_back().begin(rule_, 0, spans[i],
                                  std::copysign(how.first_step, length(spans[i])));
    }
    going_ = sample_.size();
    make_states(going_);
    for (std::size_t p = 0; p < going_; ++p) kutta::copy_samples(ends_.x, sample_[p], 1, x_, p);
    if (how.first_step == 0) choose_first_steps(spans);
  }

  samples_solution<X> run() && {
    if (is_fsal && rule_.how.first_step > 0) evaluate(0, x_, k_[0]);
    while (going_ > 0) {
      for (auto& s : steps_) s.choose(rule_);
      end([&](const auto& s) { return s.obstacle(rule_, 0); });
      if (going_ == 0) break;
      attempt();
      judge();
      end([](const auto&) { return status::success; });
    }
    return std::move(ends_);
  }

 private:
  static constexpr std::size_t stages = S::tableau.stages;
  static constexpr bool is_fsal = kutta::is_fsal(S::tableau);

  static double length(const time_span<double>& span) { return span.t1 - span.t0; }
  std::size_t places() const { return steps_.size(); }

  void make_states(std::size_t n) {
    x_ = kutta::zeros_like(one_, n), x1_ = kutta::zeros_like(one_, n);
    point_ = kutta::zeros_like(one_, n);
    for (X& k : k_) k = kutta::zeros_like(one_, n);
    t_.resize(n);
  }

  /// dx ← f at the times t + c h.
  void evaluate(double c, const X& x, X& dx) {
    for (std::size_t p = 0; p < places(); ++p) t_[p] = steps_[p].t + steps_[p].h * c;
    f_(std::span<const double>(t_), x, dx);
  }

  /// y ← x + Σ_j (h w_j) k_j with the step of each sample, one after the other: the sum is formed
  /// in a state of one sample, which stays in the cache, and copied: one pass over memory.
  template <class Weight, std::size_t... J>
  void add_rates(std::index_sequence<J...>, X& y) {
    for (std::size_t p = 0; p < places(); ++p) {
      if constexpr (sizeof...(J) == 0) {
        kutta::copy_samples(x_, p, 1, y, p);
      } else {
        const double h = steps_[p].h;
        kutta::map(one_,
                   increment<scalar, sizeof...(J)>{
                       {static_cast<scalar>(h * Weight::template value<J>)...}},
                   kutta::window(x_, p, 1), kutta::window(k_[J], p, 1)...);
        kutta::copy_samples(one_, 0, 1, y, p);
      }
    }
  }

  void attempt() {
    if constexpr (!is_fsal) evaluate(0, x_, k_[0]);
    for_each_index<stages>([&](auto i) {
      constexpr std::size_t I = decltype(i)::value;
      if constexpr (I > 0) {
        X& at = is_fsal && I == stages - 1 ? x1_ : point_;
        add_rates<row_weights<S, I>>(row_t<S, I>{}, at);
        evaluate(c_v<S, I>, at, k_[I]);
      }
    });
    if constexpr (!is_fsal) add_rates<end_weights<S>>(weights_t<S>{}, x1_);
  }

  /// ‖Σ_j a_j v_j‖² for the sample in place p, in units of the tolerance between x0 and x1.
  template <class... V>
  double squared(std::size_t p, const X& x0, const X& x1, const scaled<V>&... terms) const {
    const squared_ratio<scalar, sizeof...(V)> ratio{{terms.a...}, tolerance_.rtol, tolerance_.atol};
    if constexpr (has_largest<X>)
      if (rule_.how.norm == error_norm::max)
        return kutta::largest(ratio, kutta::window(x0, p, 1), kutta::window(x1, p, 1),
                              kutta::window(terms.x, p, 1)...);
    return kutta::sum(ratio, kutta::window(x0, p, 1), kutta::window(x1, p, 1),
                      kutta::window(terms.x, p, 1)...);
  }

  double squared_error(std::size_t p) const {
    return [&]<std::size_t... J>(std::index_sequence<J...>) {
      return squared(p, x_, x1_, scaled<X>{steps_[p].h * error_v<S, J, double>, k_[J]}...);
    }(error_t<S>{});
  }

  void judge() {
    bool all_taken = true;
    for (std::size_t p = 0; p < places(); ++p) {
      steps_[p].judge(rule_, squared_error(p));
      all_taken = all_taken && (steps_[p].taken != 0 || !steps_[p].is_active(0));
    }
    if (all_taken) {
      std::swap(x_, x1_);
      if constexpr (is_fsal) std::swap(k_[0], k_[stages - 1]);
      return;
    }
    for (std::size_t p = 0; p < places(); ++p)
      if (steps_[p].taken != 0) {
        kutta::copy_samples(x1_, p, 1, x_, p);
        if constexpr (is_fsal) kutta::copy_samples(k_[stages - 1], p, 1, k_[0], p);
      }
  }

  /// `initial_step` for all samples, with two calls of f.
  void choose_first_steps(const std::vector<time_span<double>>& spans) {
    constexpr int order = explicit_stepper<S, X>::error_order();
    const auto norm = [&](std::size_t p, const auto&... terms) {
      return std::sqrt(squared(p, x_, x_, terms...));
    };
    const auto choose = [&](std::size_t p, auto&& second_derivative) {
      const double d0 = norm(p, scaled<X>{1, x_}), d1 = norm(p, scaled<X>{1, k_[0]});
      return initial_step(d0, d1, order, second_derivative);
    };
    if (going_ == 0) return;
    evaluate(0, x_, k_[0]);
    std::vector<double> euler(going_);
    for (std::size_t p = 0; p < going_; ++p) {
      const double most = length(spans[sample_[p]]);
      (void)choose(p, [&](double h) {
        euler[p] = std::fmin(h, std::abs(most));
        return 0.;
      });
      steps_[p].h = std::copysign(euler[p], most);
      kutta::map(one_, increment<scalar, 1>{{static_cast<scalar>(steps_[p].h)}},
                 kutta::window(x_, p, 1), kutta::window(k_[0], p, 1));
      kutta::copy_samples(one_, 0, 1, point_, p);
    }
    X& second = k_[stages - 1];
    evaluate(1, point_, second);
    for (std::size_t p = 0; p < going_; ++p) {
      const double h = choose(p, [&](double) {
        return norm(p, scaled<X>{1, second}, scaled<X>{-1, k_[0]}) / euler[p];
      });
      steps_[p].h =
          std::copysign(std::fmax(h, 2 * shortest_step(steps_[p].t)), length(spans[sample_[p]]));
    }
  }

  /// Hands in the samples that have ended, and closes the gaps if they are many.
  template <class Why>
  void end(const Why& why) {
    bool some = false;
    for (std::size_t p = 0; p < places(); ++p) {
      auto& s = steps_[p];
      if (s.ended == 0) continue;
      ends_.samples[sample_[p]] = {s.t, s.h, why(s), s.counts(rule_, 0, stages, is_fsal)};
      kutta::copy_samples(x_, p, 1, ends_.x, sample_[p]);
      s.end(0);
      --going_;
      some = true;
    }
    if (some && 4 * going_ <= 3 * places()) close_gaps();
  }

  void close_gaps() {
    const X x = std::move(x_), k = std::move(k_[0]);
    make_states(going_);
    std::size_t to = 0;
    for (std::size_t p = 0; p < places(); ++p) {
      if (!steps_[p].is_active(0)) continue;
      kutta::copy_samples(x, p, 1, x_, to);
      kutta::copy_samples(k, p, 1, k_[0], to);
      steps_[to] = steps_[p];
      sample_[to++] = sample_[p];
    }
    steps_.resize(going_);
    sample_.resize(going_);
  }

  F& f_;
  step_rule rule_;
  error_tolerance<scalar> tolerance_;
  X one_, x_, x1_, point_;
  stage_rates<S, X> k_;
  samples_solution<X> ends_;
  std::vector<std::size_t> sample_;  ///< which sample is in place p
  std::vector<lane_steps<double>> steps_;
  std::vector<double> t_;
  std::size_t going_ = 0;
};

}  // namespace kutta::detail
