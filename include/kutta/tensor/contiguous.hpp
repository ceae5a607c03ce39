// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Tensors that lie in one piece of host memory, and the two loops they need.

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/tensor.hpp>

KUTTA_HD_BEGIN

namespace kutta {

namespace detail {

/// Of up to so many elements, g++ would put some into one register, and take them apart again for
/// what reads them: a step waits for that. clang++ unrolls no loop with a barrier in it.
#ifdef __clang__
inline constexpr std::size_t most_one_by_one = 0;
#else
inline constexpr std::size_t most_one_by_one = 4;
#endif

/// A length known only at run time and below 8 takes a loop that no compiler vectorises: for so few
/// elements a vector loop's checks cost more than the elements, and its wide loads would wait for
/// the narrow stores that came before them.
template <class S, class F, class... X>
KUTTA_HD constexpr void map_n(S* y, std::size_t n, const F& f, const X*... x) {
  if (!std::is_constant_evaluated() && (__builtin_constant_p(n) ? n <= most_one_by_one : n < 8)) {
    for (std::size_t i = 0; i < n; ++i) {
      y[i] = f(x[i]...);
      asm volatile("");
    }
    return;
  }
  for (std::size_t i = 0; i < n; ++i) y[i] = f(x[i]...);
}

/// Σ f(xᵢ…) over the first n/16 times 16 elements, in sixteen interleaved partial sums, so that the
/// loop vectorises.
template <class S, class F, class... X>
KUTTA_HD constexpr accumulator_t<S> sum_of_blocks(std::size_t n, const F& f, const X*... x) {
  constexpr std::size_t lanes = 16;
  accumulator_t<S> partial[lanes] = {}, total = 0;
  for (std::size_t i = 0; i + lanes <= n; i += lanes)
    for (std::size_t l = 0; l < lanes; ++l)
      partial[l] += static_cast<accumulator_t<S>>(f(x[i + l]...));
  for (const accumulator_t<S> p : partial) total += p;
  return total;
}

/// Σ f(xᵢ…): the order of the additions depends on n alone. Inlined by force, for an integration
/// waits for the sums over its small states.
template <class S, class F, class... X>
[[gnu::always_inline]] KUTTA_HD constexpr accumulator_t<S> sum_n(std::size_t n, const F& f,
                                                                 const X*... x) {
  accumulator_t<S> total = 0;
  std::size_t i = 0;
  if (n >= 32) {
    total = sum_of_blocks<S>(n, f, x...);
    i = n - n % 16;
  }
  for (; i < n; ++i) total += static_cast<accumulator_t<S>>(f(x[i]...));
  return total;
}

/// max f(xᵢ…) for f ≥ 0.
template <class S, class F, class... X>
KUTTA_HD constexpr accumulator_t<S> largest_n(std::size_t n, const F& f, const X*... x) {
  accumulator_t<S> most = 0;
  for (std::size_t i = 0; i < n; ++i) most = larger{}(most, accumulator_t<S>(f(x[i]...)));
  return most;
}

}  // namespace detail

/// The base of `tensor_traits<T>` for an array with `data()` and `size()`; leaves `zeros_like` and
/// `shape` to the specialisation.
template <class T, std::floating_point S>
struct contiguous_traits {
  using scalar = S;

  template <class F, class... X>
  KUTTA_HD static constexpr void map(T& y, const F& f, const X&... x) {
    detail::map_n(y.data(), static_cast<std::size_t>(y.size()), f, x.data()...);
  }

  template <class F, class... X>
  KUTTA_HD static constexpr accumulator_t<S> sum(const F& f, const T& x, const X&... more) {
    return detail::sum_n<S>(static_cast<std::size_t>(x.size()), f, x.data(), more.data()...);
  }

  template <class F, class... X>
  KUTTA_HD static constexpr accumulator_t<S> largest(const F& f, const T& x, const X&... more) {
    return detail::largest_n<S>(static_cast<std::size_t>(x.size()), f, x.data(), more.data()...);
  }

  static constexpr void store(const T& x, S* to) {
    detail::map_n(to, static_cast<std::size_t>(x.size()), detail::copy{}, x.data());
  }
  static constexpr void load(T& y, const S* from) {
    detail::map_n(y.data(), static_cast<std::size_t>(y.size()), detail::copy{}, from);
  }
};

/// A run of elements inside another tensor, to be read by `map` and `sum`.
template <class S>
struct window_of {
  const S* first;
  std::size_t count;

  const S* data() const { return first; }
  std::size_t size() const { return count; }
};

/// A window can be summed over, like the tensor it is cut from.
template <std::floating_point S>
struct tensor_traits<window_of<S>> : contiguous_traits<window_of<S>, S> {};

/// Adds to `contiguous_traits` what a batch needs, for arrays whose outermost extent in memory is
/// the sample; leaves `samples` and `zeros_like` to `Traits`, the specialisation.
template <class T, std::floating_point S, class Traits>
struct contiguous_batch_traits : contiguous_traits<T, S> {
  static std::size_t sample_size(const T& x) {
    const std::size_t n = Traits::samples(x);
    return n == 0 ? 0 : static_cast<std::size_t>(x.size()) / n;
  }
  static window_of<S> window(const T& x, std::size_t first, std::size_t n) {
    return {x.data() + first * sample_size(x), n * sample_size(x)};
  }
  static void copy_samples(const T& from, std::size_t first, std::size_t n, T& to, std::size_t at) {
    const std::size_t size = sample_size(from);
    detail::map_n(to.data() + at * size, n * size, detail::copy{}, from.data() + first * size);
  }
};

/// A floating-point number is a tensor with one element and no extents.
template <std::floating_point T>
struct tensor_traits<T> {
  using scalar = T;

  KUTTA_HD static constexpr T zeros_like(const T&) { return T(0); }

  template <class F, class... X>
  KUTTA_HD static constexpr void map(T& y, const F& f, const X&... x) {
    y = f(x...);
  }

  template <class F, class... X>
  KUTTA_HD static constexpr accumulator_t<T> sum(const F& f, const T& x, const X&... more) {
    return f(x, more...);
  }

  template <class F, class... X>
  KUTTA_HD static constexpr accumulator_t<T> largest(const F& f, const T& x, const X&... more) {
    return f(x, more...);
  }

  static constexpr std::array<std::size_t, 0> shape(const T&) { return {}; }
  static constexpr void store(const T& x, T* to) { *to = x; }
  static constexpr void load(T& y, const T* from) { y = *from; }
};

template <std::floating_point T, std::size_t N>
struct tensor_traits<std::array<T, N>> : contiguous_traits<std::array<T, N>, T> {
  static constexpr std::array<T, N> zeros_like(const std::array<T, N>&) { return {}; }
  static constexpr std::array<std::size_t, 1> shape(const std::array<T, N>&) { return {{N}}; }
};

template <std::floating_point T, class A>
struct tensor_traits<std::vector<T, A>> : contiguous_traits<std::vector<T, A>, T> {
  static std::vector<T, A> zeros_like(const std::vector<T, A>& x) {
    return std::vector<T, A>(x.size());
  }
  static std::array<std::size_t, 1> shape(const std::vector<T, A>& x) { return {{x.size()}}; }
};

}  // namespace kutta

KUTTA_HD_END
