// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// UTF-8: checking a text, and writing a character.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kutta::detail {

/// The bytes of the character at the front of `text`, or 0 if there is none.
/// Source: Yergeau, RFC 3629 (2003), § 3.
inline std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return static_cast<unsigned char>(text[i]);
  };
  if (text.empty()) return 0;
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc0 || lead > 0xf7 || text.size() < n) return 0;
  std::uint32_t code = lead & (0x7fu >> n);
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 0x3f);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = 0xd800 <= code && code <= 0xdfff;
  return least[n] <= code && code <= 0x10ffff && !surrogate ? n : 0;
}

inline bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t n = utf8_length(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

inline void append_utf8(std::uint32_t code, std::string& text) {
  const auto append = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  const auto append_tail = [&](int shift) { append(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    append(code);
    return;
  }
  if (code < 0x800) {
    append(0xc0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      append(0xe0 | (code >> 12));
    } else {
      append(0xf0 | (code >> 18));
      append_tail(12);
    }
    append_tail(6);
  }
  append_tail(0);
}

}  // namespace kutta::detail
