// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A planet on an ellipse, with its exact position.

#include <cmath>

namespace kutta::bench {

/// q'' = −q/|q|³, as x = (q, q').
struct kepler {
  template <class X>
  void operator()(const X& x, X& dx) const {
    const double square = x[0] * x[0] + x[1] * x[1];
    const double force = -1 / (square * std::sqrt(square));
    dx[0] = x[2];
    dx[1] = x[3];
    dx[2] = force * x[0];
    dx[3] = force * x[1];
  }

  /// Into x: the state at time t of the orbit of eccentricity e with the major axis 2, from the
  /// point next to the sun. Kepler's equation E − e sin E = t, by Newton's method.
  template <class X>
  static void exact(double e, double t, X& x) {
    double anomaly = t;
    for (int i = 0; i < 100; ++i)
      anomaly -= (anomaly - e * std::sin(anomaly) - t) / (1 - e * std::cos(anomaly));
    const double c = std::cos(anomaly), s = std::sin(anomaly), minor = std::sqrt(1 - e * e);
    x[0] = c - e;
    x[1] = minor * s;
    x[2] = -s / (1 - e * c);
    x[3] = minor * c / (1 - e * c);
  }
};

}  // namespace kutta::bench
