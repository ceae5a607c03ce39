// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The normal distribution and its density without a branch or a call, so that a loop over them
/// vectorises.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/math.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta {

/// Φ(x) = ∫_{−∞}^x φ and φ(x) = e^(−x²/2)/√(2π).
template <class V>
struct normal_values {
  V distribution, density;
};

namespace detail {

/// What the algorithm needs to know of a format: e^(−a²/2) = 2^n e^r, |r| ≤ ln 2/2, with a Taylor
/// polynomial for (e^r − 1 − r)/r²; and a polynomial in t = (a − 4)/(a + 4) for
/// (a + 4) e^(a²/2) Φ(−a), 0 ≤ a ≤ last: its Chebyshev series, cut off where the rest is below half
/// a unit in the last place.
template <class T>
struct normal_format;

template <>
struct normal_format<double> {
  using bits = std::int64_t;
  static constexpr int mantissa = 52;
  static constexpr bits one = 0x3ff0000000000000;
  static constexpr bits leading = ~bits{0x7ffffff};         // 26 bits of a mantissa
  static constexpr double last = 37.5;                      // 2^n stays a normal number
  static constexpr double round = 0x1.8p52;                 // adding it rounds to an integer
  static constexpr double log2e = 0x1.71547652b82fep0;      // 1/ln 2
  static constexpr double ln2_high = 0x1.62e42feep-1;       // ln 2: the leading 32 bits, so that
  static constexpr double ln2_low = 0x1.a39ef35793c76p-33;  // n ln2_high is exact
  static constexpr double taylor[] = {1. / 6227020800, 1. / 479001600, 1. / 39916800, 1. / 3628800,
                                      1. / 362880,     1. / 40320,     1. / 5040,     1. / 720,
                                      1. / 120,        1. / 24,        1. / 6,        1. / 2};
  static constexpr double tail[] = {
      -0x1.09934b372409ap-30, 0x1.540d685f73c13p-34,  0x1.deef0f2d5c023p-27, 0x1.f49a93a2a1689p-27,
      -0x1.483dfd2efa358p-24, -0x1.4b4640d20d481p-23, 0x1.1b30fd839573fp-22, 0x1.11c12c2679292p-20,
      -0x1.4fa3e33833c8ep-21, -0x1.8d3603d6a0fbfp-18, 0x1.7fe0a6f066493p-21, 0x1.26cf91931aaddp-15,
      -0x1.00120539f52d5p-19, -0x1.e4a416416730ap-13, 0x1.17a4a6e3ba156p-13, 0x1.ab825f80112b8p-10,
      -0x1.c81719cb05950p-9,  -0x1.ee2761035495fp-8,  0x1.eec4cc3e45a10p-5,  -0x1.7dff2bff6886fp-3,
      0x1.8c6dbf2cfc2fap-2,   -0x1.373e3a893c287p-1,  0x1.82b4bb8c94dcep-1};
};

template <>
struct normal_format<float> {
  using bits = std::int32_t;
  static constexpr int mantissa = 23;
  static constexpr bits one = 0x3f800000;
  static constexpr bits leading = ~bits{0xfff};  // 12 bits
  static constexpr float last = 12.75f;
  static constexpr float round = 0x1.8p23f;
  static constexpr float log2e = 0x1.715476p0f;
  static constexpr float ln2_high = 0x1.62e4p-1f;
  static constexpr float ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float taylor[] = {1.f / 5040, 1.f / 720, 1.f / 120, 1.f / 24, 1.f / 6, 1.f / 2};
  static constexpr float tail[] = {
      -0x1.ef7ef6p-14f, 0x1.af0e74p-13f, 0x1.9c7b76p-10f, -0x1.ce807p-9f,  -0x1.ed83b2p-8f,
      0x1.eedae8p-5f,   -0x1.7dff7cp-3f, 0x1.8c6d8ep-2f,  -0x1.373e3ap-1f, 0x1.82b4bcp-1f};
};

/// c[0] xⁿ⁻¹ + … + c[n − 1]. Unrolled: a loop in a loop does not vectorise.
template <class V, class T, std::size_t N>
[[gnu::always_inline]] inline V polynomial_of(V x, const T (&c)[N]) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    V y = x * c[0] + c[1];
    ((y = y * x + c[I + 2]), ...);
    return y;
  }(std::make_index_sequence<N - 2>{});
}

