// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include <kutta/io/utf8.hpp>

namespace {

using kutta::detail::is_utf8;

std::string utf8(std::uint32_t code) {
  std::string text;
  kutta::detail::append_utf8(code, text);
  return text;
}

}  // namespace

TEST_CASE("characters are written as the compiler writes them") {
  CHECK(utf8(0x41) == "\x41");
  CHECK(utf8(0x7f) == "\x7f");
  CHECK(utf8(0x80) == "\u0080");
  CHECK(utf8(0x3b8) == "\u03b8");
  CHECK(utf8(0x7ff) == "\u07ff");
  CHECK(utf8(0x800) == "\u0800");
  CHECK(utf8(0xffff) == "\uffff");
  CHECK(utf8(0x10000) == "\U00010000");
  CHECK(utf8(0x1f600) == "\U0001f600");
  CHECK(utf8(0x10ffff) == "\U0010ffff");
}

TEST_CASE("every character is UTF-8 but the surrogates and what lies beyond the last") {
  std::uint32_t wrong = 0;
  for (std::uint32_t code = 0; code < 0x120000; ++code) {
    const bool valid = (code < 0xd800 || code > 0xdfff) && code <= 0x10ffff;
    if (is_utf8(utf8(code)) != valid) ++wrong;
    if (is_utf8("a" + utf8(code) + "b") != valid) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("what is no UTF-8 is told from it") {
  CHECK(is_utf8(""));
  CHECK_FALSE(is_utf8("\x80"));              // a tail without a lead
  CHECK_FALSE(is_utf8("\xc3"));              // a lead without a tail
  CHECK_FALSE(is_utf8("\xe2\x82"));          // one of two tails
  CHECK_FALSE(is_utf8("\xe2\x82x"));         // not a tail
  CHECK_FALSE(is_utf8("\xc0\x80"));          // 0 in two bytes
  CHECK_FALSE(is_utf8("\xc1\xbf"));          // 0x7f in two
  CHECK_FALSE(is_utf8("\xe0\x9f\xbf"));      // 0x7ff in three
  CHECK_FALSE(is_utf8("\xf0\x8f\xbf\xbf"));  // 0xffff in four
  CHECK_FALSE(is_utf8("\xf8\x88\x80\x80\x80"));
  CHECK_FALSE(is_utf8("\xff"));
}
