// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What kutta asks of an array: zero, one-pass linear combinations, elementwise maps, sums.
///
/// A type joins by one specialisation of `tensor_traits`:
///
///     scalar                      the floating-point type of an element
///     zeros_like(x)               a zero of x's shape; the only operation that allocates
///     map(y, f, x...)             yᵢ ← f(x₁ᵢ, …, xₙᵢ); every x has y's shape; y may be one of them
///     sum(f, x...)                Σᵢ f(x₁ᵢ, …, xₙᵢ) in a fixed order, in double or wider
///     largest(f, x...)            optional: max_i f(x₁ᵢ, …, xₙᵢ) for f ≥ 0; NaN if one is NaN
///     shape(x)                    the extents (leaves only)
///     store(x, p), load(y, p)     copies the elements to, or from, host memory at p (leaves only)
///     samples(x), zeros_like(x, n), copy_samples(from, first, n, to, at), window(x, first, n)
///                                 optional: a batch, cut along its samples. A window has the
///                                 elements of n samples of x, as an argument for map and sum.
///
/// Generic code calls `kutta::map`, `kutta::sum` and the others by their full names: an array's own
/// namespace may have a function of that name (`xt::sum` takes anything).
///
/// f is a named `KUTTA_HD` functor on scalars, so that one source serves host and device. An array
/// with `data()` and `size()` takes all of it but `zeros_like` from `contiguous_traits`; structs,
/// tuples and vectors of tensors are tensors already (`product.hpp`).

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <kutta/tensor/host_device.hpp>

KUTTA_HD_BEGIN

namespace kutta {

template <class T>
struct tensor_traits;

template <class T>
using scalar_t = typename tensor_traits<T>::scalar;

/// What a sum over tensors of scalar S is accumulated and returned in.
template <class S>
using accumulator_t = std::common_type_t<double, S>;

/// The term a·x of a linear combination. Refers to `x`; use it within one expression.
template <class T>
struct scaled {
  scalar_t<T> a;
  const T& x;

  KUTTA_HD constexpr scaled(accumulator_t<scalar_t<T>> factor, const T& value)
      : a(static_cast<scalar_t<T>>(factor)), x(value) {}
};

namespace detail {

template <class S>
struct zero {
  KUTTA_HD constexpr S operator()() const { return S(0); }
};

struct copy {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x) const {
    return x;
  }
};

/// y + a v. Lanes have it as one operation where the instruction set does: clang++ fuses a product
/// and a sum within an expression, not across the operators of a class.
template <class V, class S>
KUTTA_HD constexpr V plus_product(const V& y, const S& a, const V& v) {
  if constexpr (requires { y.plus_product(a, v); })
    return y.plus_product(a, v);
  else
    return y + a * v;
}

/// a₁ v₁ + … + aₙ vₙ, from the left.
template <class S, std::size_t N>
struct linear_combination {
  S a[N];

  template <class V, class... W>
  KUTTA_HD constexpr V operator()(const V& v, const W&... more) const {
    V y = a[0] * v;
    std::size_t i = 1;
    ((y = plus_product(y, a[i++], more)), ...);
    return y;
  }
};

/// x + a₁ v₁ + … + aₙ vₙ, from the left. The first term has no factor.
template <class S, std::size_t N>
struct increment {
  S a[N];

  template <class V, class... W>
  KUTTA_HD constexpr V operator()(const V& x, const W&... v) const {
    V y = x;
    std::size_t i = 0;
    ((y = plus_product(y, a[i++], v)), ...);
    return y;
  }
};

struct multiply {
  template <class V>
  KUTTA_HD constexpr V operator()(const V& x, const V& y) const {
    return x * y;
  }
};

/// The larger of two numbers; NaN if one of them is.
struct larger {
  template <class T>
  KUTTA_HD constexpr T operator()(const T& x, const T& y) const {
    return x >= y || x != x ? x : y;
  }
};

}  // namespace detail

template <class T>
concept has_scalar = std::floating_point<scalar_t<T>>;

template <class T>
concept has_zeros_like = requires(const T& x) {
  { tensor_traits<T>::zeros_like(x) } -> std::convertible_to<T>;
};

template <class T>
concept has_map = requires(T& y, const T& x) {
  tensor_traits<T>::map(y, detail::zero<scalar_t<T>>{});
  tensor_traits<T>::map(y, detail::copy{}, x);
  tensor_traits<T>::map(y, detail::multiply{}, x, x);
};

