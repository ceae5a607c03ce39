// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The header of a safetensors file: which tensors it holds, and where their bytes lie.
///
///     8 bytes   N, the length of the header
///     N bytes   {"__metadata__": {"key": "text", …},
///                "name": {"dtype": "F64", "shape": [3, 2], "data_offsets": [begin, end]}, …}
///     the rest  the numbers, row by row, little-endian; offsets count from here
///
/// Source: Hugging Face, safetensors, README.md, "Format".

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kutta/io/io_error.hpp>
#include <kutta/io/json.hpp>
#include <kutta/io/number_type.hpp>

namespace kutta {

/// Texts by name that a file holds beside its tensors.
using file_metadata = std::map<std::string, std::string>;

namespace detail {

/// One tensor of a file. Its bytes are [begin, end) of those behind the header.
struct tensor_record {
  std::string type;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

/// "F64 (3, 2)".
inline std::string record_text(const std::string& type, const std::vector<std::uint64_t>& shape) {
  std::string text;
  for (const auto extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return type + " (" + text + ")";
}

struct safetensors_header {
  /// What the reference implementation takes, too.
  static constexpr std::uint64_t largest = 100'000'000;

  std::map<std::string, tensor_record> tensors;
  file_metadata metadata;
  std::size_t size = 0;  ///< of the header and its length: where the numbers begin
};

/// The header as the file begins with it, padded with spaces to a multiple of 8 bytes.
inline std::string header_text(const safetensors_header& header) {
  std::string json = "{";
  const auto key = [&](const std::string& name) {
    if (json.back() != '{') json += ',';
    json += json_text(name) + ":";
  };
  if (!header.metadata.empty()) {
    key("__metadata__");
    json += '{';
    for (const auto& [name, text] : header.metadata) {
      key(name);
      json += json_text(text);
    }
    json += '}';
  }
  for (const auto& [name, record] : header.tensors) {
    key(name);
    json += "{\"dtype\":" + json_text(record.type) + ",\"shape\":[";
    for (const auto extent : record.shape) {
      if (json.back() != '[') json += ',';
      json += std::to_string(extent);
    }
    json += "],\"data_offsets\":[" + std::to_string(record.begin) + "," +
            std::to_string(record.end) + "]}";
  }
  json += '}';
  json.resize((json.size() + 7) / 8 * 8, ' ');

  const std::uint64_t n = json.size();
  std::string length(sizeof(n), '\0');
  std::memcpy(length.data(), &n, sizeof(n));
  return length + json;
}

/// {"dtype": …, "shape": …, "data_offsets": …}, in any order, each once.
inline tensor_record read_record(json_reader& json) {
  tensor_record record;
  std::vector<std::uint64_t> offsets;
  std::vector<std::string> keys;
  json.list('{', '}', [&] {
    keys.push_back(json.text());
    json.expect(':');
    const auto integers = [&](std::vector<std::uint64_t>& to) {
      json.list('[', ']', [&] { to.push_back(json.integer()); });
    };
    if (keys.back() == "dtype")
      record.type = json.text();
    else if (keys.back() == "shape")
      integers(record.shape);
    else if (keys.back() == "data_offsets")
      integers(offsets);
    else
      json.fail("dtype, shape or data_offsets", "before");
  });
  std::sort(keys.begin(), keys.end());
  if (keys != std::vector<std::string>{"data_offsets", "dtype", "shape"})
    json.fail("dtype, shape and data_offsets", "before");
  if (offsets.size() != 2) json.fail("two data_offsets", "before");
  record.begin = offsets[0];
  record.end = offsets[1];
  return record;
}

/// Every tensor has as many bytes as type and shape say, and together they are all `size` bytes,
/// without gap or overlap.
/// @throws io_error naming the first tensor that does not fit.
inline void check_records(const std::string& path, const safetensors_header& header,
                          std::uint64_t size) {
  std::vector<const std::pair<const std::string, tensor_record>*> in_order;
  for (const auto& tensor : header.tensors) {
    const auto& [name, record] = tensor;
    std::uint64_t bytes = size_of_type(record.type);
    if (bytes == 0) throw io_error(path, "tensor " + name + ": unknown type " + record.type);
    bool fits = true;
    for (const auto extent : record.shape)
      fits = fits && !__builtin_mul_overflow(bytes, extent, &bytes);
    if (!fits || record.begin > record.end || record.end - record.begin != bytes)
      throw io_error(path, "tensor " + name + ": " + record_text(record.type, record.shape) +
                               " cannot be bytes " + std::to_string(record.begin) + " to " +
                               std::to_string(record.end));
    in_order.push_back(&tensor);
  }
  std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.begin, a->second.end) < std::pair(b->second.begin, b->second.end);
  });
  std::uint64_t at = 0;
  for (const auto* tensor : in_order) {
    const auto& [name, record] = *tensor;
    if (record.begin != at)
      throw io_error(path, "tensor " + name + ": expected to begin at byte " + std::to_string(at) +
                               ", where the last one ends, got " + std::to_string(record.begin));
    at = record.end;
  }
  if (at != size)
    throw io_error(
        path, "expected " + std::to_string(at) + " bytes of numbers, got " + std::to_string(size));
}

/// The header of `file`, the bytes of a whole file, checked.
/// @throws io_error if it is not a safetensors file, or not all of one.
inline safetensors_header read_header(const std::string& path, std::string_view file) {
  std::uint64_t n = 0;
  if (file.size() < sizeof(n))
    throw io_error(path, "not a safetensors file: expected at least 8 bytes, got " +
                             std::to_string(file.size()));
  std::memcpy(&n, file.data(), sizeof(n));
  if (n > safetensors_header::largest)
    throw io_error(path, "not a safetensors file: expected a header of at most " +
                             std::to_string(safetensors_header::largest) + " bytes, got " +
                             std::to_string(n));
  if (n > file.size() - sizeof(n))
    throw io_error(path, "cut off: expected a header of " + std::to_string(n) + " bytes, got " +
                             std::to_string(file.size() - sizeof(n)));
  safetensors_header header;
  header.size = sizeof(n) + static_cast<std::size_t>(n);

  json_reader json(file.substr(sizeof(n), static_cast<std::size_t>(n)), path);
  const auto once = [&](bool inserted, const std::string& name) {
    if (!inserted) json.fail("no second " + name, "before");
  };
  bool metadata_seen = false;
  json.list('{', '}', [&] {
    const std::string name = json.text();
    json.expect(':');
    if (name == "__metadata__") {
      once(!std::exchange(metadata_seen, true), name);
      json.list('{', '}', [&] {
        const std::string key = json.text();
        json.expect(':');
        once(header.metadata.emplace(key, json.text()).second, key);
      });
    } else {
      once(header.tensors.emplace(name, read_record(json)).second, name);
    }
  });
  json.expect_end();
  check_records(path, header, file.size() - header.size);
  return header;
}

}  // namespace detail
}  // namespace kutta
