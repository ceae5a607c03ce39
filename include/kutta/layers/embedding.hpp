// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A vector for each id.

#include <array>
#include <cstddef>
#include <cstdint>
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
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta::layers {

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
/// x: `ids`, 0 ≤ id < rows. table: rows × width numbers, those of an id side by side: an Eigen
/// matrix width × rows. y: width numbers an id: of shape {samples, ids of a sample, width} in an
/// array of three axes, (width ids) × samples in an Eigen matrix.
/// There is no derivative by x: vjp adds nothing to dx, which holds no numbers.
template <image_tensor X>
class embedding {
  using scalar = scalar_t<X>;

 public:
  static constexpr bool samples_independent = true;

  using input = ids;
  using output = X;
  using params = embedding_params<X>;
  using tape = nothing;

  struct scratch {
    X waves;  ///< `sinusoids`

    std::size_t heap_bytes() const { return kutta::heap_bytes(waves); }
  };

  /// @throws std::invalid_argument if there are no ids or their vectors are empty.
  embedding(std::size_t rows, std::size_t width, const embedding_options& how = {})
      : rows_(rows), width_(width), how_(how) {
    if (rows == 0 || width == 0)
      throw std::invalid_argument("embedding: expected at least 1 row of at least 1 number, got " +
                                  std::to_string(rows) + " rows of " + std::to_string(width));
  }

  std::size_t rows() const { return rows_; }
  std::size_t width() const { return width_; }

  template <std::uniform_random_bit_generator G>
  params make_params(G& generator) const {
    params theta{detail::zero_array<X>(std::array{rows_, width_}, 1)};
    initialise(how_.weights, {1, rows_, width_}, theta.table, generator);
    return theta;
  }

  /// @throws std::invalid_argument if theta does not have this layer's shape.
  X make_output(const params& theta, const ids& x) const {
    detail::require_size("embedding: theta.table", rows_ * width_, theta.table);
    return detail::zero_array<X>(std::array{x.samples(), x.per_sample(), width_}, 1);
  }
  scratch make_scratch(const params&, const ids& x) const {
    return {sinusoids<X>(how_.positions ? x.per_sample() : 0, width_)};
  }

  /// @throws std::invalid_argument if an id is not in the table.
  void forward(const params& theta, const ids& x, X& y, tape&, const context<embedding>& at) const {
    look_up(theta.table, x, y);
    if (how_.positions)
      for_each_row(x, [&](std::size_t, std::size_t to) {
        const scalar* const wave = at.scratch.waves.data() + to % (x.per_sample() * width_);
        for (std::size_t i = 0; i < width_; ++i) y.data()[to + i] += wave[i];
      });
  }

  /// dtable[x[s, p]] += dy[s, p], in the order of the ids in x.
  void vjp(const params&, const ids& x, const tape&, const X& dy, ids&, params& dtheta) const {
    for_each_row(x, [&](std::size_t row, std::size_t from) {
      scalar* const d = dtheta.table.data() + row;
      for (std::size_t i = 0; i < width_; ++i) d[i] += dy.data()[from + i];
    });
  }

  /// vy[s, p] = vtable[x[s, p]].
  void jvp(const params&, const ids& x, const tape&, const ids&, const params& vtheta,
           X& vy) const {
    look_up(vtheta.table, x, vy);
  }

 private:
  void look_up(const X& table, const ids& x, X& y) const {
    if (how_.padding) kutta::set_zero(y);
    for_each_row(x, [&](std::size_t row, std::size_t to) {
      for (std::size_t i = 0; i < width_; ++i) y.data()[to + i] = table.data()[row + i];
    });
  }

  /// f(where an id's row begins in the table, where in y), for all ids but the padding.
  template <class F>
  void for_each_row(const ids& x, const F& f) const {
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (how_.padding && x[i] == *how_.padding) continue;
      if (x[i] < 0 || static_cast<std::size_t>(x[i]) >= rows_)
        throw std::invalid_argument("embedding: expected ids below " + std::to_string(rows_) +
                                    ", got " + std::to_string(x[i]) + " at place " +
                                    std::to_string(i % x.per_sample()) + " of sample " +
                                    std::to_string(i / x.per_sample()));
      f(static_cast<std::size_t>(x[i]) * width_, i * width_);
    }
  }

  std::size_t rows_, width_;
  embedding_options how_;
};

}  // namespace kutta::layers
