// SPDX-License-Identifier: Apache-2.0
//
// Trains a model of handwritten digits whose weights, and the statistics of its batch
// normalisation, are functions of depth; then changes its scheme, its number of steps and its size,
// without training again and without data.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <kutta/basis/hat.hpp>
#include <kutta/basis/piecewise_constant.hpp>

#include "data.hpp"
#include "model.hpp"
#include "plots.hpp"
#include "reporting/gnuplot.hpp"
#include "reporting/output_directory.hpp"
#include "reporting/progress.hpp"
#include "study.hpp"
#include "training.hpp"

namespace mnist {
namespace {

struct arguments {
  options how;
  std::string data, out = "mnist_results", scheme = "rk4", family = "constant";
  std::size_t train_images = 60'000, test_images = 10'000;
};

constexpr const char* training_heading =
    "epoch,K,steps,images,train loss,train accuracy,test loss,test accuracy,images per second";

/// The lines of an older table up to an epoch, and their heading: for a run that goes on.
std::string lines_until(const std::filesystem::path& file, std::int64_t epoch) {
  std::ifstream in(file);
  std::string text, line;
  for (std::int64_t i = 0; i <= epoch && std::getline(in, line); ++i) text += line + '\n';
  return text;
}

/// What the paper has for K of its piecewise constant model.
double paper_accuracy(std::size_t size) {
  return size == 8 ? .994 : size == 4 ? .992 : size == 2 ? .969 : 0;
}

template <class S, class B>
void train(const arguments& args, trainer<S, B>& run, const labelled_images& set,
           const labelled_images& test, const reporting::output_directory& out) {
  using clock = std::chrono::steady_clock;
  const auto table = levels<S, B>(args.how);
  // A residual unit is worth an evaluation, what is before and behind the two not much.
  const auto cost = [&](std::int64_t steps) {
    constexpr auto evaluations = static_cast<double>(kutta::block_step<S, images>::evaluations);
    return static_cast<double>(steps) * evaluations + 2;
  };
  double work = 0;
  for (std::int64_t epoch = run.epochs(); epoch < args.how.epochs; ++epoch)
    work += cost(level_of(table, epoch).block.options().steps) * static_cast<double>(set.size());
  reporting::progress bar(work);

  std::string log = lines_until(out.path() / "training.csv", run.epochs());
  if (log.empty()) log = std::string(training_heading) + '\n';
  double done = 0;
  auto begin = clock::now();
  const auto rate = [&](const position& at) {
    return static_cast<double>(at.images) /
           std::chrono::duration<double>(clock::now() - begin).count();
  };
  std::printf("  %5s %3s %6s %11s %12s %10s %12s %9s\n", "epoch", "K", "steps", "train loss",
              "train right", "test loss", "test right", "images/s");
  run.train(
      set,
      [&](const position& at) {
        bar.report(done + cost(at.steps) * static_cast<double>(at.images), [&] {
          return "epoch " + std::to_string(at.epoch + 1) + ", N = " + std::to_string(at.steps) +
                 ", loss " + std::to_string(at.loss) + ", " +
                 std::to_string(static_cast<int>(rate(at))) + " images/s";
        });
      },
      [&](const position& at) {
        const double speed = rate(at);
        done += cost(at.steps) * static_cast<double>(set.size());
        const score s = judge(run.graph(), run.result().theta, run.result().stats, test);
        const std::size_t size = run.graph().basis().size();
        std::printf("  %5lld %3zu %6lld %11.4f %11.2f%% %10.4f %11.2f%% %9.0f\n",
                    static_cast<long long>(at.epoch + 1), size, static_cast<long long>(at.steps),
                    at.loss, 100 * at.accuracy, s.loss, 100 * s.accuracy, speed);
        std::fflush(stdout);
        std::ostringstream line;
        line << at.epoch + 1 << ',' << size << ',' << at.steps << ',' << at.images << ',' << at.loss
             << ',' << at.accuracy << ',' << s.loss << ',' << s.accuracy << ',' << speed << '\n';
        out.write("training.csv", log += line.str());
        begin = clock::now();
      });
}

template <class S, class B>
void study(const arguments& args, const trainer<S, B>& run, const labelled_images& test,
           const reporting::output_directory& out) {
  const auto& f = run.graph();
  std::printf(
      "\nFewer coefficients and as many steps, by projection, without data\n"
      "  %3s %6s %11s %10s %12s %10s\n",
      "K", "steps", "parameters", "test loss", "test right", "paper");
  std::ostringstream sizes;
  sizes << "K,steps,parameters,loss,accuracy,paper\n";
  const bool as_in_paper = !args.data.empty() && args.family == "constant" && f.basis().size() == 8;
  smaller_models(f, run.result(), test, [&](const compressed& c) {
    const double paper = as_in_paper ? paper_accuracy(c.size) : 0;
    std::printf("  %3zu %6lld %11zu %10.4f %11.2f%%", c.size, static_cast<long long>(c.steps),
                c.parameters, c.result.loss, 100 * c.result.accuracy);
    if (paper > 0) std::printf(" %9.1f%%", 100 * paper);
    std::printf("\n");
    std::fflush(stdout);
    sizes << c.size << ',' << c.steps << ',' << c.parameters << ',' << c.result.loss << ','
          << c.result.accuracy << ',' << (paper > 0 ? std::to_string(paper) : "NaN") << '\n';
  });
  out.write("compression.csv", sizes.str());

  std::printf(
      "\nOther schemes and step counts, the weights as they are\n"
      "  %-12s %5s %11s %10s %12s\n",
      "scheme", "steps", "evaluations", "test loss", "test right");
  std::ostringstream graphs;
  graphs << "scheme,steps,evaluations,loss,accuracy\n";
  other_graphs(f, run.result(), test, [&](const graph& g) {
    std::printf("  %-12s %5lld %11zu %10.4f %11.2f%%\n", g.scheme.c_str(),
                static_cast<long long>(g.steps), g.evaluations, g.result.loss,
                100 * g.result.accuracy);
    std::fflush(stdout);
    graphs << g.scheme << ',' << g.steps << ',' << g.evaluations << ',' << g.result.loss << ','
           << g.result.accuracy << '\n';
  });
  out.write("graphs.csv", graphs.str());
}

template <class S, class B>
void run_with(const arguments& args, const labelled_images& set, const labelled_images& test) {
  const reporting::output_directory out(args.out);
  trainer<S, B> run(args.how);
  if (run.epochs() > 0)
    std::printf("Resumed behind epoch %lld from %s\n", static_cast<long long>(run.epochs()),
                args.how.checkpoint.c_str());
  std::printf("%zu images, batches of %zu; %zu to test with\n", set.size(), args.how.batch,
              test.size());
  std::fflush(stdout);
  train(args, run, set, test, out);
  study(args, run, test, out);
  out.write("plots.gp", plot_script);
  const std::string failure =
      reporting::draw_plots(out, {"mnist_training.svg", "mnist_graphs.svg"});
  if (!failure.empty()) std::fprintf(stderr, "mnist: no plots: %s\n", failure.c_str());
  std::printf("\n%s in %s\n", failure.empty() ? "Tables and plots are" : "Tables are",
              out.path().c_str());
}

void run(const arguments& args) {
  const bool synthetic = args.data.empty();
  const auto set = synthetic ? make_images(args.train_images, args.how.seed)
                             : read_images(args.data, "train", args.train_images);
  const auto test = synthetic ? make_images(args.test_images, args.how.seed + 1)
                              : read_images(args.data, "t10k", args.test_images);
  std::printf(synthetic ? "No --data: strokes in ten directions\n" : "Digits from %s\n",
              args.data.c_str());
  using kutta::bases::hat;
  using kutta::bases::piecewise_constant;
  using namespace kutta::schemes;
  const bool cells = args.family == "constant";
  if (args.scheme == "euler")
    cells ? run_with<euler, piecewise_constant>(args, set, test)
          : run_with<euler, hat>(args, set, test);
  else
    cells ? run_with<rk4_classic, piecewise_constant>(args, set, test)
          : run_with<rk4_classic, hat>(args, set, test);
}

}  // namespace
}  // namespace mnist

