// SPDX-License-Identifier: Apache-2.0
//
// Trains a model of handwritten digits whose weights, and the statistics of its batch
// normalisation, are functions of depth; then changes its scheme, its number of steps and its size,
// without training again and without data.

#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "idx.hpp"
#include "images/program.hpp"
#include "images/strokes.hpp"
#include "model.hpp"

namespace mnist {
namespace {

struct arguments : images::arguments {
  bool no_batch_norm = false;
};

void run(const arguments& args) {
  const bool synthetic = args.data.empty();
  const kutta::layers::image_shape shape{28, 28, 1};
  const auto set = synthetic ? images::make_strokes(shape, args.train_images, args.how.seed)
                             : read_images(args.data, "train", args.train_images);
  const auto test = synthetic ? images::make_strokes(shape, args.test_images, args.how.seed + 1)
                              : read_images(args.data, "t10k", args.test_images);
  std::printf(synthetic ? "No --data: strokes in ten directions\n" : "Digits from %s\n",
              args.data.c_str());
  // Means of eight runs; of the one that is not normalised there are no smaller ones.
  const auto paper = [&](const images::graph& trained, const images::graph& g) {
    if (synthetic || trained.scheme != images::scheme::rk4 ||
        trained.family != images::family::constant || trained.size != 8)
      return 0.;
    if (args.no_batch_norm) return g.size == 8 ? .991 : 0;
    return g.size == 8 ? .994 : g.size == 4 ? .992 : g.size == 2 ? .969 : 0;
  };
  if (args.no_batch_norm)
    images::run_program("mnist", args, model<images::not_normalised>{}, set, test, paper);
  else
    images::run_program("mnist", args, model<>{}, set, test, paper);
}

}  // namespace
}  // namespace mnist

int main(int argc, char** argv) try {
  mnist::arguments args;
  args.train_images = 60'000;
  args.out = "mnist_results";
  CLI::App app(
      "Trains a model of handwritten digits whose weights are functions of depth; then changes\n"
      "its scheme, its number of steps and its size, without training again.");
  app.add_option("--data", args.data,
                 "Directory of the four IDX files, plain or .gz; without it: synthetic images");
  app.add_flag("--no-batch-norm", args.no_batch_norm, "Do not normalise in the block");
  images::add_options(app, args);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  images::clear_zeros(args.how);
  mnist::run(args);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "mnist: %s\n", e.what());
  return 2;
}
