// SPDX-License-Identifier: Apache-2.0
// error: is_explicit.*evaluated to
#include <kutta/schemes/scheme.hpp>

using namespace kutta::literals;

struct midpoint {
#ifdef MISTAKE
  static constexpr kutta::butcher_tableau<1> tableau{.c = {1_r / 2}, .a = {{1_r / 2}}, .b = {1}};
#else
  static constexpr kutta::butcher_tableau<2> tableau{
      .c = {0, 1_r / 2}, .a = {{}, {1_r / 2}}, .b = {0, 1}};
#endif
};

template <kutta::explicit_scheme S>
constexpr std::size_t stages_in_turn() {
  return kutta::stages_v<S>;
}

static_assert(stages_in_turn<midpoint>() >= 1);
