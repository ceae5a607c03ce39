// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Tensors into a safetensors file (see `safetensors.hpp`).

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kutta/io/file.hpp>
#include <kutta/io/io_error.hpp>
#include <kutta/io/json.hpp>
#include <kutta/io/number_type.hpp>
#include <kutta/io/row_major.hpp>
#include <kutta/io/safetensors_header.hpp>
#include <kutta/io/safetensors_leaves.hpp>
#include <kutta/io/utf8.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// Collects tensors and writes them into one file. Holds copies: what was added may change.
class safetensors_writer {
 public:
  /// Adds every leaf of x below `name`.
  /// @throws std::invalid_argument if a name is taken, is not UTF-8, or is "__metadata__".
  template <tensor T>
  void add(const std::string& name, const T& x) {
    detail::for_each_file_leaf(
        [&]<class L>(const std::string& path, const L& leaf) {
          insert(path, detail::file_shape(leaf), detail::to_row_major(leaf));
        },
        name, x);
  }

  /// Adds an integer, as I64 or U64 without extents.
  /// @throws std::invalid_argument as above.
  template <detail::counter I>
  void add(const std::string& name, I n) {
    insert(name, {}, std::vector<detail::stored_counter<I>>{n});
  }

  /// Adds a text to the metadata.
  /// @throws std::invalid_argument if the key is taken, or one of them is not UTF-8.
  void add_text(const std::string& key, const std::string& text) {
    require_utf8(key);
    require_utf8(text);
    if (!header_.metadata.emplace(key, text).second)
      throw std::invalid_argument("safetensors_writer: two texts of the name " + key);
  }
  void add_texts(const file_metadata& texts) {
    for (const auto& [key, text] : texts) add_text(key, text);
  }

  /// Replaces the file as a whole: if that fails, it is what it was (`detail::write_file`).
  /// @throws io_error if it cannot be written.
  void write(const std::string& path) const {
    detail::safetensors_header header = header_;
    std::vector<std::string_view> parts(1);
    std::uint64_t at = 0;
    for (const std::size_t size : {8u, 4u})  // the widest first: every number is aligned
      for (auto& [name, record] : header.tensors) {
        if (detail::size_of_type(record.type) != size) continue;
        parts.push_back(bytes_.at(name));
        record.begin = std::exchange(at, at + parts.back().size());
        record.end = at;
      }
    const std::string front = detail::header_text(header);
    if (front.size() > detail::safetensors_header::largest)
      throw io_error(path, "cannot write: a header of " + std::to_string(front.size()) + " bytes");
    parts[0] = front;
    detail::write_file(path, parts);
  }

 private:
  template <class S>
  void insert(const std::string& name, std::vector<std::uint64_t> shape,
              const std::vector<S>& values) {
    require_utf8(name);
    if (name == "__metadata__" || header_.tensors.contains(name))
      throw std::invalid_argument("safetensors_writer: two tensors of the name " + name);
    header_.tensors[name] = {detail::type_name<S>(), std::move(shape)};
    std::string& bytes = bytes_[name];
    bytes.resize(values.size() * sizeof(S));
    if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  }

  static void require_utf8(const std::string& text) {
    if (!detail::is_utf8(text))
      throw std::invalid_argument("safetensors_writer: expected UTF-8, got " +
                                  detail::json_text(text));
  }

  detail::safetensors_header header_;
  std::map<std::string, std::string> bytes_;
};

}  // namespace kutta
