// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <kutta/basis/hat.hpp>
#include <kutta/ode/keep_disk.hpp>
#include <kutta/ode/ode_block.hpp>
#include <kutta/schemes/second_order.hpp>

#include "support/dense_sine.hpp"
#include "support/random.hpp"

namespace {

using Eigen::MatrixXd;
using kutta::keep::disk;
using kutta::test::dense_sine;
using kutta::test::random_like;

/// An empty directory, removed at the end.
class directory {
 public:
  directory() {
    std::string name = (std::filesystem::temp_directory_path() / "kutta-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~directory() { std::filesystem::remove_all(path_); }

  std::string path() const { return path_.string(); }
  std::ptrdiff_t entries() const {
    return std::distance(std::filesystem::directory_iterator(path_), {});
  }

 private:
  std::filesystem::path path_;
};

/// The number that the next file to be opened will have.
int next_descriptor() {
  const int number = ::open("/dev/null", O_RDONLY);
  ::close(number);
  return number;
}

/// Whatever is written to this open file meets a full disk.
void fill_disk_of(int descriptor) {
  const int full = ::open("/dev/full", O_RDWR);
  ::dup2(full, descriptor);
  ::close(full);
}

std::string message_of(auto&& f) {
  try {
    f();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

struct test_case {
  using block = kutta::ode_block<dense_sine, kutta::schemes::heun2, kutta::bases::hat>;
  using coefficients = block::coefficients;

  block f{dense_sine{}, kutta::bases::hat(3), {.steps = 9}};
  kutta::test::splitmix64 random{1};
  coefficients theta = dense_sine::random_coefficients(3, 4, random);
  MatrixXd x0 = random_like(MatrixXd(4, 3), random), w = random_like(x0, random);

  MatrixXd backprop(auto& ws) const {
    MatrixXd dx = w;
    auto dtheta = kutta::zeros_like(theta);
    f.backprop(theta, dx, dtheta, ws);
    return dx;
  }
  MatrixXd gradient(auto& ws) const {
    f.forward(theta, x0, ws);
    return backprop(ws);
  }
  MatrixXd expected() const {
    auto ws = f.make_workspace(theta, x0);
    return gradient(ws);
  }
};

}  // namespace

TEST_CASE("states of many leaves, of float and double, come back as they were") {
  using state = std::tuple<double, std::vector<float>, MatrixXd>;
  const auto like = [] { return state{0., std::vector<float>(5), MatrixXd::Zero(3, 2)}; };
  kutta::snapshots_in_file<state> made(disk{"/tmp"}, 3, like);
  auto snapshots = std::move(made);
  kutta::test::splitmix64 random{2};
  const auto draw = [&] {
    return state{random.between(-1, 1), random_like(std::vector<float>(5), random),
                 random_like(MatrixXd(3, 2), random)};
  };
  const state a = draw(), b = draw(), c = draw();
  snapshots.put(2, a);
  snapshots.put(0, b);
  snapshots.put(1, a);
  snapshots.put(1, c);
  state x = like();
  snapshots.get(2, x);
  CHECK(x == a);
  snapshots.get(0, x);
  CHECK(x == b);
  snapshots.take(1, x);
  CHECK(x == c);
  CHECK(snapshots.file_bytes(a) == 8 + 20 + 48);
  CHECK(snapshots.buffer_bytes(a) == 48);
}

TEST_CASE("files of more than 4 GiB") {  // with a hole: they take two blocks
  const auto like = [] { return std::vector<double>(1024); };
  kutta::snapshots_in_file<std::vector<double>> snapshots(disk{"/tmp"}, 0, like);
  const std::size_t far = (std::size_t{5} << 30) / 8192;
  snapshots.put(far, std::vector<double>(1024, 3.));
  snapshots.put(far % (std::size_t{1} << 19), std::vector<double>(1024, 4.));
  std::vector<double> x(1024);
  snapshots.get(far, x);
  CHECK(x == std::vector<double>(1024, 3.));
}

TEST_CASE("two workspaces in one directory, which holds nothing when they are gone") {
  const test_case test;
  const directory place;
  {
    auto one = test.f.make_workspace(test.theta, test.x0, disk{place.path()});
    auto two = test.f.make_workspace(test.theta, test.x0, disk{place.path(), 2});
    const MatrixXd other = 2 * test.x0;
    test.f.forward(test.theta, test.x0, one);
    test.f.forward(test.theta, other, two);
    CHECK(test.backprop(one) == test.expected());
    test.f.forward(test.theta, test.x0, one);
    CHECK(test.backprop(two) != test.expected());
    CHECK(test.backprop(one) == test.expected());
    CHECK(place.entries() == 0);
  }
  CHECK(place.entries() == 0);
}

TEST_CASE("a workspace with a file can be moved") {
  const test_case test;
  auto from = test.f.make_workspace(test.theta, test.x0, disk{"/tmp"});
  test.f.forward(test.theta, test.x0, from);
  auto to = std::move(from);
  CHECK(test.backprop(to) == test.expected());
}

TEST_CASE("a directory that is not there, or not one") {
  const test_case test;
  const auto make_in = [&](const char* path) {
    return message_of([&] { test.f.make_workspace(test.theta, test.x0, disk{path}); });
  };
  CHECK(make_in("/not/there") ==
        "keep::disk: /not/there: cannot make a file: No such file or directory");
  CHECK(make_in("/dev/full") == "keep::disk: /dev/full: cannot make a file: Not a directory");
}

TEST_CASE("a full disk ends the forward pass, and the workspace serves again") {
  const test_case test;
  const directory place;
  const int number = next_descriptor();
  auto ws = test.f.make_workspace(test.theta, test.x0, disk{place.path()});
  const int file = ::dup(number);
  fill_disk_of(number);
  CHECK(message_of([&] { test.f.forward(test.theta, test.x0, ws); }) ==
        "keep::disk: " + place.path() + ": cannot write a snapshot: No space left on device");
  CHECK_THROWS_AS(test.backprop(ws), std::logic_error);
  CHECK(place.entries() == 0);
  ::dup2(file, number);
  ::close(file);
  CHECK(test.gradient(ws) == test.expected());
}

TEST_CASE("a file that lost its end ends the reverse pass, and the workspace serves again") {
  const test_case test;
  const int number = next_descriptor();
  auto ws = test.f.make_workspace(test.theta, test.x0, disk{"/tmp"});
  test.f.forward(test.theta, test.x0, ws);
  REQUIRE(::ftruncate(number, 5 * 12 * sizeof(double)) == 0);
  CHECK(message_of([&] { test.backprop(ws); }) ==
        "keep::disk: /tmp: cannot read a snapshot: the file has become shorter");
  CHECK_THROWS_AS(test.backprop(ws), std::logic_error);
  CHECK(test.gradient(ws) == test.expected());
}

TEST_CASE("a tiled gradient that fails leaves dtheta as it was") {
  const test_case test;
  const int number = next_descriptor();
  auto ws = test.f.make_workspace(test.theta, test.x0, kutta::execution{.tile = 3}, disk{"/tmp"});
  fill_disk_of(number);
  MatrixXd dx = test.x0;
  auto dtheta = test.theta;
  const auto loss = [](const MatrixXd& x, std::size_t, MatrixXd& d) {
    d += x;
    return 0.;
  };
  CHECK(message_of([&] { test.f.gradient(test.theta, test.x0, loss, dx, dtheta, ws); }) != "");
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(dtheta[k].w == test.theta[k].w);
    CHECK(dtheta[k].b == test.theta[k].b);
  }
}
