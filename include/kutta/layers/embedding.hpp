// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A vector for each id.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>

#include <kutta/layers/ids.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/initialisers.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/layers/sinusoids.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/host_device.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

namespace detail {

/// Rows of `width` numbers, one for each id from 0 on.
struct table_shape {
  std::size_t rows, width;
  std::int64_t padding;  ///< an id without a row; or `none`

  static constexpr std::int64_t none = std::int64_t(1) << 32;

  KUTTA_HD constexpr bool is_padding(std::int32_t id) const { return id == padding; }
  KUTTA_HD constexpr bool has_row(std::int32_t id) const {
    return !is_padding(id) && id >= 0 && static_cast<std::size_t>(id) < rows;
  }
};

/// y[row] ← table[ids[row]] + waves[row % per_sample]; without waves if they are null.
template <class T>
struct look_up_row {
  table_shape shape;
  const std::int32_t* ids;
  const T *table, *waves;
  std::size_t per_sample;
  T* y;
  T missing;  ///< what an id without a row becomes

  KUTTA_HD void operator()(std::size_t row, std::size_t first, std::size_t last) const {
    T* const to = y + row * shape.width;
    const std::int32_t id = ids[row];
    if (shape.has_row(id)) {
      const T* const from = table + static_cast<std::size_t>(id) * shape.width;
      for (std::size_t i = first; i < last; ++i) to[i] = from[i];
      if (!waves) return;
      const T* const wave = waves + row % per_sample * shape.width;
      for (std::size_t i = first; i < last; ++i) to[i] += wave[i];
    } else {
      const T value = shape.is_padding(id) ? T(0) : missing;
      for (std::size_t i = first; i < last; ++i) to[i] = value;
    }
  }
};

/// The ids that an embedding into arrays of type X takes, and what its gradient needs. Device
/// arrays have theirs in `cuda/embedding.hpp`.
template <class X>
class id_rows;

template <host_array X>
class id_rows<X> {
  using scalar = scalar_t<X>;

 public:
  using ids = kutta::ids;

  id_rows() = default;
  explicit id_rows(const ids&) {}

  /// dtable[x[i]] += dy[i], in the order of the ids in x.
  void add(const table_shape& shape, const ids& x, const scalar* dy, scalar* dtable) const {
    for (std::size_t i = 0; i < x.size(); ++i, dy += shape.width) {
      if (!shape.has_row(x[i])) continue;
      scalar* const to = dtable + static_cast<std::size_t>(x[i]) * shape.width;
      for (std::size_t j = 0; j < shape.width; ++j) to[j] += dy[j];
    }
  }

  std::size_t heap_bytes() const { return 0; }
};

}  // namespace detail

namespace layers {

struct embedding_options {
  bool positions = false;                    ///< adds `sinusoids` of the place in the sample
  std::optional<std::int32_t> padding = {};  ///< this id becomes zeros, and has no gradient
  initialiser weights = initialisers::lecun_normal(initialisers::fan::out);  ///< N(0, 1/width)
};

/// The table of an embedding.
template <image_tensor X>
struct embedding_params {
  X table;

  static constexpr auto fields = std::tuple{field{"table", &embedding_params::table}};
};

/// y[s, p] = table[x[s, p]], and with positions + w[p].
///
///     embedding<Eigen::MatrixXf> words(5000, 128);
///     sequential model{words, layer_norm<Eigen::MatrixXf>(128)};
///
/// x: `ids`, 0 ≤ id < rows; for device arrays `cuda::ids` (include `cuda/embedding.hpp`), of which
/// one out of range becomes a row of NaN, without gradient. table: rows × width numbers, those of
/// an id side by side: an Eigen matrix width × rows. y: width numbers an id: of shape {samples, ids
/// of a sample, width} in an array of three axes, (width ids) × samples in an Eigen matrix. There
/// is no derivative by x: vjp adds nothing to dx, which holds no numbers.
template <image_tensor X>
class embedding {
  using scalar = scalar_t<X>;
  using ids = typename detail::id_rows<X>::ids;

 public:
  static constexpr bool samples_independent = true;

  using input = ids;
  using output = X;
  using params = embedding_params<X>;
  using tape = nothing;

  struct scratch {
    X waves;  ///< `sinusoids`
    detail::id_rows<X> rows;

    std::size_t heap_bytes() const { return kutta::heap_bytes(waves, rows); }
  };

  /// @throws std::invalid_argument if there are no ids or their vectors are empty.
  embedding(std::size_t rows, std::size_t width, const embedding_options& how = {})
      : table_{rows, width, detail::table_shape::none}, how_(how) {
    if (how.padding) table_.padding = *how.padding;
    if (rows == 0 || width == 0)
      throw std::invalid_argument("embedding: expected at least 1 row of at least 1 number, got " +
                                  std::to_string(rows) + " rows of " + std::to_string(width));
  }

  std::size_t rows() const { return table_.rows; }
  std::size_t width() const { return table_.width; }

  template <std::uniform_random_bit_generator G>
  params make_params(G& generator) const {
    params theta{detail::zero_array<X>(std::array<std::size_t, 2>{table_.rows, table_.width}, 1)};
    initialise(how_.weights, {1, table_.rows, table_.width}, theta.table, generator);
    return theta;
  }

  /// @throws std::invalid_argument if theta does not have this layer's shape.
  X make_output(const params& theta, const ids& x) const {
    detail::require_size("embedding: theta.table", table_.rows * table_.width, theta.table);
    return detail::zero_array<X>(
        std::array<std::size_t, 3>{x.samples(), x.per_sample(), table_.width}, 1);
  }
  scratch make_scratch(const params&, const ids& x) const {
    return {sinusoids<X>(how_.positions ? x.per_sample() : 0, table_.width), detail::id_rows<X>(x)};
  }

  /// @throws std::invalid_argument if an id in host memory is not in the table.
  void forward(const params& theta, const ids& x, X& y, tape&, const context<embedding>& at) const {
    if constexpr (host_array<X>) require_rows(x);
    look_up(theta.table, how_.positions ? detail::elements(at.scratch.waves) : nullptr, x, y);
  }

  /// dtable[x[s, p]] += dy[s, p], in the order of the ids in x.
  void vjp(const params&, const ids& x, const tape&, const X& dy, ids&, params& dtheta,
           const context<embedding>& at) const {
    at.scratch.rows.add(table_, x, detail::elements(dy), detail::elements(dtheta.table));
  }

  /// vy[s, p] = vtable[x[s, p]].
  void jvp(const params&, const ids& x, const tape&, const ids&, const params& vtheta,
           X& vy) const {
    look_up(vtheta.table, nullptr, x, vy);
  }

 private:
  void look_up(const X& table, const scalar* waves, const ids& x, X& y) const {
    detail::for_each_row<X>(x.size(), table_.width,
                            detail::look_up_row<scalar>{table_, x.data(), detail::elements(table),
                                                        waves, x.per_sample(), detail::elements(y),
                                                        std::numeric_limits<scalar>::quiet_NaN()});
  }

  void require_rows(const ids& x) const {
    for (std::size_t i = 0; i < x.size(); ++i)
      if (!table_.is_padding(x[i]) && !table_.has_row(x[i]))
        throw std::invalid_argument("embedding: expected ids below " + std::to_string(table_.rows) +
                                    ", got " + std::to_string(x[i]) + " at place " +
                                    std::to_string(i % x.per_sample()) + " of sample " +
                                    std::to_string(i / x.per_sample()));
  }

  detail::table_shape table_;
  embedding_options how_;
};

}  // namespace layers
}  // namespace kutta
