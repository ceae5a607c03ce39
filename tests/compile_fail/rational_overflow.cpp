// SPDX-License-Identifier: Apache-2.0
// error: overflow in constant expression|outside the range of representable values
#include <cstdint>

#include <kutta/schemes/rational.hpp>

#ifdef MISTAKE
constexpr kutta::rational factor(5, 3);
#else
constexpr kutta::rational factor(5, INT64_MAX);
#endif

static_assert((kutta::rational(INT64_MAX, 2) * factor).num != 0);
