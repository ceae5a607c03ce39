// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the paper says of the pendulum, as numbers to compare with.
///
/// Source: Queiruga et al., Continuous-in-Depth Neural Networks (2020), § 3.3.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "error_curve.hpp"
#include "oracle.hpp"
#include "study.hpp"

namespace pendulum {

/// A number and the range that it must lie in; NaN lies in none. Where it is the median of a number
/// of each net, those are kept.
struct claim {
  std::string what;
  double measured;
  double least, most;
  std::vector<double> of_nets;

  bool holds(double value) const { return least <= value && value <= most; }
  bool holds() const { return holds(measured); }
  std::size_t nets_that_hold() const {
    return static_cast<std::size_t>(
        std::count_if(of_nets.begin(), of_nets.end(), [&](double x) { return holds(x); }));
  }
};

inline claim near(std::string what, double expected, double within, double measured) {
  return {std::move(what), measured, expected - within, expected + within, {}};
}

inline claim at_least(std::string what, double bound, const std::vector<double>& of_nets) {
  constexpr double any = std::numeric_limits<double>::infinity();
  return {std::move(what), median(of_nets), bound, any, of_nets};
}

inline claim at_most(std::string what, double bound, const std::vector<double>& of_nets) {
  return {std::move(what), median(of_nets), 0, bound, of_nets};
}

/// A net used in a scheme at time step i.
struct use {
  std::size_t scheme;
  std::size_t i;
};

/// error(over)/error(under) of each net.
inline std::vector<double> ratio(const std::vector<trained_net>& nets, use over, use under) {
  return of_each(nets, [&](const trained_net& net) {
    return net.errors[over.scheme][over.i] / net.errors[under.scheme][under.i];
  });
}

/// The largest error of each net over its smallest.
inline std::vector<double> spread(const std::vector<trained_net>& nets,
                                  const std::vector<use>& uses) {
  return of_each(nets, [&](const trained_net& net) {
    double least = std::numeric_limits<double>::infinity(), most = 0;
    for (const use& u : uses) {
      const double error = net.errors[u.scheme][u.i];
      if (!std::isfinite(error)) return error;
      least = std::min(least, error), most = std::max(most, error);
    }
    return most / least;
  });
}

/// error(equation in Euler)/error(net) of each net, at time step i.
inline std::vector<double> gain(const std::vector<trained_net>& nets, use of) {
  const double by_equation = end_error<kutta::schemes::euler>(true_rate, step_counts[of.i]);
  return of_each(nets,
                 [&](const trained_net& net) { return by_equation / net.errors[of.scheme][of.i]; });
}

/// All nets predict; Euler's have learned their time step, the others the motion.
inline std::vector<claim> claims_on_nets(const study& s) {
  const std::size_t dt = index_of(s.dt), half = index_of(s.dt / 2), tenth = index_of(s.dt / 10),
                    tenfold = index_of(10 * s.dt);
  const auto& [by_euler, by_midpoint, by_rk4] = s.nets;
  return {at_least("equation in Euler over Euler nets, at dt", 100, gain(by_euler, {euler, dt})),
          at_least("equation in Euler over midpoint nets, at dt", 100,
                   gain(by_midpoint, {midpoint, dt})),
          at_least("equation in Euler over RK4 nets, at dt", 100, gain(by_rk4, {rk4, dt})),
          at_least("Euler nets: dt/2 over dt", 50, ratio(by_euler, {euler, half}, {euler, dt})),
          at_least("Euler nets: in RK4 over in Euler, at dt", 100,
                   ratio(by_euler, {rk4, dt}, {euler, dt})),
          at_most("midpoint nets: largest over smallest of dt, dt/2, dt/10", 2,
                  spread(by_midpoint, {{midpoint, dt}, {midpoint, half}, {midpoint, tenth}})),
          at_most("RK4 nets: largest over smallest of dt, dt/2, dt/10", 2,
                  spread(by_rk4, {{rk4, dt}, {rk4, half}, {rk4, tenth}})),
          at_most("midpoint nets: larger over smaller of midpoint, RK4, at dt", 2,
                  spread(by_midpoint, {{midpoint, dt}, {rk4, dt}})),
          at_most("RK4 nets: larger over smaller of RK4, midpoint, at dt", 2,
                  spread(by_rk4, {{rk4, dt}, {midpoint, dt}})),
          at_least("midpoint nets: in midpoint over in RK4, at 10 dt", 2,
                   ratio(by_midpoint, {midpoint, tenfold}, {rk4, tenfold}))};
}

/// The numerical integrators show their orders between steps that are too long and rounding.
inline std::vector<claim> claims_on_orders() {
  return {near("observed order of the equation in Euler", 1, 0.15,
               observed_order<kutta::schemes::euler>(3200)),
          near("observed order of the equation in midpoint", 2, 0.15,
               observed_order<kutta::schemes::midpoint>(3200)),
          near("observed order of the equation in RK4", 4, 0.15,
               observed_order<kutta::schemes::rk4_classic>(400))};
}

/// What is known before any training, to the digits that are stated: the exact motion, the end
/// error of the numerical integrators with 100 steps, and that of the oracle for D = 0.01 s.
inline std::vector<claim> known_numbers() {
  const oracle g{0.01};
  const auto of_equation = []<class S>(S, std::int64_t n) { return end_error<S>(true_rate, n); };
  const auto of_oracle = [&]<class S>(S, std::int64_t n) { return end_error<S>(g, n); };
  const kutta::schemes::euler by_euler;
  const kutta::schemes::midpoint by_midpoint;
  const kutta::schemes::rk4_classic by_rk4;
  return {near("period (s)", 3.0651647466292027, 1e-14, period()),
          near("angle at 1 s (rad)", -1.244256959347251, 1e-13, exact(1)[0]),
          near("velocity at 1 s (rad/s)", -4.490755761286679, 1e-13, exact(1)[1]),
          near("angle at 10 s (rad)", -.220634762846332, 1e-13, exact(10)[0]),
          near("velocity at 10 s (rad/s)", -5.746113582546317, 1e-13, exact(10)[1]),
          near("equation in Euler", 2.515, 5e-4, of_equation(by_euler, 100)),
          near("equation in midpoint", 2.073e-3, 5e-7, of_equation(by_midpoint, 100)),
          near("equation in RK4", 1.088e-6, 5e-10, of_equation(by_rk4, 100)),
          near("oracle in Euler, 4 D", 4.024, 5e-4, of_oracle(by_euler, 50)),
          near("oracle in Euler, 2 D", 1.125, 5e-4, of_oracle(by_euler, 100)),
          near("oracle in Euler, D", 0, 1e-11, of_oracle(by_euler, 200)),
          near("oracle in Euler, D/2", .4379, 5e-5, of_oracle(by_euler, 400)),
          near("oracle in Euler, D/4", .6245, 5e-5, of_oracle(by_euler, 800)),
          near("oracle in Euler, D/10", .7264, 5e-5, of_oracle(by_euler, 2000)),
          near("oracle in midpoint, D", .79, 5e-3, of_oracle(by_midpoint, 200)),
          near("oracle in RK4, D", .79, 5e-3, of_oracle(by_rk4, 200))};
}

}  // namespace pendulum
