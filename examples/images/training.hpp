// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Training on finer and finer graphs, in a run that can be killed and resumed.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <kutta/io/checkpoint.hpp>
#include <kutta/io/safetensors.hpp>
#include <kutta/tensor/number_text.hpp>
#include <kutta/train/sgd.hpp>
#include <kutta/train/training_levels.hpp>

#include "images/image_set.hpp"
#include "images/model.hpp"
#include "images/schedule.hpp"
#include "images/variation.hpp"

namespace images {

/// How far an epoch has come: for a progress line.
struct position {
  std::int64_t epoch, steps;
  std::size_t images;   ///< of this epoch
  double loss;          ///< mean over this epoch so far
  double accuracy = 0;  ///< of training, likewise
};

/// A model in training.
template <class Recipe>
class trainer {
 public:
  /// Begins anew, or goes on where the checkpoint was written. Refers to the images.
  /// @throws std::invalid_argument if they do not fill a batch; kutta::io_error if the checkpoint
  /// is of another run, whose losses were others, or cannot be read.
  trainer(Recipe recipe, const image_set& set, const options& how)
      : recipe_(std::move(recipe)), set_(set), how_(how), levels_(levels_of(how)) {
    if (set.size() < how.batch)
      throw std::invalid_argument("training: expected a batch of " + std::to_string(how.batch) +
                                  " images at least, got " + std::to_string(set.size()));
    if (!how.checkpoint.empty() && std::filesystem::exists(how.checkpoint)) {
      kutta::safetensors_file(how.checkpoint).read("epochs", epochs_);
      make(graph());
      saved().load(how.checkpoint, description());
    } else {
      make(levels_.front().block);
    }
  }

  /// How many epochs the model has been trained.
  std::int64_t epochs() const { return epochs_; }
  const learnt<Recipe>& result() const { return learnt_; }
  /// The graph that it was last trained on.
  const images::graph& graph() const { return graph_of(levels_, epochs_ - 1); }
  const Recipe& recipe() const { return recipe_; }

  /// Trains until `how.epochs`. `on_batch(position)` is called behind each batch, `on_epoch` behind
  /// each epoch, when it has been saved.
  /// @throws std::runtime_error if the loss is not finite any more.
  template <class OnBatch, class OnEpoch>
  void train(OnBatch&& on_batch, OnEpoch&& on_epoch) {
    kutta::train_in_levels(
        levels_, epochs_, how_.epochs,
        std::tuple_cat(in_blocks(learnt_.theta), in_blocks(*optimiser_->velocity()),
                       in_blocks(learnt_.stats)),
        [&](const images::graph& g, std::int64_t epoch) {
          const position end = train_epoch(g, epoch, on_batch);
          epochs_ = epoch + 1;
          if (!how_.checkpoint.empty()) saved().save(how_.checkpoint, description());
          on_epoch(end);
        });
  }

 private:
  void make(const images::graph& g) {
    std::mt19937_64 generator(how_.seed);
    const auto m = recipe_(g, g.steps);
    learnt_.theta = m.make_params(generator);
    learnt_.stats = m.make_statistics(learnt_.theta,
                                      batch::Zero(static_cast<Eigen::Index>(set_.shape.size()), 1));
    optimiser_.emplace(learnt_.theta, kutta::sgd_options{.rate = how_.rate,
                                                         .momentum = how_.momentum,
                                                         .weight_decay = how_.weight_decay});
  }

  auto saved() {
    return kutta::checkpoint(kutta::named("theta", learnt_.theta), kutta::named("sgd", *optimiser_),
                             kutta::named("statistics", learnt_.stats),
                             kutta::named("epochs", epochs_));
  }
  /// All that the losses up to here follow from.
  kutta::file_metadata description() const {
    const auto text = [](double x) { return kutta::detail::number_text(x); };
    const auto past = [&](const std::vector<std::int64_t>& epochs) {
      std::string list;
      for (const std::int64_t epoch : epochs)
        if (epoch < epochs_) list += (list.empty() ? "" : ",") + std::to_string(epoch);
      return list;
    };
    return {{"model", recipe_.name()},
            {"scheme", name(how_.begin.scheme)},
            {"family", name(how_.begin.family)},
            {"steps of the first graph", std::to_string(how_.begin.steps)},
            {"images", std::to_string(set_.size())},
            {"seed", std::to_string(how_.seed)},
            {"batch", std::to_string(how_.batch)},
            {"rate", text(how_.rate)},
            {"momentum", text(how_.momentum)},
            {"weight decay", text(how_.weight_decay)},
            {"shift", std::to_string(how_.variation.margin)},
            {"mirror", how_.variation.mirror ? "yes" : "no"},
            {"refined before epochs", past(how_.refine)},
            {"rate dropped before epochs", past(how_.drop)}};
  }

  /// The last images, which do not fill a batch, are left out: others in each epoch.
  template <class OnBatch>
  position train_epoch(const images::graph& g, std::int64_t epoch, OnBatch&& on_batch) {
    const auto m = recipe_(g, how_.kept_steps == 0 ? g.steps : how_.kept_steps);
    const auto order = shuffled(set_, how_.seed, epoch);
    const auto placed = [&](std::size_t image) {
      return place(how_.variation, how_.seed, epoch, image);
    };
    auto& [theta, stats] = learnt_;
    batch x = empty_batch(set_, how_.batch);
    std::vector<int> labels;
    kutta::layer_pass pass(m, theta, x, how_.threads);
    auto dtheta = kutta::zeros_like(theta);
    optimiser_->set_rate(rate_of(how_, epoch));

    position at{epoch, g.steps, 0, 0};
    double loss = 0;
    std::size_t right = 0;
    while (at.images + how_.batch <= set_.size()) {
      copy_images(set_, order, at.images, x, labels, placed);
      kutta::set_zero(dtheta);
      const double value = pass.gradient(theta, x, kutta::cross_entropy(labels), dtheta);
      if (!std::isfinite(value))
        throw std::runtime_error("training: the loss is not finite in epoch " +
                                 std::to_string(epoch + 1));
      pass.update_statistics(stats, .1);
      optimiser_->step(theta, dtheta);

      at.images += how_.batch;
      loss += value * static_cast<double>(how_.batch);
      right += hits(pass.y(), labels);
      at.loss = loss / static_cast<double>(at.images);
      at.accuracy = static_cast<double>(right) / static_cast<double>(at.images);
      on_batch(at);
    }
    return at;
  }

  Recipe recipe_;
  const image_set& set_;
  options how_;
  levels levels_;
  learnt<Recipe> learnt_;
  std::optional<kutta::sgd<typename model_of<Recipe>::params>> optimiser_;
  std::int64_t epochs_ = 0;
};

}  // namespace images
