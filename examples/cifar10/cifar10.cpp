// SPDX-License-Identifier: Apache-2.0
//
// Trains models of small photographs whose weights, and the statistics of their batch
// normalisation, are functions of depth; then changes scheme, number of steps and size, without
// training again and without data.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "continuous_net.hpp"
#include "images/program.hpp"
#include "images/strokes.hpp"
#include "records.hpp"
#include "stateful_ode_net.hpp"

namespace cifar10 {
namespace {

enum class model { shallow, deep, continuousnet, resnet };
constexpr std::array model_names{"shallow", "deep", "continuousnet", "resnet"};

struct arguments : images::arguments {
  cifar10::model model = model::shallow;
  bool no_batch_norm = false;
  std::size_t channels = 16;
  double epsilon = 8;
};

/// The papers' means of several runs, for a model that was trained as the one graph and is run as
/// the other. 0: none.
double published(const arguments& args, const images::graph& trained, const images::graph& g) {
  using images::family;
  using images::scheme;
  const bool rk4 = trained.scheme == scheme::rk4, constant = trained.family == family::constant;
  if (args.data.empty() || args.channels != 16) return 0;
  switch (args.model) {
    case model::shallow:
      if (!rk4 || !constant || trained.size != 8) return 0;
      if (args.no_batch_norm) return g.size == 8 ? .884 : 0;
      return g.size == 8 ? .904 : g.size == 4 ? .899 : 0;
    case model::deep:  // in levels with linear weights, at once with constant ones
      if (!rk4) return 0;
      if (constant && args.how.refine.empty() && trained.size == 16)
        return g.size == 16 ? .941 : g.size == 8 ? .605 : 0;
      if (!constant && !args.how.refine.empty() && trained.size == 17)
        return g.size == 17 ? .924 : g.size == 8 ? .918 : 0;
      return 0;
    case model::continuousnet:
      if (!constant || trained.size != 32 || g.size != 32) return 0;
      return rk4 ? .9357 : trained.scheme == scheme::euler ? .9384 : 0;
    default:
      return trained.size == 32 && g.size == 32 ? .9384 : 0;
  }
}

/// @throws std::invalid_argument if options were given that the model does not have.
void refuse_others(const CLI::App& app, const arguments& args) {
  const auto refuse = [&](const char* option, const char* whose) {
    if (app.count(option) > 0)
      throw std::invalid_argument(std::string(option) + " is for --model " + whose + ", got " +
                                  model_names[static_cast<std::size_t>(args.model)]);
  };
  if (args.model != model::shallow) refuse("--no-batch-norm", "shallow");
  if (args.model != model::continuousnet) refuse("--epsilon", "continuousnet");
  if (args.model == model::resnet)
    for (const char* option : {"--scheme", "--family", "--steps", "--refine"})
      refuse(option, "shallow, deep or continuousnet");
}

/// A residual network is the graph of one step a unit, of h = 1, and stays that.
void make_residual_network(arguments& args) {
  auto& how = args.how;
  how.begin.scheme = images::scheme::euler;
  how.begin.family = images::family::constant;
  how.begin.steps = how.begin.size;
  how.refine.clear();
  args.epsilon = static_cast<double>(how.begin.size);
}

void run(const arguments& args) {
  const bool synthetic = args.data.empty();
  const std::size_t n = args.train_images, n_test = args.test_images;
  const auto set = synthetic ? images::make_coloured_strokes(shape, n, args.how.seed)
                             : read_training_images(args.data, n);
  const auto test = synthetic ? images::make_coloured_strokes(shape, n_test, args.how.seed + 1)
                              : read_test_images(args.data, n_test);
  std::printf(synthetic ? "No --data: strokes in five colours\n" : "Photographs from %s\n",
              args.data.c_str());
  const auto run_with = [&](const auto& recipe) {
    images::run_program("cifar10", args, recipe, set, test,
                        [&](const images::graph& trained, const images::graph& g) {
                          return published(args, trained, g);
                        });
  };
  if (args.model == model::deep)
    run_with(deep{.channels = args.channels});
  else if (args.model != model::shallow)
    run_with(continuous_net{.channels = args.channels, .epsilon = args.epsilon});
  else if (args.no_batch_norm)
    run_with(shallow<images::not_normalised>{.channels = args.channels});
  else
    run_with(shallow<>{.channels = args.channels});
}

}  // namespace
}  // namespace cifar10

int main(int argc, char** argv) try {
  cifar10::arguments args;
  args.train_images = 50'000;
  args.out = "cifar10_results";
  args.how.variation = {.margin = 4, .mirror = true};
  CLI::App app(
      "Trains models of small photographs whose weights are functions of depth; then changes\n"
      "scheme, number of steps and size, without training again.");
  app.add_option("--data", args.data,
                 "Directory of the binary files, plain or .gz; without it: synthetic images");
  images::add_choice(app, "--model", args.model, cifar10::model_names,
                     "shallow and deep: Stateful ODE-Nets of two and of three blocks; "
                     "continuousnet; resnet: that as a residual network of --cells units a block");
  app.add_option("--channels", args.channels, "Of the first block, each other has twice as many")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}))
      ->capture_default_str();
  app.add_option("--epsilon", args.epsilon, "The factor of the residual in a continuousnet")
      ->capture_default_str();
  app.add_flag("--no-batch-norm", args.no_batch_norm, "Do not normalise in the shallow's blocks");
  app.add_option("--shift", args.how.variation.margin,
                 "Pixels by which images of training are shifted at most")
      ->check(CLI::Range(std::size_t{0}, std::size_t{16}))
      ->capture_default_str();
  app.add_flag("--mirror,!--no-mirror", args.how.variation.mirror,
               "Mirror half the images of training (the default)");
  images::add_options(app, args);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  images::clear_zeros(args.how);
  cifar10::refuse_others(app, args);
  if (args.model == cifar10::model::resnet) cifar10::make_residual_network(args);
  cifar10::run(args);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "cifar10: %s\n", e.what());
  return 2;
}
