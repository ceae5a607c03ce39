// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The sum of two layers as a layer: a residual unit, a stitch.

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/statistics_tuple.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/shape.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// y = x. x: any tensor.
template <tensor X>
struct identity {
  static constexpr bool samples_independent = true;

  using state = X;
  using params = std::array<scalar_t<X>, 0>;
  using tape = nothing;

  template <class G>
  params make_params(G&) const {
    return {};
  }

  void forward(const params&, const X& x, X& y, tape&) const { kutta::assign(y, x); }
  void vjp(const params&, const X&, const tape&, const X& dy, X& dx, params&) const {
    kutta::add(dx, dx, scaled{1, dy});
  }
  void jvp(const params&, const X&, const tape&, const X& vx, const params&, X& vy) const {
    kutta::assign(vy, vx);
  }
};

/// y = f(x) + g(x).
///
///     parallel unit{identity<X>{}, sequential{…}};
///
/// params, and statistics of the two that have any, are tuples in their order.
template <layer F, layer G>
  requires std::same_as<input_t<F>, input_t<G>> && std::same_as<output_t<F>, output_t<G>>
class parallel {
  using stats_of = detail::statistics_tuple<F, G>;

 public:
  static constexpr bool samples_independent =
      kutta::samples_independent<F> && kutta::samples_independent<G>;

  using input = input_t<F>;
  using output = output_t<F>;
  using state = std::conditional_t<std::same_as<input, output>, input, void>;
  using params = std::tuple<typename F::params, typename G::params>;
  using statistics = typename stats_of::type;

  struct tape {
    typename F::tape f;
    typename G::tape g;
    statistics observed;

    std::size_t heap_bytes() const { return kutta::heap_bytes(f, g, observed); }
  };
  struct scratch {
    scratch_t<F> f;
    scratch_t<G> g;
    output other;  ///< g(x)

    std::size_t heap_bytes() const { return kutta::heap_bytes(f, g, other); }
  };

  constexpr parallel(F f, G g) : f_(std::move(f)), g_(std::move(g)) {}

  const F& first() const { return f_; }
  const G& second() const { return g_; }

  template <class Generator>
  params make_params(Generator& generator) const {
    return params{f_.make_params(generator), g_.make_params(generator)};
  }

  /// @throws std::invalid_argument if the two give different shapes.
  output make_output(const params& theta, const input& x) const {
    output y = detail::make_output(f_, std::get<0>(theta), x);
    detail::require_same_shape("parallel: the second layer's output", y,
                               detail::make_output(g_, std::get<1>(theta), x));
    return y;
  }
  tape make_tape(const params& theta, const input& x) const {
    return {detail::make_tape(f_, std::get<0>(theta), x),
            detail::make_tape(g_, std::get<1>(theta), x), make_statistics(theta, x)};
  }
  scratch make_scratch(const params& theta, const input& x) const {
    return {detail::make_scratch(f_, std::get<0>(theta), x),
            detail::make_scratch(g_, std::get<1>(theta), x), make_output(theta, x)};
  }

  void forward(const params& theta, const input& x, output& y, tape& saved,
               const context<parallel>& at) const {
    detail::forward(f_, std::get<0>(theta), x, y, saved.f, in_first(at));
    detail::forward(g_, std::get<1>(theta), x, at.scratch.other, saved.g, in_second(at));
    kutta::add(y, y, scaled{1, at.scratch.other});
    stats_of::template observe<0>(f_, saved.f, saved.observed);
    stats_of::template observe<1>(g_, saved.g, saved.observed);
  }

  /// dx += (∂f/∂x)ᵀ dy + (∂g/∂x)ᵀ dy.
  void vjp(const params& theta, const input& x, const tape& saved, const output& dy, input& dx,
           params& dtheta, const context<parallel>& at) const {
    detail::vjp(f_, std::get<0>(theta), x, saved.f, dy, dx, std::get<0>(dtheta), in_first(at));
    detail::vjp(g_, std::get<1>(theta), x, saved.g, dy, dx, std::get<1>(dtheta), in_second(at));
  }

  void jvp(const params& theta, const input& x, const tape& saved, const input& vx,
           const params& vtheta, output& vy, const context<parallel>& at) const
    requires has_jvp<F> && has_jvp<G>
  {
    detail::jvp(f_, std::get<0>(theta), x, saved.f, vx, std::get<0>(vtheta), vy, in_first(at));
    detail::jvp(g_, std::get<1>(theta), x, saved.g, vx, std::get<1>(vtheta), at.scratch.other,
                in_second(at));
    kutta::add(vy, vy, scaled{1, at.scratch.other});
  }

  statistics make_statistics(const params& theta, const input& x) const {
    return stats_of::collect(
        [&](auto i) { return get<i>().make_statistics(std::get<i>(theta), x); });
  }
  statistics positive_statistics(const statistics& stats) const {
    return stats_of::collect([&](auto i) {
      return detail::positive_statistics(get<i>(), std::get<stats_of::template place<i>>(stats));
    });
  }
  const statistics& observed(const tape& saved) const { return saved.observed; }

  void infer(const params& theta, const statistics& stats, const input& x, output& y, tape& saved,
             const context<parallel>& at) const {
    output& other = at.scratch.other;
    stats_of::template infer<0>(f_, std::get<0>(theta), stats, x, y, saved.f, in_first(at));
    stats_of::template infer<1>(g_, std::get<1>(theta), stats, x, other, saved.g, in_second(at));
    kutta::add(y, y, scaled{1, other});
  }

  void update_statistics(statistics& stats, tape& saved, double momentum) const {
    stats_of::template update<0>(f_, stats, saved.f, momentum);
    stats_of::template update<1>(g_, stats, saved.g, momentum);
  }

 private:
  template <std::size_t I>
  const auto& get() const {
    if constexpr (I == 0)
      return f_;
    else
      return g_;
  }

  static context<F> in_first(const context<parallel>& at) {
    return at.template inside<F>(at.scratch.f);
  }
  static context<G> in_second(const context<parallel>& at) {
    return at.template inside<G>(at.scratch.g);
  }

  F f_;
  G g_;
};

}  // namespace kutta::layers
