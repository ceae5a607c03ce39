// SPDX-License-Identifier: Apache-2.0
//
// Trains nets as one step of Euler, midpoint or RK4 to predict a pendulum, and asks what they have
// learned: the motion, or the motion in one scheme at one time step.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "claims.hpp"
#include "error_curve.hpp"
#include "plots.hpp"
#include "report.hpp"
#include "reporting/gnuplot.hpp"
#include "reporting/output_directory.hpp"
#include "reporting/progress.hpp"
#include "study.hpp"
#include "tables.hpp"

namespace {

using namespace pendulum;
using reporting::output_directory;
using reporting::progress;

struct options {
  bool full = false;
  int nets = 0;
  std::uint64_t seed = 0;
  std::int64_t iterations = 25000;
  std::string out = "pendulum_results";
};

/// The sampling rates in s, the one that is plotted and judged first; --full adds the others.
constexpr double all_rates[] = {0.01, 0.02, 0.05, 0.1};

/// The studies of all sampling rates asked for.
std::vector<study> train_all(const options& how) {
  std::vector<study_options> plan;
  for (const double dt : all_rates)
    if (plan.empty() || how.full) plan.push_back({dt, how.iterations, how.seed, how.nets});

  double work = 0, done = 0;
  for (const auto& part : plan) work += work_of(part);
  progress bar(work);
  std::vector<study> studies;
  studies.reserve(plan.size());
  for (const auto& part : plan) studies.push_back(run_study(part, bar, done));
  return studies;
}

/// Whether there are plots too.
bool write_results(const output_directory& out, const std::vector<study>& studies,
                   const each_scheme<error_curve>& numerical) {
  std::string rates;
  for (const auto& s : studies) {
    rates += (rates.empty() ? "" : " ") + number(s.dt);
    out.write("errors_" + number(s.dt) + ".csv", error_table(s, numerical));
  }
  const study& judged = studies.front();
  out.write("trajectories_dt.csv", trajectory_table(judged, judged.dt, 10));
  out.write("trajectories_half_dt.csv", trajectory_table(judged, judged.dt / 2, 10));
  out.write("plots.gp", "rates = '" + rates + "'" + plot_script);
  std::vector<std::string> plots{"pendulum_trajectories.svg", "pendulum_errors.svg",
                                 "pendulum_swaps.svg"};
  if (studies.size() > 1) plots.emplace_back("pendulum_rates.svg");
  const std::string failure = reporting::draw_plots(out, plots);
  if (!failure.empty()) std::fprintf(stderr, "pendulum: no plots: %s\n", failure.c_str());
  return failure.empty();
}

/// Whether everything came out as claimed.
bool run(const options& how) {
  const output_directory out(how.out);
  const auto known = known_numbers();
  print_known_numbers(known);

  std::printf("\nTraining %d nets in each scheme, %lld iterations each\n", how.nets,
              static_cast<long long>(how.iterations));
  std::fflush(stdout);
  const auto studies = train_all(how);
  const auto numerical = numerical_errors();
  for (const auto& s : studies) {
    print_errors(s, numerical);
    print_swaps(s);
  }
  auto claims = claims_on_nets(studies.front());
  const auto orders = claims_on_orders();
  claims.insert(claims.end(), orders.begin(), orders.end());
  print_claims(claims);

  const bool plotted = write_results(out, studies, numerical);
  std::printf("\n%s in %s\n", plotted ? "Tables and plots are" : "Tables are", out.path().c_str());
  const auto holds = [](const claim& c) { return c.holds(); };
  return std::all_of(known.begin(), known.end(), holds) &&
         std::all_of(claims.begin(), claims.end(), holds);
}

}  // namespace

int main(int argc, char** argv) try {
  options how;
  CLI::App app(
      "Trains nets as one step of Euler, midpoint or RK4 on a pendulum, uses them with other time\n"
      "steps and in other schemes, and compares with Queiruga et al., Continuous-in-Depth Neural\n"
      "Networks (2020), section 3.");
  app.add_flag("--full", how.full, "31 nets in each scheme, and four sampling rates");
  app.add_option("--nets", how.nets, "Nets in each scheme; medians are judged (5; with --full 31)")
      ->check(CLI::Range(1, 1000));
  app.add_option("--seed", how.seed, "Seed of the first net; the others count on")
      ->capture_default_str();
  app.add_option("--iterations", how.iterations, "Training iterations for each net")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000'000}))
      ->capture_default_str();
  app.add_option("--out", how.out, "Directory for tables (CSV) and plots (SVG)")
      ->capture_default_str();
  app.footer("Exit status: 0 if all claims are reproduced, 1 if not, 2 after an error.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (how.nets == 0) how.nets = how.full ? 31 : 5;
  return run(how) ? 0 : 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "pendulum: %s\n", e.what());
  return 2;
}
