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

/// What the algorithm needs to know of a format: x = n ln 2/2 + r, |r| ≤ ln 2/4, and a polynomial
/// for (e^2r − 1 − 2r)/(2r²), which has the least largest error there.
template <class T>
struct tanh_format;

template <>
struct tanh_format<double> {
  using bits = std::int64_t;
  static constexpr int mantissa = 52;
  static constexpr bits one = 0x3ff0000000000000;
  static constexpr double saturation = 20;   // tanh(20) rounds to 1
  static constexpr double round = 0x1.8p52;  // adding it rounds to an integer
  static constexpr double two_over_ln2 = 0x1.71547652b82fep1;
  static constexpr double half_ln2 = 0x1.62e42fefa39efp-2;
  static constexpr double polynomial[] = {4.2833418907429278e-06,
                                          2.5707840235133033e-05,
                                          0.00014109324021103914,
                                          0.00070546573235202273,
                                          0.003174603177686715,
                                          0.012698412720001459,
                                          0.044444444444427876,
                                          0.13333333333321734,
                                          0.33333333333333337,
                                          0.66666666666666685,
                                          1};
};

template <>
struct tanh_format<float> {
  using bits = std::int32_t;
  static constexpr int mantissa = 23;
  static constexpr bits one = 0x3f800000;
  static constexpr float saturation = 10;
  static constexpr float round = 0x1.8p23f;
  static constexpr float two_over_ln2 = 0x1.715476p1f;
  static constexpr float half_ln2 = 0x1.62e43p-2f;
  static constexpr float polynomial[] = {0.0445640027f, 0.133811726f, 0.333332434f, 0.666663067f,
                                         1};
};

/// The algorithm on V: T itself, or a vector register of them with I its bits.
template <class T, class I, class V>
inline V tanh_of(V x) {
  using format = tanh_format<T>;
  using bits = typename format::bits;

  const I x_bits = std::bit_cast<I>(x);
  const I sign = x_bits & std::numeric_limits<bits>::min();
  const V magnitude = std::bit_cast<V>(static_cast<I>(x_bits & std::numeric_limits<bits>::max()));
  const V limit = V{} + format::saturation;
  const V y = limit < magnitude ? limit : magnitude;  // NaN stays

  const V shifted = y * format::two_over_ln2 + format::round;
  const V r = y - (shifted - format::round) * format::half_ln2;
  V p = r * format::polynomial[0] + format::polynomial[1];
  for (std::size_t i = 2; i < sizeof(format::polynomial) / sizeof(T); ++i)
    p = p * r + format::polynomial[i];
  const V scale = std::bit_cast<V>(
      static_cast<I>((std::bit_cast<I>(shifted) << format::mantissa) + format::one));
  const V e = scale * (r * r * p + r) + (scale * T(.5) - T(.5));
  return std::bit_cast<V>(static_cast<I>(std::bit_cast<I>(e / (e + 1)) | sign));
}

}  // namespace detail

/// The largest error of `tanh`, in units in the last place. (Of all floats 2.6, at 0.06.)
inline constexpr double tanh_ulps = 3;

/// tanh x. Error: at most `tanh_ulps`, by which it may fall where it should rise. |tanh x| ≤ 1,
/// tanh(±0) = ±0, tanh(±∞) = ±1, NaN stays NaN.
///
/// With e = expm1(2|x|)/2: tanh|x| = e/(e + 1). |x| = n ln 2/2 + r, where an error of r moves the
/// result by no more than itself; then e = 2^n expm1(2r)/2 + (2^n − 1)/2, by a polynomial.
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
