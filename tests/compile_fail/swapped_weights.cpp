// SPDX-License-Identifier: Apache-2.0
// error: static assertion failed.*order
#include <kutta/schemes/order.hpp>

using namespace kutta::literals;

struct simpson {
  static constexpr kutta::butcher_tableau<3> tableau{.c = {0, 1_r / 2, 1},
                                                     .a = {{}, {1_r / 2}, {-1, 2}},
#ifdef MISTAKE
                                                     .b = {2_r / 3, 1_r / 6, 1_r / 6}};
#else
                                                     .b = {1_r / 6, 2_r / 3, 1_r / 6}};
#endif
};

static_assert(kutta::order(simpson::tableau) == 3);
