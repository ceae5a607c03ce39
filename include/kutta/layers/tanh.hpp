// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// tanh without a branch or a call, so that a loop over it vectorises. (std::tanh is scalar, and
/// so is Eigen's for double.)

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/math.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta {

namespace detail {

/// What the algorithm needs to know of a format: 2a = n ln 2 + r, |r| ≤ ln 2/2, and a polynomial
/// for (e^r − 1 − r)/r².
template <class T>
struct tanh_format;

template <>
struct tanh_format<double> {
  using bits = std::int64_t;
  static constexpr int mantissa = 52;
  static constexpr bits infinity = 0x7ff0000000000000;
  static constexpr bits one = 0x3ff0000000000000;
  static constexpr double saturation = 20;                  // tanh(20) rounds to 1
  static constexpr double round = 0x1.8p52;                 // adding it rounds to an integer
  static constexpr double log2e = 0x1.71547652b82fep0;      // 1/ln 2
  static constexpr double ln2_high = 0x1.62e42feep-1;       // ln 2: the leading 32 bits, so that
  static constexpr double ln2_low = 0x1.a39ef35793c76p-33;  // n ln2_high is exact
  static constexpr double taylor[] = {1. / 6227020800, 1. / 479001600, 1. / 39916800, 1. / 3628800,
                                      1. / 362880,     1. / 40320,     1. / 5040,     1. / 720,
                                      1. / 120,        1. / 24,        1. / 6,        1. / 2};
};

template <>
struct tanh_format<float> {
  using bits = std::int32_t;
  static constexpr int mantissa = 23;
  static constexpr bits infinity = 0x7f800000;
  static constexpr bits one = 0x3f800000;
  static constexpr float saturation = 10;
  static constexpr float round = 0x1.8p23f;
  static constexpr float log2e = 0x1.715476p0f;
  static constexpr float ln2_high = 0x1.62e4p-1f;
  static constexpr float ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float taylor[] = {1.f / 5040, 1.f / 720, 1.f / 120, 1.f / 24, 1.f / 6, 1.f / 2};
};

/// A comparison as bits: all ones or all zeros. (What vectors compare to is that already.)
template <std::integral I>
inline I mask(bool condition) {
  return static_cast<I>(-static_cast<I>(condition));
}
template <class I, class C>
inline I mask(C condition) {
  return std::bit_cast<I>(condition);
}

/// The algorithm on V: T itself, or a vector register of them with I its bits.
template <class T, class I, class V>
inline V tanh_of(V x) {
  using format = tanh_format<T>;
  using bits = typename format::bits;
  constexpr auto limit = std::bit_cast<bits>(format::saturation);

  const I x_bits = std::bit_cast<I>(x);
  const I sign = x_bits & std::numeric_limits<bits>::min();
  const I magnitude = x_bits & std::numeric_limits<bits>::max();
  const I nan = mask<I>(magnitude > format::infinity);
  const I clamp = mask<I>(magnitude > limit);
  const V y = 2 * std::bit_cast<V>(static_cast<I>((magnitude & ~clamp) | (limit & clamp)));

  const V shifted = y * format::log2e + format::round;
  const V n = shifted - format::round;
  const V r = (y - n * format::ln2_high) - n * format::ln2_low;
  V p = r * format::taylor[0] + format::taylor[1];
  for (std::size_t i = 2; i < sizeof(format::taylor) / sizeof(T); ++i)
    p = p * r + format::taylor[i];
  const V expm1_r = r * r * p + r;
  const V scale = std::bit_cast<V>(
      static_cast<I>((std::bit_cast<I>(shifted) << format::mantissa) + format::one));
  const V e = scale * expm1_r + (scale - 1);
  const V result = e / (e + 2);
  return std::bit_cast<V>(static_cast<I>(std::bit_cast<I>(result) | sign | nan));
}

}  // namespace detail

/// The largest error of `tanh`, in units in the last place.
inline constexpr double tanh_ulps = 3;

/// tanh x. Error: at most `tanh_ulps`, by which it may fall where it should rise. |tanh x| ≤ 1,
/// tanh(±0) = ±0, tanh(±∞) = ±1, NaN stays NaN.
///
/// With e = expm1(2|x|): tanh|x| = e/(e + 2). 2|x| is reduced by multiples of ln 2 and e comes from
/// a Taylor polynomial; clamping and sign are integer operations on the bits, without branches.
template <std::floating_point T>
KUTTA_HD inline T tanh(T x) {
#ifdef __CUDA_ARCH__
  return ::tanh(x);
#else
  if constexpr (std::same_as<T, float> || std::same_as<T, double>)
    return detail::tanh_of<T, typename detail::tanh_format<T>::bits>(x);
  else
    return detail::math::tanh(x);
#endif
}

/// The same in every lane.
template <std::floating_point T, std::size_t W>
inline simd<T, W> tanh(simd<T, W> x) {
  typedef typename detail::tanh_format<T>::bits bits __attribute__((vector_size(register_bytes)));
  for (auto& r : x.v) r = detail::tanh_of<T, bits>(r);
  return x;
}

}  // namespace kutta
