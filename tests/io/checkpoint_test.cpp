// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>

#include <kutta/basis/hat.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/io/checkpoint.hpp>
#include <kutta/io/describe.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/tensor/host_copy.hpp>
#include <kutta/train/losses.hpp>

#include "io/scratch_folder.hpp"
#include "support/dense_sine.hpp"
#include "support/random.hpp"

namespace {

using kutta::named;
using kutta::test::dense_sine;
using kutta::test::scratch_folder;
using block = kutta::ode_block<dense_sine, kutta::schemes::rk4_classic, kutta::bases::hat>;

const block model(dense_sine{}, kutta::bases::hat{3}, {.steps = 4});

block::coefficients initial_weights(std::uint64_t seed) {
  kutta::test::splitmix64 random(seed);
  return dense_sine::random_coefficients(3, 4, random);
}

/// A training run on batches from a generator, with all the state that it has.
template <class Optimiser, class Options>
struct run {
  Options options;
  block::coefficients theta = initial_weights(1);
  Optimiser optimiser{theta, options};
  std::mt19937_64 generator{5};
  std::normal_distribution<double> normal{};
  std::int64_t step = 0;
  double best = 1e300;
  std::string note = "two words";

  kutta::checkpoint<block::coefficients, Optimiser, std::mt19937_64,
                    std::normal_distribution<double>, std::int64_t, double, std::string>
  state() {
    return kutta::checkpoint(named("theta", theta), named("optimiser", optimiser),
                             named("generator", generator), named("normal", normal),
                             named("step", step), named("best", best), named("note", note));
  }

  /// One step of training; returns the loss.
  double advance() {
    const auto draw = [&] { return normal(generator); };
    const Eigen::MatrixXd x0 = Eigen::MatrixXd::NullaryExpr(4, 3, draw);  // an odd number of draws
    const Eigen::MatrixXd target = x0.cwiseAbs() * draw();
    Eigen::MatrixXd dx = x0;
    auto dtheta = kutta::zeros_like(theta);
    auto ws = model.make_workspace(theta, x0);
    const kutta::mean_squared_error loss(target);
    const double value = model.gradient(theta, x0, loss, dx, dtheta, ws);
    optimiser.step(theta, dtheta);
    ++step;
    best = std::min(best, value);
    return value;
  }
};

using adam_run = run<kutta::adam<block::coefficients>, kutta::adam_options>;
using sgd_run = run<kutta::sgd<block::coefficients>, kutta::sgd_options>;

/// Ten steps at once, and five, a file, and five in another program's variables.
template <class Run>
void goes_on_where_it_was(const Run& like) {
  const scratch_folder folder;
  const std::string path = folder.path("run.safetensors");
  Run whole = like, first = like, second = like;
  kutta::copy_from_host(kutta::copy_to_host(initial_weights(9)), second.theta);
  second.generator.seed(77);
  second.note.clear();

  std::vector<double> expected, got;
  for (int n = 0; n < 10; ++n) expected.push_back(whole.advance());
  for (int n = 0; n < 5; ++n) got.push_back(first.advance());
  first.state().save(path);
  CHECK(second.state().resume(path));
  CHECK(second.step == 5);
  CHECK(second.note == "two words");
  for (int n = 0; n < 5; ++n) got.push_back(second.advance());
  CHECK(got == expected);
  CHECK(kutta::copy_to_host(second.theta) == kutta::copy_to_host(whole.theta));
  CHECK(second.best == whole.best);
  CHECK(second.step == 10);
}

struct everything {
  std::vector<double> theta;
  std::mt19937 generator;
  int step;
  bool operator==(const everything&) const = default;
};

auto state_of(everything& x) {
  return kutta::checkpoint(named("theta", x.theta), named("generator", x.generator),
                           named("step", x.step));
}

/// What a layer with statistics in depth is to a file.
class statistics_in_depth {
 public:
  explicit statistics_in_depth(double value) : coefficients_(2, {value, value}) {}
  const std::vector<std::array<double, 2>>& coefficients() const { return coefficients_; }
  void set_coefficients(const std::vector<std::array<double, 2>>& sigma) { coefficients_ = sigma; }

