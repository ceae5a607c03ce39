// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the weights of a layer begin as.
///
///     conv2d<X> conv({32, 32, 16}, 32, {.weights = initialisers::he_normal()});
///     auto theta = conv.make_params(generator);            // seeded by the generator
///
/// The numbers follow from the generator, whatever the compiler and the standard library
/// (`random_numbers.hpp`). By a name that is known at run time: `initialiser_by_name.hpp`.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <kutta/layers/orthogonal.hpp>
#include <kutta/layers/random_numbers.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/tensor/number_text.hpp>

namespace kutta {

/// How weights are spread: `kind` says how `square` and `value` are used, f is the number that
/// `fan` names.
///
///     normal       N(0, square/f)
///     uniform      on [−a, a) with a² = square/f
///     constant     value
///     orthogonal   value Q, with orthonormal rows or columns, whichever are fewer
struct initialiser {
  enum class kinds { normal, uniform, constant, orthogonal };
  /// 1; the inputs of an output; the outputs that an input has; the mean of both.
  enum class fans { one, in, out, mean };

  kinds kind = kinds::constant;
  fans fan = fans::one;
  double square = 0;
  double value = 0;

  constexpr bool operator==(const initialiser&) const = default;
};

/// The initialisers by name. A gain multiplies the weights, which have variance
///
///     he        2/f           f = fan_in, or fan_out: a deviation that max(·, 0) keeps
///     xavier    1/f           f = (fan_in + fan_out)/2
///     lecun     1/f           f = fan_in, or fan_out
///
/// He, Zhang, Ren & Sun, Delving deep into rectifiers (2015), eq. (10) and (14); Glorot & Bengio,
/// Understanding the difficulty of training deep feedforward neural networks (2010), eq. (12) and
/// (16); LeCun, Bottou, Orr & Müller, Efficient BackProp (1998), eq. (16); orthogonal: Saxe,
/// McClelland & Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear
/// neural networks (2014), section 3.
///
/// All throw std::invalid_argument for a gain, deviation or bound that is negative or not finite.
namespace initialisers {

using fan = initialiser::fans;

namespace detail {

/// factor gain².
constexpr double square(const char* what, double gain, double factor = 1) {
  if (!(gain >= 0 && gain * gain < std::numeric_limits<double>::infinity()))
    throw std::invalid_argument(std::string(what) +
                                ": expected a finite number of at least 0, got " +
                                kutta::detail::number_text(gain));
  return factor * (gain * gain);
}

}  // namespace detail

constexpr initialiser he_normal(fan by = fan::in, double gain = 1) {
  return {initialiser::kinds::normal, by, detail::square("he_normal", gain, 2)};
}
constexpr initialiser he_uniform(fan by = fan::in, double gain = 1) {
  return {initialiser::kinds::uniform, by, detail::square("he_uniform", gain, 6)};
}
constexpr initialiser xavier_normal(double gain = 1) {
  return {initialiser::kinds::normal, fan::mean, detail::square("xavier_normal", gain)};
}
constexpr initialiser xavier_uniform(double gain = 1) {
  return {initialiser::kinds::uniform, fan::mean, detail::square("xavier_uniform", gain, 3)};
}
constexpr initialiser lecun_normal(fan by = fan::in, double gain = 1) {
  return {initialiser::kinds::normal, by, detail::square("lecun_normal", gain)};
}
constexpr initialiser lecun_uniform(fan by = fan::in, double gain = 1) {
  return {initialiser::kinds::uniform, by, detail::square("lecun_uniform", gain, 3)};
}
/// N(0, deviation²).
constexpr initialiser normal(double deviation = 1) {
  return {initialiser::kinds::normal, fan::one, detail::square("normal", deviation)};
}
/// Uniform on [−bound, bound).
constexpr initialiser uniform(double bound = 1) {
  return {initialiser::kinds::uniform, fan::one, detail::square("uniform", bound)};
}
constexpr initialiser constant(double value = 1) {
  return {initialiser::kinds::constant, fan::one, 0, value};
}
constexpr initialiser zeros() {
  return constant(0);
}
constexpr initialiser orthogonal(double gain = 1) {
  detail::square("orthogonal", gain);
  return {initialiser::kinds::orthogonal, fan::one, 0, gain};
}

}  // namespace initialisers

/// The weights of an affine map (one tap) or a convolution: taps × in × out numbers.
struct weight_shape {
  std::size_t taps, in, out;

  constexpr std::size_t size() const { return taps * in * out; }

  /// The number that a fan names.
  constexpr double extent(initialiser::fans fan) const {
    const auto ins = static_cast<double>(taps * in), outs = static_cast<double>(taps * out);
    switch (fan) {
      case initialiser::fans::in:
        return ins;
      case initialiser::fans::out:
        return outs;
      case initialiser::fans::mean:
        return (ins + outs) / 2;
      default:
        return 1;
    }
  }
};

/// Fills w, whose numbers for the outputs lie side by side.
template <std::floating_point T, std::uniform_random_bit_generator G>
void initialise(const initialiser& how, const weight_shape& shape, T* w, G& generator) {
  const std::size_t n = shape.size();
  const double spread = std::sqrt(how.square / shape.extent(how.fan));
  switch (how.kind) {
    case initialiser::kinds::normal: {
      detail::normal_numbers normal;
      for (std::size_t i = 0; i < n; ++i) w[i] = static_cast<T>(spread * normal(generator));
      break;
    }
    case initialiser::kinds::uniform:
      for (std::size_t i = 0; i < n; ++i)
        w[i] = static_cast<T>(spread * (2 * detail::uniform_number(generator) - 1));
      break;
    case initialiser::kinds::constant:
      for (std::size_t i = 0; i < n; ++i) w[i] = static_cast<T>(how.value);
      break;
    case initialiser::kinds::orthogonal: {
      const std::size_t in = shape.taps * shape.in, out = shape.out;
      const bool rows = out <= in;  // the weights of an output are a row
      const auto q = rows ? detail::orthonormal_vectors(out, in, generator)
                          : detail::orthonormal_vectors(in, out, generator);
      for (std::size_t i = 0; i < in; ++i)
        for (std::size_t o = 0; o < out; ++o)
          w[i * out + o] = static_cast<T>(how.value * (rows ? q[o * in + i] : q[i * out + o]));
    }
  }
}

/// The same for an array, wherever it lies.
template <class X, std::uniform_random_bit_generator G>
  requires host_array<X> || device_array<X>
void initialise(const initialiser& how, const weight_shape& shape, X& w, G& generator) {
  if constexpr (host_array<X>) {
    initialise(how, shape, w.data(), generator);
  } else {
    std::vector<scalar_t<X>> values(shape.size());
    initialise(how, shape, values.data(), generator);
    kutta::copy_from_host(values, w);
  }
}

}  // namespace kutta
