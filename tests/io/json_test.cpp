// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/io/json.hpp>

namespace {

using kutta::detail::json_reader;
using kutta::detail::json_text;

std::string text(std::string_view json) {
  json_reader reader(json, "a");
  const std::string result = reader.text();
  reader.expect_end();
  return result;
}

std::vector<std::uint64_t> integers(std::string_view json) {
  json_reader reader(json, "a");
  std::vector<std::uint64_t> result;
  reader.list('[', ']', [&] { result.push_back(reader.integer()); });
  reader.expect_end();
  return result;
}

template <class F>
void refuses(F&& f, const std::string& expected, int at, int of) {
  const std::string message = "a: header: expected " + expected + " at byte " + std::to_string(at) +
                              " of " + std::to_string(of);
  CHECK_THROWS_WITH_AS(f(), message.c_str(), kutta::io_error);
}

}  // namespace

TEST_CASE("texts are read with every escape of RFC 8259") {
  CHECK(text(R"("")").empty());
  CHECK(text(" \t\n\r\"a b\" \n") == "a b");
  CHECK(text(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
  CHECK(text(R"("\u0041\u03b8\u20AC\ud83d\uDE00")") == "A\u03b8\u20ac\U0001f600");
  CHECK(text("\"\u03b8\"") == "\u03b8");
}

TEST_CASE("a written text is read back") {
  std::string all;
  for (int c = 0; c < 0x80; ++c) all += static_cast<char>(c);
  all += "\u03b8\U0001f600";
  CHECK(text(json_text(all)) == all);
  CHECK(json_text("a\"\\\n\x1f") == R"("a\"\\\u000a\u001f")");
}

TEST_CASE("lists of integers are read up to the largest") {
  CHECK(integers("[]").empty());
  CHECK(integers(" [ ] ").empty());
  CHECK(integers("[0,1, 23 ,\n18446744073709551615]") ==
        std::vector<std::uint64_t>{0, 1, 23, 18446744073709551615u});
}

TEST_CASE("what is no JSON is refused with the place") {
  refuses([] { integers("[1"); }, "']'", 2, 2);
  refuses([] { integers("[1,]"); }, "an integer", 3, 4);
  refuses([] { integers("[,1]"); }, "an integer", 1, 4);
  refuses([] { integers("[1 2]"); }, "']'", 3, 5);
  refuses([] { integers("[-1]"); }, "an integer", 1, 4);
  refuses([] { integers("[1.5]"); }, "']'", 2, 5);
  refuses([] { integers("[1e3]"); }, "']'", 2, 5);
  refuses([] { integers("[01]"); }, "an integer without leading zeros", 3, 4);
  refuses([] { integers("[18446744073709551616]"); }, "an integer below 2^64", 20, 22);
  refuses([] { integers("[99999999999999999999]"); }, "an integer below 2^64", 20, 22);
  refuses([] { integers("[1] x"); }, "the end", 4, 5);
  refuses([] { integers(""); }, "'['", 0, 0);
  refuses([] { text("a"); }, "'\"'", 0, 1);
  refuses([] { text("\"a"); }, "'\"'", 2, 2);
  refuses([] { text("\"a\nb\""); }, "a text without control characters", 3, 5);
  refuses([] { text(R"("\x")"); }, "an escaped character", 3, 4);
  refuses([] { text("\"\\"); }, "an escaped character", 2, 2);
  refuses([] { text(R"("\u12g4")"); }, "a hexadecimal digit", 6, 8);
  refuses([] { text(R"("\ude00")"); }, "a pair of surrogates", 7, 8);
  refuses([] { text(R"("\ud83d")"); }, "a pair of surrogates", 8, 8);
  refuses([] { text(R"("\ud83d\u0041")"); }, "a pair of surrogates", 13, 14);
  refuses([] { text("\"\xff\""); }, "a text in UTF-8", 0, 3);
}