/// The algorithm on V: T itself, or a vector register of them with I its bits. Inlined by force: a
/// loop with a call in it does not vectorise.
///
/// a = |x|, at most `last`; the leading bits of a have an exact square, the rest of a²/2 is small.
template <class T, class I, class V>
[[gnu::always_inline]] inline normal_values<V> normal_of(V x) {
  using format = normal_format<T>;
  using bits = typename format::bits;

  const I x_bits = std::bit_cast<I>(x);
  const V size = std::bit_cast<V>(static_cast<I>(x_bits & std::numeric_limits<bits>::max()));
  const V last = V{} + format::last;
  const V a = last < size ? last : size;

  const V lead = std::bit_cast<V>(static_cast<I>(std::bit_cast<I>(a) & format::leading));
  const V y = lead * lead * T(-0.5), rest = (lead - a) * (lead + a) * T(0.5);
  const V shifted = y * format::log2e + format::round;
  const V n = shifted - format::round;
  const V r = (y - n * format::ln2_high) - n * format::ln2_low + rest;
  const V expm1_r = r * r * polynomial_of(r, format::taylor) + r;
  const V scale = std::bit_cast<V>(
      static_cast<I>((std::bit_cast<I>(shifted) << format::mantissa) + format::one));
  const V e = last < size ? V{} : scale + scale * expm1_r;

  const V inverse = 1 / (a + 4), t = (a - 4) * inverse;
  const V tail = e * (polynomial_of(t, format::tail) * inverse);
  return {x < V{} ? tail : 1 - tail, e * T(0.3989422804014326779)};
}

}  // namespace detail

/// The largest errors of `normal`, in units in the last place.
inline constexpr double normal_ulps = 8;

/// Φ(x) and φ(x). Error: at most `normal_ulps` of either. Where |x| > 37.5, in float 12.75, the
/// smaller of Φ(x) and Φ(−x), and φ(x), are 0 instead of less than 2e-306, in float 3e-36.
///
/// With a = |x|: Φ(−a) = e^(−a²/2) P(t)/(a + 4), t = (a − 4)/(a + 4).
/// Source of the form: Schonfelder, Chebyshev expansions for the error and related functions
/// (1978).
template <std::floating_point T>
KUTTA_HD inline normal_values<T> normal(T x) {
#ifdef __CUDA_ARCH__
  return {T(0.5) * ::erfc(-x * T(0.7071067811865475244)),
          T(0.3989422804014326779) * ::exp(T(-0.5) * x * x)};
#else
  if constexpr (std::same_as<T, float> || std::same_as<T, double>)
    return detail::normal_of<T, typename detail::normal_format<T>::bits>(x);
  else
    return {T(0.5) * detail::math::erfc(-x * T(0.7071067811865475244008L)),
            T(0.3989422804014326779399L) * detail::math::exp(T(-0.5) * x * x)};
#endif
}

/// The same in every lane.
template <std::floating_point T, std::size_t W>
inline normal_values<simd<T, W>> normal(const simd<T, W>& x) {
  typedef typename detail::normal_format<T>::bits bits __attribute__((vector_size(register_bytes)));
  normal_values<simd<T, W>> y;
  for (std::size_t r = 0; r < simd<T, W>::registers; ++r) {
    const auto values = detail::normal_of<T, bits>(x.v[r]);
    y.distribution.v[r] = values.distribution, y.density.v[r] = values.density;
  }
  return y;
}

}  // namespace kutta
