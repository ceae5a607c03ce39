// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// `layers::embedding` on device arrays.

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__
#  include <cub/device/device_radix_sort.cuh>
#else
#  include <algorithm>
#endif

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/elementwise.hpp>
#include <kutta/cuda/ids.hpp>
#include <kutta/layers/embedding.hpp>
#include <kutta/tensor/host_device.hpp>

namespace kutta {

namespace cuda::detail {

struct count_up {
  std::int32_t* places;

  KUTTA_HD void operator()(std::size_t i) const { places[i] = static_cast<std::int32_t>(i); }
};

/// The places of ids, equal ids side by side, those of an id in the order of the places.
class places_by_id {
 public:
  places_by_id() = default;
  explicit places_by_id(std::size_t n) : places_(n), sorted_(n) {
    for_each_index(n, count_up{places_.data()});
#ifdef __CUDACC__
    keys_ = buffer<std::int32_t>(n);
    std::size_t bytes = 0;
    sort(nullptr, bytes, nullptr, n);
    temporary_ = buffer<unsigned char>(bytes);
#endif
  }

  /// Of n ids, as many as this was made for or fewer.
  const std::int32_t* operator()(const std::int32_t* ids, std::size_t n) {
#ifdef __CUDACC__
    std::size_t bytes = temporary_.size();
    if (n > 0) sort(temporary_.data(), bytes, ids, n);
#else
    std::copy(places_.data(), places_.data() + n, sorted_.data());
    std::sort(sorted_.data(), sorted_.data() + n, [&](std::int32_t i, std::int32_t j) {
      return ids[i] != ids[j] ? ids[i] < ids[j] : i < j;
    });
#endif
    return sorted_.data();
  }

  std::size_t heap_bytes() const {
    return places_.heap_bytes() + sorted_.heap_bytes() + keys_.heap_bytes() +
           temporary_.heap_bytes();
  }

 private:
#ifdef __CUDACC__
  void sort(void* temporary, std::size_t& bytes, const std::int32_t* ids, std::size_t n) {
    check(cub::DeviceRadixSort::SortPairs(
              temporary, bytes, ids, keys_.data(), static_cast<const std::int32_t*>(places_.data()),
              sorted_.data(), static_cast<std::int64_t>(n), 0, 32, current_stream()),
          "cub::DeviceRadixSort");
  }
#endif

  buffer<std::int32_t> places_, sorted_, keys_;
  buffer<unsigned char> temporary_;
};

/// The first place of an id adds up, for one column, what all of its places received.
template <class T>
struct add_places {
  kutta::detail::table_shape shape;
  const std::int32_t *ids, *places;
  std::size_t n;
  const T* dy;
  T* dtable;

  KUTTA_HD void operator()(std::size_t i, std::size_t column) const {
    const std::int32_t id = ids[places[i]];
    if (!shape.has_row(id) || (i > 0 && ids[places[i - 1]] == id)) return;
    T& to = dtable[static_cast<std::size_t>(id) * shape.width + column];
    T sum = to;
    for (; i < n && ids[places[i]] == id; ++i)
      sum += dy[static_cast<std::size_t>(places[i]) * shape.width + column];
    to = sum;
  }
};

}  // namespace cuda::detail

namespace detail {

/// The gradient sorts the ids, and one thread for each id that occurs and each column adds up in
/// their order, as on the host: its time is that of the id that occurs most often.
template <device_array X>
class id_rows<X> {
  using scalar = scalar_t<X>;

 public:
  using ids = cuda::ids;

  id_rows() = default;
  explicit id_rows(const ids& x) : places_(x.size()) {}

  void add(const table_shape& shape, const ids& x, const scalar* dy, scalar* dtable) {
    cuda::detail::for_each_pair(
        x.size(), shape.width,
        cuda::detail::add_places<scalar>{shape, x.data(), places_(x.data(), x.size()), x.size(), dy,
                                         dtable});
  }

  std::size_t heap_bytes() const { return places_.heap_bytes(); }

 private:
  cuda::detail::places_by_id places_;
};

}  // namespace detail
}  // namespace kutta
