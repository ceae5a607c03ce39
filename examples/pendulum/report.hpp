// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the study prints.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "claims.hpp"
#include "error_curve.hpp"
#include "study.hpp"

namespace pendulum {

inline std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", x);
  return text;
}

inline void print_known_numbers(const std::vector<claim>& known) {
  std::printf("%-34s %16s %16s\n", "Known before training", "computed", "expected");
  for (const auto& c : known)
    std::printf("  %-32s %16.10g %16.10g%s\n", c.what.c_str(), c.measured, (c.least + c.most) / 2,
                c.holds() ? "" : "  WRONG");
}

inline void print_errors(const study& s, const each_scheme<error_curve>& numerical) {
  std::printf(
      "\nEnd error at %g s: of the equation, and of nets trained at dt = %g s, each in the "
      "scheme\nit was trained in (medians of %zu)\n\n",
      end_time, s.dt, s.nets[0].size());
  std::printf("  %9s %29s   %29s\n  %9s", "", "equation in           ", "nets in             ",
              "time step");
  for (const char* name : scheme_names) std::printf(" %9s", name);
  std::printf("  ");
  for (const char* name : scheme_names) std::printf(" %9s", name);
  std::printf("\n");
  for (std::size_t i = 0; i < step_counts.size(); ++i) {
    std::printf("  %9s", number(time_step(i)).c_str());
    for (const auto& errors : numerical) std::printf(" %9s", number(errors[i]).c_str());
    std::printf("  ");
    for (std::size_t k = 0; k < scheme_count; ++k)
      std::printf(" %9s", number(median(errors_at(s, k, k, i))).c_str());
    std::printf("%s\n", i == index_of(s.dt) ? "  <- dt" : "");
  }
}

inline void print_swaps(const study& s) {
  std::printf("\nThe same nets in other schemes, at time step dt: medians (least to largest)\n\n");
  std::printf("  %-12s", "trained in");
  for (const char* used : scheme_names) std::printf("%-32s", used);
  std::printf("\n");
  const std::size_t i = index_of(s.dt);
  for (std::size_t trained = 0; trained < scheme_count; ++trained) {
    std::printf("  %-12s", scheme_names[trained]);
    for (std::size_t used = 0; used < scheme_count; ++used) {
      const auto errors = errors_at(s, trained, used, i);
      const auto [least, most] = std::minmax_element(errors.begin(), errors.end());
      const std::string text =
          number(median(errors)) + " (" + number(*least) + " to " + number(*most) + ")";
      std::printf("%-32s", text.c_str());
    }
    std::printf("\n");
  }
}

inline std::string bound_text(const claim& c) {
  if (std::isinf(c.most)) return "at least " + number(c.least);
  if (c.least == 0) return "at most " + number(c.most);
  return number(c.least) + " to " + number(c.most);
}

inline void print_claims(const std::vector<claim>& claims) {
  std::printf("\n%-61s %9s   %s\n", "Ratios of end errors, medians over the nets", "measured",
              "claimed");
  for (const auto& c : claims) {
    std::printf("  %-59s %9s   %-13s  %s", c.what.c_str(), number(c.measured).c_str(),
                bound_text(c).c_str(), c.holds() ? "reproduced" : "NOT REPRODUCED");
    if (!c.of_nets.empty()) std::printf(" (%zu of %zu)", c.nets_that_hold(), c.of_nets.size());
    std::printf("\n");
  }
}

}  // namespace pendulum
