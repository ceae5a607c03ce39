// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a program shows and writes of training and of the study behind it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "images/model.hpp"
#include "images/schedule.hpp"
#include "images/study.hpp"
#include "images/training.hpp"
#include "reporting/output_directory.hpp"
#include "reporting/progress.hpp"

namespace images {

/// A table for people, line by line, and as comma-separated values.
class training_report {
 public:
  /// For the epochs that `how` still has before it, with as many images each.
  training_report(const options& how, std::int64_t epochs, std::size_t images,
                  const reporting::output_directory& out)
      : levels_(levels_of(how)), images_(images), out_(out), bar_(work(how, epochs)) {
    log_ = lines_until(out.path() / "training.csv", epochs);
    if (log_.empty())
      log_ =
          "epoch,K,steps,images,train loss,train accuracy,test loss,test accuracy,images per "
          "second\n";
    std::printf("  %5s %3s %6s %11s %12s %10s %12s %9s\n", "epoch", "K", "steps", "train loss",
                "train right", "test loss", "test right", "images/s");
    std::fflush(stdout);
  }

  void on_batch(const position& at) {
    const double done = done_ + cost(at.epoch) * static_cast<double>(at.images);
    bar_.report(done, [&] {
      return "epoch " + std::to_string(at.epoch + 1) + ", N = " + std::to_string(at.steps) +
             ", loss " + std::to_string(at.loss) + ", " +
             std::to_string(static_cast<int>(rate(at))) + " images/s";
    });
  }

  /// `judged()` is called behind the clock.
  template <class F>
  void on_epoch(const position& at, F&& judged) {
    const double speed = rate(at);
    done_ += cost(at.epoch) * static_cast<double>(images_);
    const score s = judged();
    const auto size = static_cast<long long>(graph_of(levels_, at.epoch).size);
    std::printf("  %5lld %3lld %6lld %11.4f %11.2f%% %10.4f %11.2f%% %9.0f\n",
                static_cast<long long>(at.epoch + 1), size, static_cast<long long>(at.steps),
                at.loss, 100 * at.accuracy, s.loss, 100 * s.accuracy, speed);
    std::fflush(stdout);
    std::ostringstream line;
    line << at.epoch + 1 << ',' << size << ',' << at.steps << ',' << at.images << ',' << at.loss
         << ',' << at.accuracy << ',' << s.loss << ',' << s.accuracy << ',' << speed << '\n';
    out_.write("training.csv", log_ += line.str());
    begin_ = clock::now();
  }

 private:
  using clock = std::chrono::steady_clock;

  /// The lines of an older table up to an epoch, and their heading: for a run that goes on.
  static std::string lines_until(const std::filesystem::path& file, std::int64_t epoch) {
    std::ifstream in(file);
    std::string text, line;
    for (std::int64_t i = 0; i <= epoch && std::getline(in, line); ++i) text += line + '\n';
    return text;
  }

  /// A residual unit is worth an evaluation, what is before and behind the blocks not much.
  double cost(std::int64_t epoch) const {
    const graph& g = graph_of(levels_, epoch);
    return static_cast<double>(g.steps * evaluations(g.scheme) + 2);
  }
  double work(const options& how, std::int64_t epoch) const {
    double sum = 0;
    for (; epoch < how.epochs; ++epoch) sum += cost(epoch) * static_cast<double>(images_);
    return sum;
  }
  double rate(const position& at) const {
    return static_cast<double>(at.images) /
           std::chrono::duration<double>(clock::now() - begin_).count();
  }

  levels levels_;
  std::size_t images_;
  const reporting::output_directory& out_;
  reporting::progress bar_;
  std::string log_;
  double done_ = 0;
  clock::time_point begin_ = clock::now();
};

/// `compression.csv`: fewer coefficients. `paper(trained, graph)` is the accuracy that was
/// published for the one as the other, or 0. Whether there is any.
template <class Recipe, class Paper>
bool report_smaller_models(const trainer<Recipe>& run, const image_set& test, std::size_t threads,
                           const reporting::output_directory& out, const Paper& paper) {
  std::printf(
      "\nFewer coefficients and as many steps, by projection, without data\n"
      "  %3s %6s %11s %10s %12s %10s\n",
      "K", "steps", "parameters", "test loss", "test right", "paper");
  std::ostringstream table;
  table << "K,steps,parameters,loss,accuracy,paper\n";
  bool any = false;
  for_smaller_models(
      run.recipe(), run.graph(), run.result(), test, threads, [&](const measured& m) {
        const double published = paper(run.graph(), m.graph);
        any = any || published > 0;
        std::printf("  %3lld %6lld %11zu %10.4f %11.2f%%", static_cast<long long>(m.graph.size),
                    static_cast<long long>(m.graph.steps), m.parameters, m.result.loss,
                    100 * m.result.accuracy);
        if (published > 0) std::printf(" %9.1f%%", 100 * published);
        std::printf("\n");
        std::fflush(stdout);
        table << m.graph.size << ',' << m.graph.steps << ',' << m.parameters << ',' << m.result.loss
              << ',' << m.result.accuracy << ','
              << (published > 0 ? std::to_string(published) : "NaN") << '\n';
      });
  out.write("compression.csv", table.str());
  return any;
}

/// `graphs.csv`: other schemes and steps.
template <class Recipe>
void report_other_graphs(const trainer<Recipe>& run, const image_set& test, std::size_t threads,
                         const reporting::output_directory& out) {
  std::printf(
      "\nOther schemes and step counts, the weights as they are\n"
      "  %-12s %5s %11s %10s %12s\n",
      "scheme", "steps", "evaluations", "test loss", "test right");
  std::ostringstream table;
  table << "scheme,steps,evaluations,loss,accuracy\n";
  for_other_graphs(run.recipe(), run.graph(), run.result(), test, threads, [&](const measured& m) {
    const std::int64_t calls = m.graph.steps * evaluations(m.graph.scheme);
    std::printf("  %-12s %5lld %11lld %10.4f %11.2f%%\n", name(m.graph.scheme),
                static_cast<long long>(m.graph.steps), static_cast<long long>(calls), m.result.loss,
                100 * m.result.accuracy);
    std::fflush(stdout);
    table << name(m.graph.scheme) << ',' << m.graph.steps << ',' << calls << ',' << m.result.loss
          << ',' << m.result.accuracy << '\n';
  });
  out.write("graphs.csv", table.str());
}

}  // namespace images
