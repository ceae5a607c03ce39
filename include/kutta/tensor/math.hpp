// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The functions of <cmath> that the core calls, without <cmath>: of a program's time to include
/// kutta it would take an eighth. In CUDA code they are those of <cmath>, for host and device.

#ifdef __CUDACC__

#  include <cmath>

namespace kutta::detail::math {
using std::cos;
using std::erfc;
using std::exp;
using std::fabs;
using std::isfinite;
using std::log;
using std::pow;
using std::sin;
using std::sqrt;
using std::tan;
using std::tanh;
}  // namespace kutta::detail::math

#else

#  include <concepts>

namespace kutta::detail::math {

// clang-format off
inline float cos(float x) { return __builtin_cosf(x); }
inline double cos(double x) { return __builtin_cos(x); }
inline long double cos(long double x) { return __builtin_cosl(x); }

inline float erfc(float x) { return __builtin_erfcf(x); }
inline double erfc(double x) { return __builtin_erfc(x); }
inline long double erfc(long double x) { return __builtin_erfcl(x); }

inline float exp(float x) { return __builtin_expf(x); }
inline double exp(double x) { return __builtin_exp(x); }
inline long double exp(long double x) { return __builtin_expl(x); }

inline float fabs(float x) { return __builtin_fabsf(x); }
inline double fabs(double x) { return __builtin_fabs(x); }
inline long double fabs(long double x) { return __builtin_fabsl(x); }

inline float log(float x) { return __builtin_logf(x); }
inline double log(double x) { return __builtin_log(x); }
inline long double log(long double x) { return __builtin_logl(x); }

inline float pow(float x, float y) { return __builtin_powf(x, y); }
inline double pow(double x, double y) { return __builtin_pow(x, y); }
inline long double pow(long double x, long double y) { return __builtin_powl(x, y); }

inline float sin(float x) { return __builtin_sinf(x); }
inline double sin(double x) { return __builtin_sin(x); }
inline long double sin(long double x) { return __builtin_sinl(x); }

inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }
inline long double sqrt(long double x) { return __builtin_sqrtl(x); }

inline float tan(float x) { return __builtin_tanf(x); }
inline double tan(double x) { return __builtin_tan(x); }
inline long double tan(long double x) { return __builtin_tanl(x); }

inline float tanh(float x) { return __builtin_tanhf(x); }
inline double tanh(double x) { return __builtin_tanh(x); }
inline long double tanh(long double x) { return __builtin_tanhl(x); }
// clang-format on

template <std::floating_point T>
inline bool isfinite(T x) {
  return __builtin_isfinite(x);
}

}  // namespace kutta::detail::math

#endif