 private:
  std::vector<std::array<double, 2>> coefficients_;
};

/// A variable of one's own: an average that forgets.
struct moving_average {
  double mean = 0;
  std::uint32_t count = 0;
};

}  // namespace

namespace kutta {
template <>
struct checkpoint_parts<moving_average> {
  template <class F>
  static void for_each(F&& f, moving_average& x) {
    f("mean", x.mean);
    f("count", x.count);
  }
};
}  // namespace kutta

TEST_CASE("a run that was killed goes on with the same losses, to the last bit") {
  goes_on_where_it_was(adam_run{{.rate = 0.01, .decoupled_decay = 0.1}});
  goes_on_where_it_was(sgd_run{{.rate = 0.01, .momentum = 0.9}});
  goes_on_where_it_was(sgd_run{{.rate = 0.01}});
}

TEST_CASE("without the moments, or without the generator, it would not") {
  const scratch_folder folder;
  adam_run whole{}, other{};
  for (int n = 0; n < 5; ++n) whole.advance();
  kutta::checkpoint weights(named("theta", whole.theta));
  weights.save(folder.path("a"));
  kutta::checkpoint(named("theta", other.theta)).load(folder.path("a"));
  CHECK(whole.advance() != other.advance());
  other.generator = whole.generator;
  other.normal = whole.normal;
  kutta::checkpoint(named("theta", whole.theta)).save(folder.path("a"));
  kutta::checkpoint(named("theta", other.theta)).load(folder.path("a"));
  CHECK(whole.advance() == other.advance());  // the loss of equal weights, but then:
  CHECK(whole.advance() != other.advance());
}

TEST_CASE("the weights of a checkpoint can be read alone") {
  const scratch_folder folder;
  adam_run training{};
  training.advance();
  training.state().save(folder.path("a"), kutta::describe(model));
  const kutta::safetensors_file in(folder.path("a"));
  in.require_texts(kutta::describe(model.basis()));
  auto theta = initial_weights(2);
  in.read("theta", theta);
  CHECK(kutta::copy_to_host(theta) == kutta::copy_to_host(training.theta));
  std::int64_t steps = 0;
  in.read("optimiser.steps", steps);
  CHECK(steps == 1);
  CHECK(in.shape("optimiser.second.2.w") == std::vector<std::uint64_t>{4, 4});
}

TEST_CASE("a file of another model, or an optimiser of another kind, is refused by name") {
  const scratch_folder folder;
  const std::string path = folder.path("a");
  adam_run adam{};
  sgd_run plain{}, momentum{{.momentum = 0.5}};
  adam.state().save(path, kutta::describe(model));
  const auto refuses = [&](auto& training, const std::string& message) {
    CHECK_THROWS_WITH_AS(training.state().load(path), (path + ": " + message).c_str(),
                         kutta::io_error);
  };
  refuses(momentum, "no tensor optimiser.velocity.0.w");
  refuses(plain, "tensor optimiser.first.0.b: expected no such tensor, got F64 (4)");
  momentum.state().save(path);
  refuses(plain, "tensor optimiser.velocity.0.b: expected no such tensor, got F64 (4)");
  refuses(adam, "no tensor optimiser.first.0.w");

  adam.state().save(path, kutta::describe(model.basis()));
  const auto finer = kutta::describe(model.basis().refined());
  CHECK_THROWS_WITH_AS(adam.state().load(path, finer),
                       (path + ": text K: expected 5, got 3").c_str(), kutta::io_error);
  CHECK_THROWS_WITH_AS(adam.state().load(path, kutta::describe(model)),
                       (path + ": no text horizon").c_str(), kutta::io_error);
  CHECK_NOTHROW(adam.state().load(path, kutta::describe(model.basis())));
}

