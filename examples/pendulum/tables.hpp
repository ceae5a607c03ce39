// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Results as comma-separated tables, with a header line; times in s, angles in rad.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "error_curve.hpp"
#include "network.hpp"
#include "rollout.hpp"
#include "study.hpp"

namespace pendulum {

inline std::string csv_line(const std::vector<double>& values) {
  std::string line;
  for (const double value : values) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.9g", value);
    line += (line.empty() ? "" : ",") + std::string(text);
  }
  return line + "\n";
}

/// Median end errors over time steps: the numerical integrators, then `trained in used` nets.
inline std::string error_table(const study& s, const each_scheme<error_curve>& numerical) {
  std::string text = "dt";
  for (const char* name : scheme_names) text += std::string(",numerical ") + name;
  for (const char* trained : scheme_names)
    for (const char* used : scheme_names) text += std::string(",") + trained + " net in " + used;
  text += "\n";
  for (std::size_t i = 0; i < step_counts.size(); ++i) {
    std::vector<double> values{time_step(i)};
    for (const auto& errors : numerical) values.push_back(errors[i]);
    for (std::size_t trained = 0; trained < scheme_count; ++trained)
      for (std::size_t used = 0; used < scheme_count; ++used)
        values.push_back(median(errors_at(s, trained, used, i)));
    text += csv_line(values);
  }
  return text;
}

/// Angle and velocity over time in steps of h: exact, numerical Euler, and the first net of each
/// scheme in its own.
inline std::string trajectory_table(const study& s, double h, double until) {
  const auto steps = static_cast<std::int64_t>(std::lround(until / h));
  std::vector<std::vector<point>> columns;
  columns.push_back(rollout<kutta::schemes::euler>(true_rate, start, h, steps));
  std::string text = "t,exact angle,exact velocity,numerical Euler angle,numerical Euler velocity";
  for (std::size_t i = 0; i < scheme_count; ++i) {
    columns.push_back(with_scheme(
        i, [&]<class S> { return rollout<S>(s.nets[i].front().theta, start, h, steps); }));
    for (const char* of : {" net angle", " net velocity"})
      text += std::string(",") + scheme_names[i] + of;
  }
  text += "\n";
  for (std::size_t n = 0; n <= static_cast<std::size_t>(steps); ++n) {
    const double t = h * static_cast<double>(n);
    const point truth = exact(t);
    std::vector<double> values{t, truth[0], truth[1]};
    for (const auto& x : columns) values.insert(values.end(), {x[n][0], x[n][1]});
    text += csv_line(values);
  }
  return text;
}

}  // namespace pendulum