template <class T>
concept has_sum = requires(const T& x) {
  {
    tensor_traits<T>::sum(detail::multiply{}, x, x)
  } -> std::convertible_to<accumulator_t<scalar_t<T>>>;
};

/// A tensor whose largest element can be found.
template <class T>
concept has_largest = requires(const T& x) {
  {
    tensor_traits<T>::largest(detail::multiply{}, x, x)
  } -> std::convertible_to<accumulator_t<scalar_t<T>>>;
};

/// An element of a vector space over a floating-point scalar. Need not be copyable.
template <class T>
concept tensor = std::movable<T> && has_scalar<T> && has_zeros_like<T> && has_map<T> && has_sum<T>;

/// A tensor whose samples can be counted and copied: a batch.
template <class T>
concept batch = tensor<T> && requires(const T& x, T& y, std::size_t n) {
  { tensor_traits<T>::samples(x) } -> std::convertible_to<std::size_t>;
  { tensor_traits<T>::zeros_like(x, n) } -> std::convertible_to<T>;
  tensor_traits<T>::copy_samples(x, n, n, y, n);
  tensor_traits<T>::window(x, n, n);
};

/// y ← f(x₁, …, xₙ), element by element. y may be one of the x.
template <class T, class F, class... X>
KUTTA_HD constexpr void map(T& y, const F& f, const X&... x) {
  tensor_traits<T>::map(y, f, x...);
}

/// Σ f(x₁, …, xₙ) over the elements, in a fixed order.
template <class F, class T, class... X>
KUTTA_HD constexpr auto sum(const F& f, const T& x, const X&... more) {
  return tensor_traits<T>::sum(f, x, more...);
}

/// max f(x₁, …, xₙ) over the elements, for f ≥ 0: 0 if there are none, NaN if one is NaN.
template <class F, class T, class... X>
KUTTA_HD constexpr auto largest(const F& f, const T& x, const X&... more) {
  return tensor_traits<T>::largest(f, x, more...);
}

template <tensor T>
T zeros_like(const T& x) {
  return tensor_traits<T>::zeros_like(x);
}

/// y ← 0, whatever y held (NaN included).
template <class T>
KUTTA_HD constexpr void set_zero(T& y) {
  kutta::map(y, detail::zero<scalar_t<T>>{});
}

/// y ← x; the shapes agree.
template <class T>
KUTTA_HD constexpr void assign(T& y, const T& x) {
  kutta::map(y, detail::copy{}, x);
}

/// y ← Σ a x: one pass over memory, whatever the number of terms.
template <class T, class... X>
KUTTA_HD constexpr void combine(T& y, const scaled<X>&... terms) {
  kutta::map(y, detail::linear_combination<scalar_t<T>, sizeof...(X)>{{terms.a...}}, terms.x...);
}

/// y ← x + Σ a k: one pass over memory. x is not multiplied: a zero
/// increment leaves it as it is (but for the sign of −0).
template <class T, class... X>
KUTTA_HD constexpr void add(T& y, const T& x, const scaled<X>&... terms) {
  if constexpr (sizeof...(X) == 0)
    kutta::assign(y, x);
  else
    kutta::map(y, detail::increment<scalar_t<T>, sizeof...(X)>{{terms.a...}}, x, terms.x...);
}

/// ⟨x, y⟩ = Σᵢ xᵢ yᵢ.
template <class T>
KUTTA_HD constexpr auto inner_product(const T& x, const T& y) {
  return kutta::sum(detail::multiply{}, x, y);
}

/// The number of samples in a batch.
template <batch T>
std::size_t samples(const T& x) {
  return static_cast<std::size_t>(tensor_traits<T>::samples(x));
}

/// A zero of x's kind with n samples.
template <batch T>
T zeros_like(const T& x, std::size_t n) {
  return tensor_traits<T>::zeros_like(x, n);
}

/// Samples [first, first + n) of x, to be read by `map` and `sum` where a T is expected.
template <batch T>
auto window(const T& x, std::size_t first, std::size_t n) {
  return tensor_traits<T>::window(x, first, n);
}

/// Copies samples [first, first + n) of `from` onto samples [at, at + n) of `to`.
template <batch T>
void copy_samples(const T& from, std::size_t first, std::size_t n, T& to, std::size_t at) {
  tensor_traits<T>::copy_samples(from, first, n, to, at);
}

}  // namespace kutta

KUTTA_HD_END
