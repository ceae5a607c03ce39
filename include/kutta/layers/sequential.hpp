// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Layers one behind the other, as one layer.

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <kutta/layers/call.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/statistics_tuple.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

/// R_L ∘ … ∘ R_1.
///
///     sequential r{relu<X>{}, conv2d<X>({32, 32, 16}, 16), relu<X>{}};
///
/// params, and statistics of the layers that have any, are tuples in the layers' order. The tape
/// holds the layers' tapes and what passes from each to the next.
template <layer... L>
class sequential {
  static constexpr std::size_t depth = sizeof...(L);
  static_assert(depth >= 1, "sequential: at least one layer");

  using types = std::tuple<L...>;
  template <std::size_t I>
  using layer_at = std::tuple_element_t<I, types>;
  template <std::size_t... I>
  static std::tuple<output_t<layer_at<I>>...> inner_of(std::index_sequence<I...>);
  using inner = decltype(inner_of(std::make_index_sequence<depth - 1>{}));
  using stats_of = detail::statistics_tuple<L...>;

 public:
  static constexpr bool samples_independent = (kutta::samples_independent<L> && ...);

  using input = input_t<layer_at<0>>;
  using output = output_t<layer_at<depth - 1>>;
  using state = std::conditional_t<std::same_as<input, output>, input, void>;
  using params = std::tuple<typename L::params...>;
  using statistics = typename stats_of::type;

  struct tape {
    std::tuple<typename L::tape...> layers;
    inner between;
    statistics observed;

    std::size_t heap_bytes() const { return kutta::heap_bytes(layers, between, observed); }
  };
  struct scratch {
    std::tuple<scratch_t<L>...> layers;
    inner adjoints;

    std::size_t heap_bytes() const { return kutta::heap_bytes(layers, adjoints); }
  };

  constexpr explicit sequential(L... layers) : layers_(std::move(layers)...) {}

  template <std::size_t I>
  const layer_at<I>& get() const {
    return std::get<I>(layers_);
  }

  template <class G>
  params make_params(G& generator) const {
    return std::apply([&](const L&... r) { return params{r.make_params(generator)...}; }, layers_);
  }

  output make_output(const params& theta, const input& x) const {
    if constexpr (depth == 1) {
      return detail::make_output(get<0>(), std::get<0>(theta), x);
    } else {
      inner between = make_between(theta, x);
      return detail::make_output(get<depth - 1>(), std::get<depth - 1>(theta),
                                 std::get<depth - 2>(between));
    }
  }
  tape make_tape(const params& theta, const input& x) const {
    tape saved;
    saved.between = make_between(theta, x);
    saved.observed = make_statistics(theta, x);
    detail::for_each_index<depth>([&](auto l) {
      std::get<l>(saved.layers) =
          detail::make_tape(get<l>(), std::get<l>(theta), entering<l>(saved.between, x));
    });
    return saved;
  }
  scratch make_scratch(const params& theta, const input& x) const {
    scratch s;
    s.adjoints = make_between(theta, x);
    detail::for_each_index<depth>([&](auto l) {
      std::get<l>(s.layers) =
          detail::make_scratch(get<l>(), std::get<l>(theta), entering<l>(s.adjoints, x));
    });
    return s;
  }

  void forward(const params& theta, const input& x, output& y, tape& saved,
               const context<sequential>& at) const {
    detail::for_each_index<depth>([&](auto l) {
      detail::forward(get<l>(), std::get<l>(theta), entering<l>(saved.between, x),
                      leaving<l>(saved.between, y), std::get<l>(saved.layers), context_of<l>(at));
      stats_of::template observe<l>(get<l>(), std::get<l>(saved.layers), saved.observed);
    });
  }

  void vjp(const params& theta, const input& x, const tape& saved, const output& dy, input& dx,
           params& dtheta, const context<sequential>& at) const {
    auto& adjoints = at.scratch.adjoints;
    detail::for_each_index_reversed<depth>([&](auto l) {
      auto& d = entering<l>(adjoints, dx);
      if constexpr (l > 0) kutta::set_zero(d);
      detail::vjp(get<l>(), std::get<l>(theta), entering<l>(saved.between, x),
                  std::get<l>(saved.layers), leaving<l>(adjoints, dy), d, std::get<l>(dtheta),
                  context_of<l>(at));
    });
  }

  void jvp(const params& theta, const input& x, const tape& saved, const input& vx,
           const params& vtheta, output& vy, const context<sequential>& at) const
    requires(has_jvp<L> && ...)
  {
    auto& v = at.scratch.adjoints;
    detail::for_each_index<depth>([&](auto l) {
      detail::jvp(get<l>(), std::get<l>(theta), entering<l>(saved.between, x),
                  std::get<l>(saved.layers), entering<l>(v, vx), std::get<l>(vtheta),
                  leaving<l>(v, vy), context_of<l>(at));
    });
  }

  statistics make_statistics(const params& theta, const input& x) const {
    const inner between = make_between(theta, x);
    return stats_of::collect([&](auto l) {
      return get<l>().make_statistics(std::get<l>(theta), entering<l>(between, x));
    });
  }
  statistics positive_statistics(const statistics& stats) const {
    return stats_of::collect([&](auto l) {
      return detail::positive_statistics(get<l>(), std::get<stats_of::template place<l>>(stats));
    });
  }
  /// What the layers observed in the forward pass that wrote `saved`.
  const statistics& observed(const tape& saved) const { return saved.observed; }

  /// The map for inference: layers with statistics take them from `stats`.
  void infer(const params& theta, const statistics& stats, const input& x, output& y, tape& saved,
             const context<sequential>& at) const {
    detail::for_each_index<depth>([&](auto l) {
      stats_of::template infer<l>(get<l>(), std::get<l>(theta), stats,
                                  entering<l>(saved.between, x), leaving<l>(saved.between, y),
                                  std::get<l>(saved.layers), context_of<l>(at));
    });
  }

  /// Each layer's, by its own rule.
  void update_statistics(statistics& stats, tape& saved, double momentum) const {
    detail::for_each_index<depth>([&](auto l) {
      stats_of::template update<l>(get<l>(), stats, std::get<l>(saved.layers), momentum);
    });
  }

 private:
  inner make_between(const params& theta, const input& x) const {
    inner between;
    detail::for_each_index<depth - 1>([&](auto l) {
      std::get<l>(between) =
          detail::make_output(get<l>(), std::get<l>(theta), entering<l>(between, x));
    });
    return between;
  }

  /// What enters layer l, and what leaves it: an end of the whole, or one of `between`.
  template <std::size_t I, class Between, class End>
  static auto& entering(Between& between, End& x) {
    if constexpr (I == 0)
      return x;
    else
      return std::get<I - 1>(between);
  }
  template <std::size_t I, class Between, class End>
  static auto& leaving(Between& between, End& y) {
    if constexpr (I == depth - 1)
      return y;
    else
      return std::get<I>(between);
  }

  template <std::size_t I>
  static context<layer_at<I>> context_of(const context<sequential>& at) {
    return at.template inside<layer_at<I>>(std::get<I>(at.scratch.layers));
  }

  types layers_;
};

}  // namespace kutta::layers
