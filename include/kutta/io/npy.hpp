// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One array in a file, as `numpy.save` writes it and `numpy.load` reads it: npy.
///
///     kutta::save_npy("x.npy", x);
///
///     const kutta::npy_file in("x.npy");
///     in.read(x);                                    // has the right shape already
///
/// float and double, row by row: the element in row i and column j is [i, j] to Python, however it
/// lies in memory (`row_major.hpp`). For structs of arrays there is `safetensors.hpp`.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kutta/io/file.hpp>
#include <kutta/io/io_error.hpp>
#include <kutta/io/npy_header.hpp>
#include <kutta/io/number_type.hpp>
#include <kutta/io/row_major.hpp>
#include <kutta/io/safetensors_header.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

/// A file that has been read and checked. Takes the file's size in memory.
class npy_file {
 public:
  /// @throws io_error if it cannot be read, is no npy file or cut off, or holds no floating-point
  /// numbers, or numbers of another byte order, or an array in Fortran's order.
  explicit npy_file(const std::string& path)
      : path_(path),
        bytes_(detail::read_file(path)),
        header_(detail::read_npy_header(path_, bytes_)) {
    for (const auto& [name, of_numpy] : detail::npy_types)
      if (header_.type == of_numpy) type_ = name;
    std::uint64_t size = detail::size_of_type(type_);
    if (size == 0)
      throw io_error(path_, "expected numbers of type <f2, <f4 or <f8, got " + header_.type);
    if (header_.fortran_order)
      throw io_error(path_, "expected an array row by row, got one in Fortran's order");
    bool fits = true;
    for (const auto extent : header_.shape)
      fits = !__builtin_mul_overflow(size, extent, &size) && fits;
    const std::size_t given = bytes_.size() - header_.size;
    if (!fits || size != given)
      throw io_error(path_, (fits && size < given ? "" : "cut off: ") + std::string("expected ") +
                                text() + ", got " + std::to_string(given) + " bytes of numbers");
  }

  /// The extents.
  const std::vector<std::uint64_t>& shape() const { return header_.shape; }

  /// Type and extents: "F32 (3, 2)".
  std::string text() const { return detail::record_text(type_, header_.shape); }

  /// Overwrites x. Numbers of 16 bits are read into either type.
  /// @throws io_error if they are of another type or shape. x is then what it was.
  template <tensor T>
    requires(!direct_sum<T>)
  void read(T& x) const {
    using S = scalar_t<T>;
    const auto shape = detail::file_shape(x);
    if (header_.shape != shape || !detail::readable_as<S>(type_))
      throw io_error(path_, "expected " + detail::record_text(detail::type_name<S>(), shape) +
                                ", got " + text());
    std::vector<S> values((bytes_.size() - header_.size) / detail::size_of_type(type_));
    detail::read_numbers(type_, bytes_.data() + header_.size, values.size(), values.data());
    detail::from_row_major(std::move(values), x);
  }

 private:
  std::string path_, bytes_, type_;
  detail::npy_header header_;
};

/// Replaces the file as a whole: if that fails, it is what it was.
/// @throws io_error if it cannot be written.
template <tensor T>
  requires(!direct_sum<T>)
void save_npy(const std::string& path, const T& x) {
  using S = scalar_t<T>;
  const auto values = detail::to_row_major(x);
  detail::npy_header header;
  header.shape = detail::file_shape(x);
  for (const auto& [name, of_numpy] : detail::npy_types)
    if (name == detail::type_name<S>()) header.type = of_numpy;
  const std::string front = detail::npy_header_text(header);
  const std::string_view parts[] = {
      front, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(S)}};
  detail::write_file(path, parts);
}

}  // namespace kutta