int main(int argc, char** argv) try {
  mnist::arguments args;
  auto& how = args.how;
  CLI::App app(
      "Trains a model of handwritten digits whose weights are functions of depth; then changes\n"
      "its scheme, its number of steps and its size, without training again.");
  app.add_option("--data", args.data,
                 "Directory of the four IDX files, plain or .gz; without it: synthetic images");
  app.add_option("--train", args.train_images, "Use the first images of the training set")
      ->check(CLI::Range(std::size_t{1}, std::size_t{60'000}))
      ->capture_default_str();
  app.add_option("--test", args.test_images, "Use the first images of the test set")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}))
      ->capture_default_str();
  app.add_option("--epochs", how.epochs, "Passes through the training set")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000}))
      ->capture_default_str();
  app.add_option("--cells", how.size, "K, the coefficients of a weight, at the beginning")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1024}))
      ->capture_default_str();
  app.add_option("--steps", how.steps, "N, the steps in depth, at the beginning")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1024}))
      ->capture_default_str();
  app.add_option("--refine", how.refine, "Epochs before which K and N double")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--drop", how.drop, "Epochs before which the rate falls to a tenth")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--scheme", args.scheme, "To train with")
      ->check(CLI::IsMember({"euler", "rk4"}))
      ->capture_default_str();
  app.add_option("--family", args.family, "Of the weights in depth")
      ->check(CLI::IsMember({"constant", "linear"}))
      ->capture_default_str();
  app.add_option("--batch", how.batch, "Images in a step of training")
      ->check(CLI::Range(std::size_t{1}, std::size_t{60'000}))
      ->capture_default_str();
  app.add_option("--rate", how.rate, "Of stochastic gradient descent")->capture_default_str();
  app.add_option("--momentum", how.momentum, "Likewise")->capture_default_str();
  app.add_option("--decay", how.weight_decay, "Weight decay, likewise")->capture_default_str();
  app.add_option("--seed", how.seed, "Of the initial weights and the order of images")
      ->capture_default_str();
  app.add_option("--checkpoint", how.checkpoint,
                 "Written behind every epoch; a run that finds it goes on from it");
  app.add_option("--out", args.out, "Directory for tables (CSV) and plots (SVG)")
      ->capture_default_str();
  app.footer("Exit status: 0, or 2 after an error.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  mnist::run(args);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "mnist: %s\n", e.what());
  return 2;
}
