// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <kutta/tensor/shape.hpp>

#include "io/scratch_folder.hpp"
#include "mnist/idx.hpp"
#include "mnist/model.hpp"

TEST_CASE("the model of digits: 17,600, 10,240 and 6,560 parameters") {
  std::mt19937 generator(1);
  const auto count = [&](const auto& recipe, std::int64_t size) {
    return kutta::element_count(recipe({.size = size}, 1).make_params(generator));
  };
  CHECK(count(mnist::model<>{}, 8) == 17'600);
  CHECK(count(mnist::model<>{}, 4) == 10'240);
  CHECK(count(mnist::model<>{}, 2) == 6'560);
  CHECK(count(mnist::model<images::not_normalised>{}, 8) == 17'600 - 8 * 40);
}

TEST_CASE("IDX files, and what is wrong with others") {
  const kutta::test::scratch_folder folder;
  const std::filesystem::path at = folder.path("");
  const std::string head{"\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\2", 16};
  kutta::test::write_bytes((at / "two").string(), head + "abcd");
  CHECK(mnist::read_idx(at, "two", 2051, {1, 2}) == images::bytes{'a', 'b', 'c', 'd'});
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
