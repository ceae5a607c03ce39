// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// As much of JSON as the header of a file needs: lists, texts, and integers from 0 on.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>

#include <kutta/io/io_error.hpp>
#include <kutta/io/utf8.hpp>

namespace kutta::detail {

/// A text in quotes.
inline std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      (quoted += '\\') += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[7];
      std::snprintf(code, sizeof(code), "\\u%04x", static_cast<unsigned>(c));
      quoted += code;
    } else {
      quoted += c;
    }
  }
  return quoted += '"';
}

/// Reads JSON from front to back, by what is expected next.
/// Source: Bray, RFC 8259 (2017).
class json_reader {
 public:
  /// @throws io_error naming `path`, what was expected and where; so does all that follows.
  json_reader(std::string_view json, const std::string& path) : json_(json), path_(path) {
    if (!is_utf8(json)) fail("a text in UTF-8");
  }

  /// Whether c is next; goes past it if it is.
  bool take(char c) {
    skip_space();
    if (at_ == json_.size() || json_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!take(c)) fail(std::string("'") + c + "'");
  }

  void expect_end() {
    skip_space();
    if (at_ != json_.size()) fail("the end");
  }

  /// Calls item() at every item of "[a, b, …]" or "{a, b, …}".
  template <class F>
  void list(char open, char close, F&& item) {
    expect(open);
    if (take(close)) return;
    do item();
    while (take(','));
    expect(close);
  }

  std::string text() {
    expect('"');
    std::string result;
    for (;;) {
      const char c = next("'\"'");
      if (c == '"') return result;
      if (static_cast<unsigned char>(c) < 0x20) fail("a text without control characters");
      if (c == '\\')
        append_escaped(result);
      else
        result += c;
    }
  }

  std::uint64_t integer() {
    skip_space();
    const std::size_t first = at_;
    std::uint64_t n = 0;
    for (; at_ < json_.size() && json_[at_] >= '0' && json_[at_] <= '9'; ++at_) {
      const auto digit = static_cast<std::uint64_t>(json_[at_] - '0');
      if (n > (std::numeric_limits<std::uint64_t>::max() - digit) / 10)
        fail("an integer below 2^64");
      n = 10 * n + digit;
    }
    if (at_ == first) fail("an integer");
    if (json_[first] == '0' && at_ != first + 1) fail("an integer without leading zeros");
    return n;
  }

  /// `where` is "at" or "before" the place that is reached.
  [[noreturn]] void fail(const std::string& expected, const std::string& where = "at") const {
    throw io_error(path_, "header: expected " + expected + " " + where + " byte " +
                              std::to_string(at_) + " of " + std::to_string(json_.size()));
  }

 private:
  void skip_space() {
    constexpr std::string_view space = " \t\n\r";
    while (at_ != json_.size() && space.find(json_[at_]) != space.npos) ++at_;
  }

  char next(const char* expected) {
    if (at_ == json_.size()) fail(expected);
    return json_[at_++];
  }

  /// What stands behind a backslash.
  void append_escaped(std::string& result) {
    constexpr std::string_view codes = "\"\\/bfnrt", characters = "\"\\/\b\f\n\r\t";
    const char c = next("an escaped character");
    if (c == 'u')
      append_utf8(code_point(), result);
    else if (const auto i = codes.find(c); i != codes.npos)
      result += characters[i];
    else
      fail("an escaped character");
  }

  /// Four digits; or a pair of surrogates, "d83d\ude00".
  std::uint32_t code_point() {
    const std::uint32_t high = four_digits();
    if (high < 0xd800 || high > 0xdfff) return high;
    const char* const expected = "a pair of surrogates";
    if (high > 0xdbff || next(expected) != '\\' || next(expected) != 'u') fail(expected);
    const std::uint32_t low = four_digits();
    if (low < 0xdc00 || low > 0xdfff) fail(expected);
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  }

  std::uint32_t four_digits() {
    constexpr std::string_view digits = "0123456789abcdefABCDEF";
    std::uint32_t n = 0;
    for (int i = 0; i < 4; ++i) {
      const auto digit = digits.find(next("a hexadecimal digit"));
      if (digit == digits.npos) fail("a hexadecimal digit");
      n = 16 * n + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
    }
    return n;
  }

  std::string_view json_;
  std::string path_;
  std::size_t at_ = 0;
};

}  // namespace kutta::detail
