// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/basis/piecewise_constant.hpp>
#include <kutta/schemes/first_order.hpp>

#include "io/scratch_folder.hpp"
#include "mnist/idx.hpp"
#include "mnist/training.hpp"

namespace {

using kutta::bases::piecewise_constant;
using kutta::schemes::euler;
using trainer = mnist::trainer<euler, piecewise_constant>;

/// The losses of all batches.
std::vector<double> losses(trainer& run, const mnist::labelled_images& set) {
  std::vector<double> values;
  run.train(
      set, [&](const mnist::position& at) { values.push_back(at.loss); },
      [](const mnist::position&) {});
  return values;
}

}  // namespace

TEST_CASE("a run that is killed goes on as if it had not been") {
  const kutta::test::scratch_folder folder;
  const auto set = mnist::make_images(40, 3);
  mnist::options how;
  how.epochs = 4;
  how.refine = {1, 2};
  how.drop = {3};
  how.batch = 16;
  trainer whole(how);
  const auto expected = losses(whole, set);
  REQUIRE(expected.size() == 8);

  how.checkpoint = folder.path("run.safetensors");
  std::vector<double> in_parts;
  for (const std::int64_t until : {1, 2, 4}) {
    how.epochs = until;
    trainer part(how);
    CHECK(part.epochs() == (until == 1 ? 0 : until == 2 ? 1 : 2));
    for (const double loss : losses(part, set)) in_parts.push_back(loss);
  }
  CHECK(in_parts == expected);
  CHECK(trainer(how).graph().basis().size() == 4);

  how.seed = 2;
  CHECK_THROWS_AS(trainer{how}, kutta::io_error);  // another run's
}

TEST_CASE("IDX files, and what is wrong with others") {
  const kutta::test::scratch_folder folder;
  const std::filesystem::path at = folder.path("");
  const std::string head{"\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\2", 16};
  kutta::test::write_bytes((at / "two").string(), head + "abcd");
  CHECK(mnist::read_idx(at, "two", 2051, {1, 2}) == mnist::bytes{'a', 'b', 'c', 'd'});
  const auto fails = [&](const std::string& name, const std::string& why) {
    CHECK_THROWS_WITH_AS(mnist::read_idx(at, name, 2051, {1, 2}),
                         ((at / name).string() + ": " + why).c_str(), std::runtime_error);
  };
  fails("none", "expected this file, or one with .gz behind the name");
  kutta::test::write_bytes((at / "short").string(), head + "abc");
  fails("short", "expected a size in bytes of 20, got 19");
  kutta::test::write_bytes((at / "empty").string(), "");
  fails("empty", "expected a head of 16 bytes, got 0");
  std::string other = head;
  other[3] = 1;
  kutta::test::write_bytes((at / "other").string(), other + "abcd");
  fails("other", "expected the magic number 2051, got 2049");
  other = head;
  other[15] = 3;
  kutta::test::write_bytes((at / "wide").string(), other + "abcd");
  fails("wide", "expected the extent 2, got 3");
  kutta::test::write_bytes((at / "not.gz").string(), "this is not compressed");
  CHECK_THROWS_AS(mnist::read_idx(at, "not", 2051, {1, 2}), std::runtime_error);
}
