// SPDX-License-Identifier: Apache-2.0
//
// Trains a model whose weights are functions of depth to tell two spirals apart, then changes its
// weights' basis, its number of steps and its scheme, without training again.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <CLI/CLI.hpp>

#include <kutta/basis/project.hpp>
#include <kutta/basis/projection_error.hpp>
#include <kutta/basis/smallest.hpp>
#include <kutta/study/manifestation.hpp>

#include "data.hpp"
#include "model.hpp"
#include "plots.hpp"
#include "reporting/gnuplot.hpp"
#include "reporting/output_directory.hpp"
#include "reporting/progress.hpp"

namespace spirals {
namespace {

using graph = kutta::manifestation<score>;
using hats = kutta::bases::hat;

void print_heading(const std::string& what) {
  std::printf("\n%s\n  %-12s %5s  %-18s %4s %10s %11s %9s %8s\n", what.c_str(), "scheme", "steps",
              "family", "K", "parameters", "evaluations", "loss", "wrong");
}

void print(const graph& g) {
  std::printf("  %-12s %5lld  %-18s %4zu %10zu %11zu %9.4f %7.2f%%\n", g.scheme.c_str(),
              static_cast<long long>(g.steps), g.family.c_str(), g.size, g.parameters,
              g.evaluations, g.result.loss, 100 * g.result.error);
}

/// The graphs of one change, printed and added to all.
void show(const std::string& what, const std::vector<graph>& table, std::vector<graph>& all) {
  print_heading(what);
  for (const graph& g : table) print(g);
  all.insert(all.end(), table.begin(), table.end());
}

std::string graph_table(const std::vector<graph>& all) {
  std::ostringstream out;
  out << "scheme,steps,family,K,parameters,evaluations,loss,error\n";
  for (const graph& g : all)
    out << g.scheme << ',' << g.steps << ',' << g.family << ',' << g.size << ',' << g.parameters
        << ',' << g.evaluations << ',' << g.result.loss << ',' << g.result.error << '\n';
  return out.str();
}

/// Three weights of theta(t) in each of four bases, at 513 depths.
std::string weight_table(const weights& theta, const cells& phi) {
  const auto at = [](const auto& family, const weights& c, const kutta::depth& s) {
    network::params room = c[0];
    const auto& [first, second] = kutta::evaluate(family, s, c, room);
    return std::vector<float>{first.w(0, 0), first.w(0, 1), second.w(0, 0)};
  };
  const weights refined = kutta::refine(theta, phi);
  const weights few = kutta::project(theta, phi, cells(4));
  const weights smooth = kutta::project(theta, phi, hats(5));
  std::ostringstream out;
  out << 't';
  for (const char* form : {"trained", "refined", "cells", "hats"})
    for (int w = 1; w <= 3; ++w) out << ',' << form << ' ' << w;
  out << '\n';
  for (std::int64_t i = 0; i <= 512; ++i) {
    const kutta::depth s{i, 512, 0, i == 512 ? kutta::side::left : kutta::side::right};
    out << s.value();
    for (const auto& values : {at(phi, theta, s), at(phi.refined(), refined, s),
                               at(cells(4), few, s), at(hats(5), smooth, s)})
      for (const float v : values) out << ',' << v;
    out << '\n';
  }
  return out.str();
}

void run(const options& how, const std::string& directory) {
  using namespace kutta::schemes;
  const reporting::output_directory out(directory);
  const labelled_points points = make_points(how.points, how.seed);
  const labelled_points unseen = make_points(how.points, how.seed + 1);

  std::printf("Training on 2 x %lld points: K = N = 1, 2, 4, 8, 16, %lld epochs each\n",
              static_cast<long long>(how.points), static_cast<long long>(how.epochs_per_level));
  std::fflush(stdout);
  // An epoch costs as much as it has steps: 1 + 2 + 4 + 8 + 16 = 31.
  reporting::progress bar(31. * static_cast<double>(how.epochs_per_level));
  double done = 0;
  const weights theta = train(how, points, [&](std::int64_t epoch, const block& f, double loss) {
    bar.report(done += static_cast<double>(f.options().steps), [&] {
      return "epoch " + std::to_string(epoch + 1) +
             ", K = N = " + std::to_string(f.options().steps) + ", loss " + std::to_string(loss);
    });
  });

  const block f = levels(1).back().block;
  const auto judged = [&](const auto& g, const auto& c) { return judge(g, c, unseen); };
  std::vector<graph> all;
  show("As trained, on unseen points", kutta::manifestations<rk4_classic>(f, theta, {16}, judged),
       all);
  show("More coefficients, the same functions of depth",
       kutta::manifestations<rk4_classic>(f, theta, {16}, std::tuple{cells(32)}, judged), all);
  show("Fewer coefficients, by projection",
       kutta::manifestations<rk4_classic>(
           f, theta, {16}, std::tuple{cells(8), cells(4), cells(2), cells(1)}, judged),
       all);
  show("The same, continuous in depth",
       kutta::manifestations<rk4_classic>(f, theta, {16}, std::tuple{hats(9), hats(5), hats(3)},
                                          judged),
       all);
  show("Other schemes and step counts",
       kutta::manifestations<euler, midpoint, rk4_classic>(f, theta, {32, 16, 8, 4, 2}, judged),
       all);
  std::vector<graph> shorter;
  for (const std::int64_t n : {8, 4, 2}) {
    const auto both =
        kutta::manifestations<rk4_classic>(f, theta, {n}, std::tuple{cells(n)}, judged);
    shorter.insert(shorter.end(), both.begin(), both.end());
  }
  show("Fewer coefficients and as many steps", shorter, all);

  std::printf("\nThe fewest cells that leave out no more than so much of any weight, in L2\n");
  for (const double tolerance : {.2, .1, .05, .02}) {
    const auto enough = kutta::smallest(theta, f.basis(), {.relative = tolerance},
                                        [](std::int64_t k) { return cells(k); });
    if (enough) std::printf("  %4.0f %%: K = %zu\n", 100 * tolerance, enough->size());
  }
  std::printf("\nWhat four cells leave out of theta(t), in L2\n");
  for (const auto& error : kutta::projection_error(theta, f.basis(), cells(4)))
    std::printf("  %-14s %8.4f\n", error.name.c_str(), error.l2);

  out.write("graphs.csv", graph_table(all));
  out.write("weights.csv", weight_table(theta, f.basis()));
  out.write("plots.gp", plot_script);
  const std::string failure =
      reporting::draw_plots(out, {"spirals_weights.svg", "spirals_graphs.svg"});
  if (!failure.empty()) std::fprintf(stderr, "spirals: no plots: %s\n", failure.c_str());
  std::printf("\n%s in %s\n", failure.empty() ? "Tables and plots are" : "Tables are",
              out.path().c_str());
}

}  // namespace
}  // namespace spirals

int main(int argc, char** argv) try {
  spirals::options how;
  std::string out = "spirals_results";
  CLI::App app(
      "Trains a model whose weights are functions of depth to tell two spirals apart, then "
      "changes\n"
      "the basis of the weights, the number of steps and the scheme, without training again.");
  app.add_option("--epochs", how.epochs_per_level, "Epochs on each of the five levels")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--seed", how.seed, "Seed of the points and the initial weights")
      ->capture_default_str();
  app.add_option("--out", out, "Directory for tables (CSV) and plots (SVG)")->capture_default_str();
  app.footer("Exit status: 0, or 2 after an error.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  spirals::run(how, out);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "spirals: %s\n", e.what());
  return 2;
}
