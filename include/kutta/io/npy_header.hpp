// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The header of an npy file: the type and the shape of the one array it holds.
///
///     6 bytes        "\x93NUMPY"
///     2 bytes        the version: 1.0, 2.0 or 3.0
///     2 or 4 bytes   N; 4 from version 2 on
///     N bytes        {'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }, spaces, newline
///     the rest       the numbers
///
/// Source: NumPy 2.0, numpy.lib.format.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <kutta/io/io_error.hpp>

namespace kutta::detail {

struct npy_header {
  std::string type;  ///< as numpy writes it: "<f8"
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::size_t size = 0;  ///< of all that stands before the numbers
};

/// What numpy calls a type of `number_type.hpp`.
struct npy_type {
  std::string_view name, of_numpy;
};
inline constexpr npy_type npy_types[] = {{"F16", "<f2"}, {"F32", "<f4"}, {"F64", "<f8"}};

/// The header as a file of version 1.0 begins with it, its size a multiple of 64 bytes.
inline std::string npy_header_text(const npy_header& header) {
  std::string text = "{'descr': '" + header.type +
                     "', 'fortran_order': " + (header.fortran_order ? "True" : "False") +
                     ", 'shape': (";
  for (std::size_t i = 0; i < header.shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(header.shape[i]);
  text += header.shape.size() == 1 ? ",), }" : "), }";
  std::string front{"\x93NUMPY\1\0", 8};
  const std::size_t size = (front.size() + 2 + text.size() + 1 + 63) / 64 * 64;
  text.resize(size - front.size() - 3, ' ');
  text += '\n';
  front += static_cast<char>(text.size() % 256);
  front += static_cast<char>(text.size() / 256);
  return front + text;
}

/// Reads the dictionary, a literal of Python, from front to back.
class npy_dictionary {
 public:
  npy_dictionary(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  /// @throws io_error unless there are the three keys, each once, in any order.
  npy_header read() {
    npy_header header;
    bool type = false, order = false, shape = false;
    list('{', '}', [&] {
      const std::string_view key = text();
      const auto first = [&](bool& seen) {
        if (seen) fail("each key once", key);
        return seen = true;
      };
      expect(":");
      if (key == "descr" && first(type))
        header.type = text();
      else if (key == "fortran_order" && first(order))
        header.fortran_order = truth();
      else if (key == "shape" && first(shape))
        list('(', ')', [&] { header.shape.push_back(integer()); });
      else
        fail("descr, fortran_order or shape", key);
    });
    skip_space();
    if (!text_.empty()) fail("the end");
    if (!type || !order || !shape) fail("descr, fortran_order and shape");
    return header;
  }

 private:
  bool take(std::string_view word) {
    skip_space();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  void expect(std::string_view word) {
    if (!take(word)) fail("'" + std::string(word) + "'");
  }
  void skip_space() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }

  /// Calls item() at every item of "(a, b, )"; the last comma may be missing.
  template <class F>
  void list(char open, char close, F&& item) {
    expect({&open, 1});
    while (!take({&close, 1})) {
      item();
      if (take(",")) continue;
      expect({&close, 1});
      return;
    }
  }

  std::string_view text() {
    expect("'");
    const std::string_view value = text_.substr(0, text_.find('\''));
    text_.remove_prefix(value.size());
    expect("'");
    return value;
  }

  bool truth() {
    if (take("True")) return true;
    if (!take("False")) fail("True or False");
    return false;
  }

  std::uint64_t integer() {
    skip_space();
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), n);
    if (error != std::errc()) fail("an integer below 2^64");
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return n;
  }

  [[noreturn]] void fail(const std::string& expected, std::string_view got) const {
    throw io_error(path_, "header: expected " + expected + ", got \"" + std::string(got) + "\"");
  }
  [[noreturn]] void fail(const std::string& expected) const {
    fail(expected, text_.substr(0, text_.find('\n')));
  }

  std::string_view text_;
  std::string path_;
};

/// The header of `file`, the bytes of a whole file.
/// @throws io_error if it is not an npy file, or ends before its header does.
inline npy_header read_npy_header(const std::string& path, std::string_view file) {
  constexpr std::string_view magic = "\x93NUMPY";
  if (!file.starts_with(magic))
    throw io_error(path, "not an npy file: expected it to begin with \\x93NUMPY");
  const auto byte = [&](std::size_t i) {
    return i < file.size() ? static_cast<unsigned char>(file[i]) : std::size_t{0};
  };
  const std::size_t major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0)
    throw io_error(path, "expected version 1.0, 2.0 or 3.0, got " + std::to_string(major) + "." +
                             std::to_string(minor));
  const std::size_t at = major == 1 ? 10 : 12;
  std::size_t n = 0;
  for (std::size_t i = at; i-- > 8;) n = 256 * n + byte(i);
  if (file.size() < at || file.size() - at < n)
    throw io_error(path, "cut off: expected a header of " + std::to_string(at + n) +
                             " bytes, got a file of " + std::to_string(file.size()));
  npy_header header = npy_dictionary(file.substr(at, n), path).read();
  header.size = at + n;
  return header;
}

}  // namespace kutta::detail
