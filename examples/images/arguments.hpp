// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The command line that programs of images have in common.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "images/graph.hpp"
#include "images/schedule.hpp"

namespace images {

struct arguments {
  options how;
  std::string data, out;
  std::size_t train_images = 0, test_images = 10'000;
};

/// Which of the names this is, as an enumerator.
template <class E, std::size_t N>
E named(const std::array<const char*, N>& names, const std::string& text) {
  return static_cast<E>(std::find(names.begin(), names.end(), text) - names.begin());
}

/// An option that is one of `names`.
template <class E, std::size_t N>
void add_choice(CLI::App& app, const std::string& option, E& choice,
                const std::array<const char*, N>& names, const std::string& what) {
  app.add_option_function<std::string>(
         option, [&](const std::string& text) { choice = named<E>(names, text); }, what)
      ->check(CLI::IsMember(std::vector<std::string>(names.begin(), names.end())))
      ->default_str(names[static_cast<std::size_t>(choice)]);
}

/// Adds the options; what `args` holds is what they say where they are not given.
inline void add_options(CLI::App& app, arguments& args) {
  auto& how = args.how;
  const auto count = [](auto least, auto most) { return CLI::Range(least, most); };
  app.add_option("--train", args.train_images, "Use the first images of the training set")
      ->check(count(std::size_t{1}, args.train_images))
      ->capture_default_str();
  app.add_option("--test", args.test_images, "Use the first images of the test set")
      ->check(count(std::size_t{1}, args.test_images))
      ->capture_default_str();
  app.add_option("--epochs", how.epochs, "Passes through the training set")
      ->check(count(std::int64_t{1}, std::int64_t{100'000}))
      ->capture_default_str();
  app.add_option("--cells", how.begin.size, "K, the coefficients of a weight, at the beginning")
      ->check(count(std::int64_t{1}, std::int64_t{1024}))
      ->capture_default_str();
  app.add_option("--steps", how.begin.steps, "N, the steps in depth, at the beginning")
      ->check(count(std::int64_t{1}, std::int64_t{1024}))
      ->capture_default_str();
  app.add_option("--refine", how.refine, "Epochs before which K and N double; 0: none")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--drop", how.drop, "Epochs before which the rate falls to a tenth; 0: none")
      ->delimiter(',')
      ->capture_default_str();
  add_choice(app, "--scheme", how.begin.scheme, scheme_names, "To train with");
  add_choice(app, "--family", how.begin.family, family_names, "Of the weights in depth");
  app.add_option("--batch", how.batch, "Images in a step of training")
      ->check(count(std::size_t{1}, args.train_images))
      ->capture_default_str();
  app.add_option("--threads", how.threads, "Among which each layer shares a batch")
      ->check(count(std::size_t{1}, std::size_t{64}))
      ->capture_default_str();
  app.add_option("--keep", how.kept_steps,
                 "Steps of a block of which a pass keeps all for the reverse pass, and runs the "
                 "others again; 0: all")
      ->check(count(std::int64_t{0}, std::int64_t{1024}))
      ->capture_default_str();
  app.add_option("--rate", how.rate, "Of stochastic gradient descent")->capture_default_str();
  app.add_option("--momentum", how.momentum, "Likewise")->capture_default_str();
  app.add_option("--decay", how.weight_decay, "Weight decay, likewise")->capture_default_str();
  app.add_option("--seed", how.seed, "Of the initial weights, and of the images' order and places")
      ->capture_default_str();
  app.add_option("--checkpoint", how.checkpoint,
                 "Written behind every epoch; a run that finds it goes on from it");
  app.add_option("--out", args.out, "Directory for tables (CSV) and plots (SVG)")
      ->capture_default_str();
  app.footer("Exit status: 0, or 2 after an error.");
}

/// A list of the single number 0 is empty.
inline void clear_zeros(options& how) {
  for (auto* const list : {&how.refine, &how.drop}) std::erase(*list, 0);
}

}  // namespace images
