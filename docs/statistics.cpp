// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <iostream>
#include <random>
#include <tuple>
#include <vector>

#include <Eigen/Core>

#include <kutta/basis/running_statistics.hpp>
#include <kutta/eigen.hpp>

// R(theta, x) = theta (x - mean)/sqrt(var + eps) for one feature: row vectors of samples.
struct normalised {
  using state = Eigen::MatrixXd;
  using params = double;
  struct statistics {
    double mean, var;
    static constexpr auto fields =
        std::tuple{kutta::field{"mean", &statistics::mean}, kutta::field{"var", &statistics::var}};
  };
  struct tape {
    statistics batch;
    Eigen::MatrixXd z;
  };
  tape make_tape(const params&, const state& x) const { return {{}, x}; }

  // The map of training: the statistics of this batch.
  void forward(const params& theta, const state& x, state& y, tape& saved) const {
    saved.batch.mean = x.mean();
    saved.batch.var = (x.array() - saved.batch.mean).square().mean();
    infer(theta, saved.batch, x, y, saved);
  }
  const statistics& observed(const tape& saved) const { return saved.batch; }

  // The map of inference: statistics that are given.
  void infer(const params& theta, const statistics& s, const state& x, state& y,
             tape& saved) const {
    saved.z = (x.array() - s.mean) / std::sqrt(s.var + 1e-5);
    y = theta * saved.z;
  }
  statistics make_statistics(const params&, const state&) const { return {0, 1}; }
  statistics positive_statistics(const statistics&) const { return {0, 1}; }  // var stays above 0

  void vjp(const params& theta, const state&, const tape& saved, const state& dy, state& dx,
           params& dtheta) const {
    dtheta += dy.cwiseProduct(saved.z).sum();
    const Eigen::ArrayXXd dz = theta * dy.array(), z = saved.z.array();
    dx.array() += (dz - dz.mean() - z * (dz * z).mean()) / std::sqrt(saved.batch.var + 1e-5);
  }
};

int main() {
  const kutta::ode_block<normalised, kutta::schemes::rk4_classic, kutta::bases::hat> f{
      normalised{}, kutta::bases::hat{3}, {.steps = 4}};
  const std::vector<double> theta{1, .5, 2};

  std::mt19937_64 generator(1);
  std::normal_distribution<double> normal(3, 2);
  Eigen::MatrixXd x(1, 200);
  auto ws = f.make_workspace(theta, x);
  auto stats = f.make_statistics(theta, x, {.momentum = .1});
  for (int step = 0; step < 100; ++step) {
    x = x.NullaryExpr(1, 200, [&] { return normal(generator); });
    f.train(theta, stats, x, ws);  // forward, and the statistics take note; backprop may follow
  }
  for (const auto& s : stats.coefficients())
    std::cout << s.mean << " +- " << std::sqrt(s.var) << '\n';
  f.infer(theta, stats, x, ws);  // inference leaves them as they are
  return std::abs(stats.coefficients()[0].mean - 3) < .1 ? 0 : 1;
}
