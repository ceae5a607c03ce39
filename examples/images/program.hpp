// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A program of images: trains a model, then exchanges its graph.

#include <cstdio>
#include <string>

#include <kutta/tensor/shape.hpp>

#include "images/arguments.hpp"
#include "images/plots.hpp"
#include "images/report.hpp"
#include "reporting/gnuplot.hpp"

namespace images {

/// Trains the recipe's model, or goes on with it, and writes all tables and plots, whose names
/// begin with that of the program. `paper(trained, graph)` is the accuracy that was published for a
/// model that was trained as the one and is run as the other, or 0.
template <class Recipe, class Paper>
void run_program(const std::string& program, const arguments& args, const Recipe& recipe,
                 const image_set& set, const image_set& test, const Paper& paper) {
  const reporting::output_directory out(args.out);
  trainer<Recipe> run(recipe, set, args.how);
  if (run.epochs() > 0)
    std::printf("Resumed behind epoch %lld from %s\n", static_cast<long long>(run.epochs()),
                args.how.checkpoint.c_str());
  std::printf("%zu images, batches of %zu; %zu to test with; %zu parameters\n", set.size(),
              args.how.batch, test.size(), kutta::element_count(run.result().theta));
  std::fflush(stdout);
  {
    training_report report(args.how, run.epochs(), set.size(), out);
    run.train([&](const position& at) { report.on_batch(at); },
              [&](const position& at) {
                report.on_epoch(at, [&] {
                  return judge<Recipe>(recipe(run.graph(), 1), run.result(), test,
                                       args.how.threads);
                });
              });
  }
  const bool any_published = report_smaller_models(run, test, args.how.threads, out, paper);
  report_other_graphs(run, test, args.how.threads, out);

  out.write("plots.gp", plot_script(program, any_published));
  const std::string failure =
      reporting::draw_plots(out, {program + "_training.svg", program + "_graphs.svg"});
  if (!failure.empty())
    std::fprintf(stderr, "%s: no plots: %s\n", program.c_str(), failure.c_str());
  std::printf("\n%s in %s\n", failure.empty() ? "Tables and plots are" : "Tables are",
              out.path().c_str());
}

}  // namespace images
