// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One of several layers, chosen while the program runs.

#include <cstddef>
#include <tuple>
#include <utility>
#include <variant>

#include <kutta/layers/layer.hpp>

namespace images {

/// A residual that is one of several of the same parameters, states and statistics: blocks that
/// differ in their scheme or their family. Each must take a context.
template <kutta::residual L, kutta::residual... Others>
class one_of {
 public:
  using state = typename L::state;
  using params = typename L::params;
  using statistics = kutta::statistics_t<L>;
  using tape = std::variant<typename L::tape, typename Others::tape...>;
  using scratch = std::variant<kutta::scratch_t<L>, kutta::scratch_t<Others>...>;
  using context = kutta::context<one_of>;

  template <class R>
  explicit one_of(R layer) : layer_(std::move(layer)) {}

  template <class G>
  params make_params(G& generator) const {
    return visit([&](const auto& r) { return r.make_params(generator); });
  }
  tape make_tape(const params& theta, const state& x) const {
    return visit([&](const auto& r) { return tape(r.make_tape(theta, x)); });
  }
  scratch make_scratch(const params& theta, const state& x) const {
    return visit([&](const auto& r) { return scratch(r.make_scratch(theta, x)); });
  }

  void forward(const params& theta, const state& x, state& y, tape& saved,
               const context& at) const {
    visit([&](const auto& r) { r.forward(theta, x, y, of(r, saved), in(r, at)); });
  }
  void vjp(const params& theta, const state& x, const tape& saved, const state& dy, state& dx,
           params& dtheta, const context& at) const {
    visit([&](const auto& r) { r.vjp(theta, x, of(r, saved), dy, dx, dtheta, in(r, at)); });
  }

  statistics make_statistics(const params& theta, const state& x) const
    requires kutta::stateful<L>
  {
    return visit([&](const auto& r) { return r.make_statistics(theta, x); });
  }
  statistics positive_statistics(const statistics& stats) const
    requires kutta::stateful<L>
  {
    return visit([&](const auto& r) { return r.positive_statistics(stats); });
  }
  const statistics& observed(const tape& saved) const
    requires kutta::stateful<L>
  {
    return visit([&](const auto& r) -> const statistics& { return r.observed(of(r, saved)); });
  }
  void infer(const params& theta, const statistics& stats, const state& x, state& y, tape& saved,
             const context& at) const
    requires kutta::stateful<L>
  {
    visit([&](const auto& r) { r.infer(theta, stats, x, y, of(r, saved), in(r, at)); });
  }
  void update_statistics(statistics& stats, tape& saved, double momentum) const
    requires kutta::stateful<L>
  {
    visit([&](const auto& r) { r.update_statistics(stats, of(r, saved), momentum); });
  }

 private:
  template <class F>
  decltype(auto) visit(F&& f) const {
    return std::visit(std::forward<F>(f), layer_);
  }

  template <class R, class Tape>
  static auto& of(const R&, Tape& saved) {
    return std::get<typename R::tape>(saved);
  }
  template <class R>
  static kutta::context<R> in(const R&, const context& at) {
    return {at.t, at.pass, at.first_sample, std::get<kutta::scratch_t<R>>(at.scratch), at.workers};
  }

  std::variant<L, Others...> layer_;
};

}  // namespace images
