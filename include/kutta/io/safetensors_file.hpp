// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Tensors out of a safetensors file (see `safetensors.hpp`).

#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <kutta/io/file.hpp>
#include <kutta/io/io_error.hpp>
#include <kutta/io/number_type.hpp>
#include <kutta/io/row_major.hpp>
#include <kutta/io/safetensors_header.hpp>
#include <kutta/io/safetensors_leaves.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// A file that has been read and checked. Takes the file's size in memory.
class safetensors_file {
 public:
  /// @throws io_error if it cannot be read, is no safetensors file, or is cut off.
  explicit safetensors_file(const std::string& path)
      : safetensors_file(path, detail::read_file(path)) {}

  /// A file that lies in memory. The name is for messages.
  /// @throws io_error if it is no safetensors file, or is cut off.
  safetensors_file(const std::string& name, std::string bytes)
      : path_(name), bytes_(std::move(bytes)), header_(detail::read_header(path_, bytes_)) {}

  const std::string& path() const { return path_; }
  const file_metadata& metadata() const { return header_.metadata; }

  /// The names of all tensors, in alphabetical order.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, record] : header_.tensors) all.push_back(name);
    return all;
  }

  /// The extents of one.
  /// @throws io_error if there is no such tensor.
  const std::vector<std::uint64_t>& shape(const std::string& name) const {
    return find(name).shape;
  }

  /// Overwrites x with the tensors below `name`: exactly those that `add(name, x)` writes. Numbers
  /// of 16 bits (F16, BF16) are read into any leaf.
  /// @throws io_error naming the first tensor that is missing, of another type or shape, or has no
  /// place in x. x is then what it was.
  template <tensor T>
  void read(const std::string& name, T& x) const {
    require(name, x);
    detail::for_each_file_leaf(
        [&]<class L>(const std::string& path, L& leaf) {
          detail::from_row_major(numbers<scalar_t<L>>(find(path)), leaf);
        },
        name, x);
  }

  /// Overwrites n, which may be of another width than what was written.
  /// @throws io_error if it is missing, no integer, or too large for n, which is then what it was.
  template <detail::counter I>
  void read(const std::string& name, I& n) const {
    require(name, n);
    with_integer(find(name), [&](auto value) { n = static_cast<I>(value); });
  }

  /// Throws what `read(name, x)` would.
  template <tensor T>
  void require(const std::string& name, const T& x) const {
    std::set<std::string> leaves;
    detail::for_each_file_leaf(
        [&]<class L>(const std::string& path, const L& leaf) {
          using S = scalar_t<L>;
          const detail::tensor_record& record = find(path);
          const auto shape = detail::file_shape(leaf);
          if (record.shape != shape || !detail::readable_as<S>(record.type))
            fail(path, "expected " + detail::record_text(detail::type_name<S>(), shape), record);
          leaves.insert(path);
        },
        name, x);
    for (const auto& [other, record] : header_.tensors)
      if ((other == name || other.starts_with(name + ".")) && !leaves.contains(other))
        fail(other, "expected no such part of " + name, record);
  }

  template <detail::counter I>
  void require(const std::string& name, const I&) const {
    const detail::tensor_record& record = find(name);
    if (!record.shape.empty() || (record.type != "I64" && record.type != "U64"))
      fail(name, "expected I64 () or U64 ()", record);
    with_integer(record, [&](auto n) {
      if (!std::in_range<I>(n))
        throw io_error(path_, "tensor " + name + ": expected an integer from " +
                                  std::to_string(std::numeric_limits<I>::min()) + " to " +
                                  std::to_string(std::numeric_limits<I>::max()) + ", got " +
                                  std::to_string(n));
    });
  }

  /// @throws io_error naming the first tensor of the file that is not in `names`.
  void require_no_others(const std::set<std::string>& names) const {
    for (const auto& [name, record] : header_.tensors)
      if (!names.contains(name)) fail(name, "expected no such tensor", record);
  }

  /// A text of the metadata.
  /// @throws io_error if there is none of that name.
  const std::string& text(const std::string& key) const {
    const auto found = header_.metadata.find(key);
    if (found == header_.metadata.end()) throw io_error(path_, "no text " + key);
    return found->second;
  }

  /// @throws io_error naming the first text that is missing or differs.
  void require_texts(const file_metadata& expected) const {
    for (const auto& [key, value] : expected)
      if (text(key) != value)
        throw io_error(path_, "text " + key + ": expected " + value + ", got " + text(key));
  }

 private:
  const detail::tensor_record& find(const std::string& name) const {
    const auto found = header_.tensors.find(name);
    if (found == header_.tensors.end()) throw io_error(path_, "no tensor " + name);
    return found->second;
  }

  template <class S>
  std::vector<S> numbers(const detail::tensor_record& record) const {
    const auto size = static_cast<std::size_t>(record.end - record.begin);
    std::vector<S> values(size / detail::size_of_type(record.type));
    const char* const from = bytes_.data() + header_.size + record.begin;
    detail::read_numbers(record.type, from, values.size(), values.data());
    return values;
  }

  /// f(n), n the one number of a tensor of type I64 or U64.
  template <class F>
  void with_integer(const detail::tensor_record& record, F&& f) const {
    if (record.type == "I64")
      f(numbers<std::int64_t>(record)[0]);
    else
      f(numbers<std::uint64_t>(record)[0]);
  }

  [[noreturn]] void fail(const std::string& name, const std::string& expected,
                         const detail::tensor_record& record) const {
    throw io_error(path_, "tensor " + name + ": " + expected + ", got " +
                              detail::record_text(record.type, record.shape));
  }

  std::string path_, bytes_;
  detail::safetensors_header header_;
};

}  // namespace kutta