TEST_CASE("whatever is wrong with a file, no variable is touched") {
  const scratch_folder folder;
  const std::string path = folder.path("a");
  everything saved{{1, 2, 3}, std::mt19937(3), 7};
  state_of(saved).save(path);

  everything x{{4, 5, 6}, std::mt19937(9), 8};
  const everything before = x;
  const auto refuses = [&](const std::string& file, const char* what) {
    CHECK_THROWS_WITH_AS(state_of(x).load(file), (file + ": " + what).c_str(), kutta::io_error);
    CHECK(x == before);
  };
  refuses(folder.path("none"), "cannot open: No such file or directory");

  std::string bytes = kutta::test::read_bytes(path);
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string other = bytes;
    other.replace(other.find(from), from.size(), to);
    kutta::test::write_bytes(folder.path("b"), other);
    return folder.path("b");
  };
  refuses(replaced("\"step\"", "\"stop\""), "no tensor step");
  refuses(replaced("\"generator\"", "\"generated\""), "no text generator");
  kutta::test::write_bytes(folder.path("b"), bytes.substr(0, bytes.size() - 8));
  refuses(folder.path("b"), "expected 32 bytes of numbers, got 24");

  const std::size_t begin = bytes.find("\"generator\":\"") + 13;
  for (const std::size_t at : {begin, bytes.find('"', begin) - 1}) {  // its first digit, its last
    std::string other = bytes;
    other[at] = 'x';
    kutta::test::write_bytes(folder.path("b"), other);
    refuses(folder.path("b"), "text generator: does not read as the state it should be");
  }

  x.theta.resize(2);
  const everything shorter = x;
  CHECK_THROWS_WITH_AS(state_of(x).load(path),
                       (path + ": tensor theta: expected F64 (2), got F64 (3)").c_str(),
                       kutta::io_error);
  CHECK(x == shorter);
  x.theta.resize(3);
  state_of(x).load(path);
  CHECK(x == saved);
}

TEST_CASE("a save that fails leaves the checkpoint before it") {
  const scratch_folder folder;
  const std::string path = folder.path("a");
  everything x{{1, 2}, std::mt19937(3), 7};
  state_of(x).save(path);
  const std::string bytes = kutta::test::read_bytes(path);
  CHECK_THROWS_AS(state_of(x).save(path, {{"generator", "taken"}}), std::invalid_argument);
  CHECK_THROWS_AS(state_of(x).save(folder.path("")), kutta::io_error);
  CHECK(kutta::test::read_bytes(path) == bytes);
  CHECK(folder.file_count() == 1);
}

TEST_CASE("a first run finds nothing to resume, and changes nothing") {
  const scratch_folder folder;
  everything x{{1, 2}, std::mt19937(3), 7};
  const everything before = x;
  CHECK_FALSE(state_of(x).resume(folder.path("none")));
  CHECK(x == before);
  kutta::test::write_bytes(folder.path("broken"), "?");
  CHECK_THROWS_AS(state_of(x).resume(folder.path("broken")), kutta::io_error);
}

TEST_CASE("statistics are saved by their coefficients") {
  const scratch_folder folder;
  statistics_in_depth x(2), y(3);
  kutta::checkpoint(named("norm", x)).save(folder.path("a"));
  CHECK(x.coefficients()[1][0] == 2);
  CHECK(kutta::safetensors_file(folder.path("a")).names().back() == "norm.coefficients.1");
  kutta::checkpoint(named("norm", y)).load(folder.path("a"));
  CHECK(y.coefficients() == x.coefficients());
}

TEST_CASE("an object of one's own joins by naming its parts") {
  const scratch_folder folder;
  moving_average x{2.5, 7}, y;
  kutta::checkpoint(named("loss", x)).save(folder.path("a"));
  kutta::checkpoint(named("loss", y)).load(folder.path("a"));
  CHECK(y.mean == 2.5);
  CHECK(y.count == 7);
}
