// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/io/safetensors.hpp>

#include "io/scratch_folder.hpp"
#include "support/random.hpp"

namespace {

struct params {
  std::vector<double> w;
  float b;
  static constexpr auto fields =
      std::tuple{kutta::field{"w", &params::w}, kutta::field{"b", &params::b}};
};

using model = std::vector<params>;
const model theta{{{1, 2}, 3}, {{4, 5}, 6}};

/// The bytes of a small file.
std::string original() {
  const kutta::test::scratch_folder folder;
  kutta::safetensors_writer out;
  out.add("theta", theta);
  out.add("step", 7);
  out.add_text("basis", "h\u00e4t");
  out.write(folder.path("a"));
  return kutta::test::read_bytes(folder.path("a"));
}

template <class F>
bool works(F&& f) {
  try {
    f();
    return true;
  } catch (const kutta::io_error&) {  // any other error ends the test
    return false;
  }
}

/// Whether the file is one, and holds the model. Reads all that it claims to hold.
bool reads(const std::string& bytes) {
  bool holds_model = false;
  works([&] {
    const kutta::safetensors_file in("a", bytes);
    for (const std::string& name : in.names()) {
      std::vector<double> numbers(in.shape(name).size() == 1 ? in.shape(name)[0] : 0);
      works([&] { in.read(name, numbers); });
    }
    holds_model = works([&] {
      model x{{{0, 0}, 0}, {{0, 0}, 0}};
      int step = 0;
      in.read("theta", x);
      in.read("step", step);
      in.require_texts({{"basis", "h\u00e4t"}});
    });
  });
  return holds_model;
}

}  // namespace

TEST_CASE("a file cut off anywhere is refused") {
  const std::string bytes = original();
  CHECK(reads(bytes));
  std::size_t accepted = 0;
  for (std::size_t n = 0; n < bytes.size(); ++n)
    accepted += works([&] { kutta::safetensors_file("a", bytes.substr(0, n)); });
  CHECK(accepted == 0);
}

TEST_CASE("any other byte anywhere gives an error that says so, or a file") {
  const std::string bytes = original();
  const std::size_t numbers = bytes.find("}}") + 2;
  std::size_t accepted = 0, changed = 0;
  for (std::size_t at = 0; at < numbers; ++at)
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = bytes;
      other[at] = static_cast<char>(byte);
      if (other == bytes) continue;
      ++changed;
      accepted += reads(other);
    }
  CHECK(changed > 50'000);
  CHECK(accepted <= 4);  // the last brace's padding aside, every byte of the header counts
}

TEST_CASE("random headers are refused") {
  kutta::test::splitmix64 random(1);
  std::size_t accepted = 0;
  for (std::size_t n = 0; n < 20'000; ++n) {
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(n % 64);
    bytes += '{';
    for (int i = 0; i < 80; ++i)
      bytes += n % 2 ? static_cast<char>(random()) : "{}[]\":,\\u0 1"[random() % 12];
    accepted += works([&] { kutta::safetensors_file("a", bytes); });
  }
  CHECK(accepted == 0);
}
