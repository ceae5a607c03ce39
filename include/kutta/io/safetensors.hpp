// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Tensors in a file, by name, as Torch, JAX and numpy read them: safetensors.
///
///     kutta::safetensors_writer out;
///     out.add("theta", theta);                       // "theta.0.w", "theta.0.b", "theta.1.w", …
///     out.write("model.safetensors");
///
///     const kutta::safetensors_file in("model.safetensors");
///     in.read("theta", theta);                       // has the right shapes already
///
/// A leaf is one tensor of the file, named by its path. float is F32, double is F64; the element
/// in row i and column j is [i, j] to Python, however it lies in memory (`row_major.hpp`).

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kutta/io/file.hpp>
#include <kutta/io/io_error.hpp>
#include <kutta/io/number_type.hpp>
#include <kutta/io/row_major.hpp>
#include <kutta/io/safetensors_header.hpp>
#include <kutta/io/utf8.hpp>
#include <kutta/tensor/named_leaves.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// f(name, leaf) for every leaf of x, with the names of Torch: "theta.0.w" for theta[0].w.
template <class F, class T>
void for_each_file_leaf(F&& f, const std::string& name, T& x) {
  const auto visit = [&](const std::string& below, auto& leaf) {
    std::string path = name;
    for (const char c : below)
      if (c != ']') path += c == '[' ? '.' : c;
    f(path, leaf);
  };
  for_each_named_leaf(visit, "", x);
}

/// What is written as a number of 64 bits.
template <class I>
concept counter = std::integral<I> && !std::same_as<I, bool>;

template <counter I>
using stored_counter = std::conditional_t<std::signed_integral<I>, std::int64_t, std::uint64_t>;

}  // namespace detail

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
