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
#include <vector>

#include <kutta/io/checkpoint.hpp>
#include <kutta/io/safetensors.hpp>
#include <kutta/study/type_name.hpp>
#include <kutta/train/sgd.hpp>
#include <kutta/train/training_levels.hpp>

#include "data.hpp"
#include "model.hpp"

namespace mnist {

struct options {
  std::int64_t epochs = 12;
  std::int64_t size = 1, steps = 1;              ///< K and N at the beginning
  std::vector<std::int64_t> refine = {3, 6, 9};  ///< K and N double before these epochs
  std::vector<std::int64_t> drop = {8, 11};      ///< the rate falls to a tenth before these
  std::size_t batch = 128;
  double rate = .1, momentum = .9, weight_decay = 5e-4;
  std::uint64_t seed = 1;
  std::string checkpoint;  ///< a file that is written behind every epoch, and resumed from
};

/// K and N as they begin, then twice the cells and steps from each epoch in `refine` on.
template <class S, class B>
std::vector<kutta::training_level<block<S, B>>> levels(const options& how) {
  block<S, B> f{make_residual(), B(how.size), {.steps = how.steps}};
  std::vector levels{kutta::training_level{0, f}};
  for (const std::int64_t epoch : how.refine) levels.push_back({epoch, f = kutta::finer(f)});
  return levels;
}

/// The level that an epoch belongs to.
template <class Level>
const Level& level_of(const std::vector<Level>& levels, std::int64_t epoch) {
  const Level* last = &levels.front();
  for (const Level& level : levels)
    if (level.epoch <= epoch) last = &level;
  return *last;
}

/// How far an epoch has come: for a progress line.
struct position {
  std::int64_t epoch, steps;
  std::size_t images;   ///< of this epoch
  double loss;          ///< mean over this epoch so far
  double accuracy = 0;  ///< of training, likewise
};

/// A model in training.
template <class S, class B>
class trainer {
 public:
  /// Begins anew, or goes on where the checkpoint was written.
  /// @throws kutta::io_error if that is of another run or cannot be read.
  explicit trainer(const options& how) : how_(how), levels_(levels<S, B>(how)) {
    if (!how.checkpoint.empty() && std::filesystem::exists(how.checkpoint)) {
      kutta::safetensors_file(how.checkpoint).read("epochs", epochs_);
      make(level_of(levels_, epochs_ - 1).block);
      saved().load(how.checkpoint, description());
    } else {
      make(levels_.front().block);
    }
  }

  /// How many epochs the model has been trained.
  std::int64_t epochs() const { return epochs_; }
  const learnt<S, B>& result() const { return learnt_; }
  /// The graph that it was last trained on.
  const block<S, B>& graph() const { return level_of(levels_, epochs_ - 1).block; }

  /// Trains until `how.epochs`. `on_batch(position)` is called behind each batch, `on_epoch` behind
  /// each epoch, when it has been saved.
  /// @throws std::invalid_argument if the images do not fill a batch; std::runtime_error if the
  /// loss is not finite any more.
  template <class OnBatch, class OnEpoch>
  void train(const labelled_images& set, OnBatch&& on_batch, OnEpoch&& on_epoch) {
    if (set.size() < how_.batch)
      throw std::invalid_argument("training: expected a batch of " + std::to_string(how_.batch) +
                                  " images at least, got " + std::to_string(set.size()));
    auto& velocity = *optimiser_->velocity();
    kutta::train_in_levels(levels_, epochs_, how_.epochs,
                           std::tie(in_block_weights(learnt_.theta), in_block_weights(velocity),
                                    in_block_statistics(learnt_.stats)),
                           [&](const block<S, B>& f, std::int64_t epoch) {
                             const position end = train_epoch(f, epoch, set, on_batch);
                             epochs_ = epoch + 1;
                             if (!how_.checkpoint.empty())
                               saved().save(how_.checkpoint, description());
                             on_epoch(end);
                           });
  }

 private:
  void make(const block<S, B>& f) {
    std::mt19937_64 generator(how_.seed);
    const auto m = make_model(f, f.options().steps);
    learnt_.theta = m.make_params(generator);
    learnt_.stats = m.make_statistics(learnt_.theta, images::Zero(pixels, 1));
    optimiser_.emplace(learnt_.theta, kutta::sgd_options{.rate = how_.rate,
                                                         .momentum = how_.momentum,
                                                         .weight_decay = how_.weight_decay});
  }

  auto saved() {
    return kutta::checkpoint(kutta::named("theta", learnt_.theta), kutta::named("sgd", *optimiser_),
                             kutta::named("statistics", learnt_.stats),
                             kutta::named("epochs", epochs_));
  }
  kutta::file_metadata description() const {
    return {{"scheme", kutta::type_name<S>()},
            {"family", kutta::type_name<B>()},
            {"seed", std::to_string(how_.seed)},
            {"batch", std::to_string(how_.batch)}};
  }

  double rate_of(std::int64_t epoch) const {
    double rate = how_.rate;
    for (const std::int64_t drop : how_.drop)
      if (epoch >= drop) rate /= 10;
    return rate;
  }

  /// The last images, which do not fill a batch, are left out: others in each epoch.
  template <class OnBatch>
  position train_epoch(const block<S, B>& f, std::int64_t epoch, const labelled_images& set,
                       OnBatch&& on_batch) {
    const auto m = make_model(f, f.options().steps);
    const auto order = shuffled(set, how_.seed, epoch);
    auto& [theta, stats] = learnt_;
    images x = images::Zero(pixels, static_cast<Eigen::Index>(how_.batch));
    std::vector<int> labels;
    kutta::layer_pass pass(m, theta, x);
    auto dtheta = kutta::zeros_like(theta);
    optimiser_->set_rate(rate_of(epoch));

    position at{epoch, f.options().steps, 0, 0};
    double loss = 0;
    std::size_t right = 0;
    while (at.images + how_.batch <= set.size()) {
      copy_images(set, order, at.images, x, labels);
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

  options how_;
  std::vector<kutta::training_level<block<S, B>>> levels_;
  learnt<S, B> learnt_;
  std::optional<kutta::sgd<weights<S, B>>> optimiser_;
  std::int64_t epochs_ = 0;
};

}  // namespace mnist
