// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The residual of image models but for its passes: parameters, statistics, shapes.

#include <cstddef>
#include <tuple>
#include <utility>

#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::detail {

/// Two units one behind the other, but for their passes, which differ with the memory that X lies
/// in. A unit has a normalisation and a convolution (`normalised_convolution.hpp`).
template <image_tensor X, class Unit>
class normalised_convolutions_base {
  using norm = typename Unit::norm;
  using conv = typename Unit::conv;

 public:
  using state = X;
  using params = std::tuple<typename norm::params, typename conv::params, typename norm::params,
                            typename conv::params>;
  using statistics = std::tuple<typename norm::statistics, typename norm::statistics>;

  struct tape {
    typename Unit::tape first, second;
    X between;  ///< what the first convolution gives
    statistics observed;

    std::size_t heap_bytes() const { return kutta::heap_bytes(first, second, between, observed); }
  };

  /// @throws std::invalid_argument as `conv2d`.
  normalised_convolutions_base(const layers::image_shape& in, std::size_t channels,
                               std::size_t stride = 1,
                               layers::padding padding = layers::padding::torch)
      : first_(in, channels, {.kernel = 3, .stride = stride, .padding = padding}),
        second_(first_.out(), channels, {.kernel = 3, .padding = padding}) {}

  const layers::image_shape& input_shape() const { return first_.in(); }
  const layers::image_shape& output_shape() const { return second_.out(); }

  template <class G>
  params make_params(G& generator) const {
    return params{first_.normalisation().make_params(generator),
                  first_.convolution().make_params(generator),
                  second_.normalisation().make_params(generator),
                  second_.convolution().make_params(generator)};
  }

  X make_output(const params&, const X& x) const {
    return zero_images<X>(samples_of(x), output_shape());
  }
  /// @throws std::invalid_argument if theta or x does not have this layer's shape.
  tape make_tape(const params& theta, const X& x) const {
    X between = make_between(x);
    auto first = first_.normalisation().make_tape(std::get<0>(theta), x);
    auto second = second_.normalisation().make_tape(std::get<2>(theta), between);
    return {std::move(first), std::move(second), std::move(between), make_statistics(theta, x)};
  }

  statistics make_statistics(const params& theta, const X& x) const {
    return {first_.normalisation().make_statistics(std::get<0>(theta), x),
            second_.normalisation().make_statistics(std::get<2>(theta), x)};
  }
  statistics positive_statistics(const statistics& stats) const {
    return {first_.normalisation().positive_statistics(std::get<0>(stats)),
            second_.normalisation().positive_statistics(std::get<1>(stats))};
  }
  const statistics& observed(const tape& saved) const { return saved.observed; }

 protected:
  std::size_t samples_of(const X& x) const {
    return image_count("normalised_convolutions", input_shape(), x);
  }
  X make_between(const X& x) const { return zero_images<X>(samples_of(x), first_.out()); }

  static void keep_observed(tape& saved) {
    kutta::assign(std::get<0>(saved.observed), saved.first.observed);
    kutta::assign(std::get<1>(saved.observed), saved.second.observed);
  }

  Unit first_, second_;
};

}  // namespace kutta::detail
