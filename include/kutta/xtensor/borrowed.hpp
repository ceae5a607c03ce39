// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Arrays in memory of someone else: a slice of a data set, weights that a file is mapped to.
///
///     using images = kutta::borrowed<float, 4>;
///     const images x = kutta::borrow(xt::view(data, xt::range(0, 32)));           // no copy
///     const images w = kutta::borrow(pointer, std::array<std::size_t, 4>{3, 3, 6, 6});
///
/// A `borrowed<S, N>` is a tensor like `xt::xtensor<S, N>`, and what layers and blocks of it make
/// for themselves they own.

#include <array>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtensor/xstrides.hpp>
#include <xtensor/xtensor.hpp>

#include <kutta/tensor/tensor.hpp>
#include <kutta/xtensor/strided.hpp>
#include <kutta/xtensor/tensor.hpp>

namespace kutta {

namespace detail {

/// Numbers of its own, or of someone else until they are to be written: then a copy of them. A copy
/// of it has its own.
template <class S, class A = std::allocator<S>>
class borrowed_storage {
  using own = std::vector<S, A>;

 public:
  using value_type = S;
  using allocator_type = A;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = S&;
  using const_reference = const S&;
  using pointer = S*;
  using const_pointer = const S*;
  using iterator = S*;
  using const_iterator = const S*;
  using reverse_iterator = std::reverse_iterator<S*>;
  using const_reverse_iterator = std::reverse_iterator<const S*>;

  borrowed_storage() = default;
  borrowed_storage(std::size_t n, const S& value) : own_(n, value) {}
  borrowed_storage(const S* lent, std::size_t n) : lent_(lent), lent_size_(n) {}
  borrowed_storage(const borrowed_storage& other) : own_(other.begin(), other.end()) {}
  borrowed_storage(borrowed_storage&&) = default;
  borrowed_storage& operator=(const borrowed_storage& other) {
    if (this == &other) return *this;
    own_.assign(other.begin(), other.end());
    lent_ = nullptr;
    return *this;
  }
  borrowed_storage& operator=(borrowed_storage&&) = default;

  std::size_t size() const { return lent_ ? lent_size_ : own_.size(); }
  bool empty() const { return size() == 0; }
  void resize(std::size_t n) {
    if (n == size()) return;
    own_.resize(n);
    lent_ = nullptr;
  }

  const S* data() const { return lent_ ? lent_ : own_.data(); }
  S* data() {
    if (lent_) {
      own_.assign(lent_, lent_ + lent_size_);
      lent_ = nullptr;
    }
    return own_.data();
  }

  const S& operator[](std::size_t i) const { return data()[i]; }
  S& operator[](std::size_t i) { return data()[i]; }
  const S* begin() const { return data(); }
  const S* end() const { return data() + size(); }
  const S* cbegin() const { return begin(); }
  const S* cend() const { return end(); }
  S* begin() { return data(); }
  S* end() { return data() + size(); }

 private:
  own own_;
  const S* lent_ = nullptr;
  std::size_t lent_size_ = 0;
};

}  // namespace detail

/// An array of N axes. Its elements are its own, or lie in memory of someone else, which has to
/// stay: until the first access that could write. Then they are copied, and the array owns the
/// copy; what was lent is never written. A copy of an array has memory of its own.
template <std::floating_point S, std::size_t N>
using borrowed = xt::xtensor_container<detail::borrowed_storage<S>, N, xt::layout_type::row_major,
                                       xt::xtensor_expression_tag>;

/// Numbers in memory, row by row, as an array of this shape. They have to stay there.
template <std::floating_point S, std::size_t N>
borrowed<S, N> borrow(const S* first, const std::array<std::size_t, N>& shape) {
  typename borrowed<S, N>::strides_type strides;
  const std::size_t size = xt::compute_strides(shape, xt::layout_type::row_major, strides);
  return borrowed<S, N>(detail::borrowed_storage<S>(first, size), std::array(shape),
                        std::move(strides));
}

/// The elements of a view, an adaptor or an array, without a copy. They have to stay there.
/// @throws std::invalid_argument unless they lie side by side, row by row, along N axes.
template <std::size_t N, detail::strided E>
auto borrow(const E& view) {
  if (view.dimension() != N)
    throw std::invalid_argument("borrow: expected " + std::to_string(N) + " axes, got shape " +
                                detail::extents_text(view.shape()));
  std::array<std::size_t, N> shape;
  for (std::size_t i = 0; i < N; ++i) shape[i] = view.shape()[i];
  return kutta::borrow(detail::first_element(view), shape);
}

/// With the number of axes that the type of the view has.
template <detail::strided E>
  requires requires { std::tuple_size<typename E::shape_type>::value; }
auto borrow(const E& view) {
  return kutta::borrow<std::tuple_size_v<typename E::shape_type>>(view);
}

// An array that is about to go has nothing to lend.
template <std::size_t N, tensor E>
void borrow(const E&&) = delete;
template <tensor E>
void borrow(const E&&) = delete;

}  // namespace kutta
