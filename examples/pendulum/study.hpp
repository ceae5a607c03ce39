// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Nets trained in each scheme at one sampling rate, and their end errors in every scheme.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "error_curve.hpp"
#include "network.hpp"
#include "reporting/progress.hpp"
#include "schemes.hpp"

namespace pendulum {

/// A net's weights, and its end errors when used in each scheme.
struct trained_net {
  weights theta;
  each_scheme<error_curve> errors;
};

/// All nets of one sampling rate: nets[trained in], one for each seed.
struct study {
  double dt;  // in s
  each_scheme<std::vector<trained_net>> nets;
};

struct study_options {
  double dt;
  std::int64_t iterations;
  std::uint64_t first_seed;
  int seeds;
};

/// In evaluations of the net on a batch: an iteration of RK4 costs four of Euler's.
inline double work_of(const study_options& how) {
  std::size_t stages = 0;
  for (std::size_t s = 0; s < scheme_count; ++s)
    stages += with_scheme(s, []<class S> { return kutta::stages_v<S>; });
  return static_cast<double>(stages) * how.seeds * static_cast<double>(how.iterations);
}

template <kutta::explicit_scheme S>
error_curve errors_in(const weights& theta) {
  return curve_of([&](std::int64_t n) {
    return end_error(rollout<S>(theta, start, end_time / static_cast<double>(n), n).back());
  });
}

/// Trains the nets one after the other. `done` counts the work, over several studies.
inline study run_study(const study_options& how, reporting::progress& bar, double& done) {
  study result{how.dt, {}};
  const auto run = [&]<class S>(std::size_t trained, int i) {
    const auto report = [&](std::int64_t iteration, double loss) {
      done += static_cast<double>(kutta::stages_v<S>);
      bar.report(done, [&] {
        char text[100];
        std::snprintf(text, sizeof(text), "dt %g s, %s %d of %d: iteration %lld, loss %.1e", how.dt,
                      scheme_names[trained], i + 1, how.seeds, static_cast<long long>(iteration),
                      loss);
        return std::string(text);
      });
    };
    const auto seed = how.first_seed + static_cast<std::uint64_t>(i);
    trained_net net{train<S>({.dt = how.dt, .iterations = how.iterations, .seed = seed}, report),
                    {}};
    for (std::size_t used = 0; used < scheme_count; ++used)
      net.errors[used] = with_scheme(used, [&]<class U> { return errors_in<U>(net.theta); });
    result.nets[trained].push_back(std::move(net));
  };
  for (std::size_t s = 0; s < scheme_count; ++s)
    for (int i = 0; i < how.seeds; ++i)
      with_scheme(s, [&]<class S> { run.template operator()<S>(s, i); });
  return result;
}

/// f(net) for each net.
template <class F>
std::vector<double> of_each(const std::vector<trained_net>& nets, F&& f) {
  std::vector<double> values;
  values.reserve(nets.size());
  for (const auto& net : nets) values.push_back(f(net));
  return values;
}

/// The median; what is not a number counts as infinite.
inline double median(std::vector<double> values) {
  for (double& x : values)
    if (std::isnan(x)) x = std::numeric_limits<double>::infinity();
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

/// The end errors at time step i of the nets trained in one scheme and used in another.
inline std::vector<double> errors_at(const study& s, std::size_t trained, std::size_t used,
                                     std::size_t i) {
  return of_each(s.nets[trained], [&](const trained_net& net) { return net.errors[used][i]; });
}

}  // namespace pendulum
