// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Small affine maps with samples in SIMD lanes.
///
/// A strip is W samples: two registers. A vector of n features on a strip is n × W numbers, feature
/// after feature, so that one `simd` holds one feature of W samples. For layers of a few features
/// this beats a matrix product: no register is padded, and bias, activation and their derivatives
/// cost no pass of their own.

#include <concepts>
#include <cstddef>

#include <kutta/layers/activation.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/simd.hpp>

namespace kutta::detail {

/// Samples on a strip. Two registers, so that two chains of additions overlap.
template <std::floating_point T>
inline constexpr std::size_t strip = 2 * register_lanes<T>;

/// How many strips hold a batch.
template <std::floating_point T>
constexpr std::size_t strip_count(std::size_t samples) {
  return (samples + strip<T> - 1) / strip<T>;
}

/// f(i, k) for every feature of n ≤ W samples: number i of x, sample after sample, is number k on
/// the strip. For full strips of up to 4 features the loop is one of known length, which compilers
/// turn into shuffles.
template <std::floating_point T, std::size_t Width = 4, class F>
[[gnu::always_inline]] inline void for_each_feature(std::size_t width, std::size_t n, const F& f) {
  if constexpr (Width > 0) {
    if (width != Width || n != strip<T>) return for_each_feature<T, Width - 1>(width, n, f);
    for (std::size_t l = 0; l < strip<T>; ++l)
      for (std::size_t d = 0; d < Width; ++d) f(l * Width + d, d * strip<T> + l);
  } else {
    for (std::size_t l = 0; l < n; ++l)
      for (std::size_t d = 0; d < width; ++d) f(l * width + d, d * strip<T> + l);
  }
}

/// Lays n ≤ W samples of `width` features (sample after sample) on a strip. Lanes left over get 0.
template <class T>
void to_strip(const T* __restrict x, std::size_t width, std::size_t n, T* __restrict on_strip) {
  if (n < strip<T>)
    for (std::size_t i = 0; i < width * strip<T>; ++i) on_strip[i] = T(0);
  for_each_feature<T>(
      width, n, [=](std::size_t of_x, std::size_t of_strip) { on_strip[of_strip] = x[of_x]; });
}

/// The transpose: f(x, value) for each feature of each of the n samples.
template <class T, class F>
void from_strip(const T* __restrict on_strip, std::size_t width, std::size_t n, T* __restrict x,
                const F& f) {
  for_each_feature<T>(width, n, [=, &f](std::size_t of_x, std::size_t of_strip) {
    f(x[of_x], on_strip[of_strip]);
  });
}

/// Features that are computed together: their sums and factors are in registers.
inline constexpr std::size_t strip_block = register_bytes == 64 ? 4 : 2;

/// f(B, i) for the features i, …, i + B − 1 of each block; B is `strip_block`, less in the last.
template <class F>
[[gnu::always_inline]] inline void for_each_block(std::size_t features, const F& f) {
  std::size_t i = 0;
  for (; i + strip_block <= features; i += strip_block) f(index_constant<strip_block>{}, i);
  for_each_index<strip_block>([&](auto rest) {
    if constexpr (rest > 0)
      if (features - i == rest) f(rest, i);
  });
}

/// z = σ(W h + b) on a strip. W is out × in, column-major; a width that is 0 in the type is given
/// at run time.
template <std::floating_point T, std::size_t Out, std::size_t In>
class affine_strip {
  static constexpr std::size_t width = register_lanes<T>;
  using lanes = simd<T, strip<T>>;

 public:
  /// A sum over samples before its lanes are added: one register for each weight and bias.
  using partial = simd<T, width>;

  affine_strip(std::size_t out, std::size_t in) : out_(out), in_(in) {}

  std::size_t rows() const { return Out == 0 ? out_ : Out; }
  std::size_t cols() const { return In == 0 ? in_ : In; }

  template <class A>
  void forward(const T* w, const T* b, const T* h, T* z, const A& sigma) const {
    for_each_block(rows(), [&]<std::size_t B>(index_constant<B>, std::size_t j) {
      vector sum[B][2];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < B; ++i) sum[i][0] = sum[i][1] = b[j + i] - vector{};
      for (std::size_t d = 0; d < cols(); ++d) {
        const vector h0 = load(h, d, 0), h1 = load(h, d, 1);
#pragma GCC unroll 4
        for (std::size_t i = 0; i < B; ++i) {
          const T wi = w[d * rows() + j + i];
          sum[i][0] += wi * h0, sum[i][1] += wi * h1;
        }
      }
#pragma GCC unroll 4
      for (std::size_t i = 0; i < B; ++i)
        store(z, j + i, 0, sum[i][0]), store(z, j + i, 1, sum[i][1]);
    });
    if constexpr (!std::same_as<A, activations::identity>) apply(sigma, z, 2 * rows());
  }

  /// dh ← σ'(h) ∘ Wᵀ g for the σ that made h;   dw += g hᵀ,   db += g 1, lane by lane.
  template <class A>
  void vjp(const T* w, const T* h, const T* g, T* dh, partial* dw, partial* db, const A&) const {
    for (std::size_t j = 0; j < rows(); ++j) db[j].v[0] += load(g, j, 0) + load(g, j, 1);
    for_each_block(cols(), [&]<std::size_t B>(index_constant<B>, std::size_t d) {
      vector hd[B][2], sum[B][2] = {};
#pragma GCC unroll 4
      for (std::size_t i = 0; i < B; ++i)
        hd[i][0] = load(h, d + i, 0), hd[i][1] = load(h, d + i, 1);
      for (std::size_t j = 0; j < rows(); ++j) {
        const vector g0 = load(g, j, 0), g1 = load(g, j, 1);
#pragma GCC unroll 4
        for (std::size_t i = 0; i < B; ++i) {
          const std::size_t ij = (d + i) * rows() + j;
          const T wi = w[ij];
          sum[i][0] += wi * g0, sum[i][1] += wi * g1;
          dw[ij].v[0] = dw[ij].v[0] + g0 * hd[i][0] + g1 * hd[i][1];
        }
      }
#pragma GCC unroll 4
      for (std::size_t i = 0; i < B; ++i) {
        store(dh, d + i, 0, sum[i][0] * slope<A>(hd[i][0]));
        store(dh, d + i, 1, sum[i][1] * slope<A>(hd[i][1]));
      }
    });
  }

  /// vz ← σ'(z) ∘ (W vh + vW h + vb).
  template <class A>
  void jvp(const T* w, const T* vw, const T* vb, const T* h, const T* vh, const T* z, T* vz,
           const A&) const {
    for (std::size_t j = 0; j < rows(); ++j) {
      lanes sum(vb[j]);
      for (std::size_t d = 0; d < cols(); ++d)
        sum = sum.plus_product(w[d * rows() + j], at(vh, d))
                  .plus_product(vw[d * rows() + j], at(h, d));
      (sum * A::derivative(at(z, j))).store(vz + j * strip<T>);
    }
  }

 private:
  using vector = typename partial::native;

  static lanes at(const T* x, std::size_t d) { return lanes::load(x + d * strip<T>); }

  /// Register r of feature d.
  static vector load(const T* x, std::size_t d, std::size_t r) {
    return partial::load(x + (2 * d + r) * width).v[0];
  }
  static void store(T* x, std::size_t d, std::size_t r, const vector& value) {
    partial to;
    to.v[0] = value;
    to.store(x + (2 * d + r) * width);
  }

  /// z ← σ(z), σ inside of the loop: its constants stay in registers.
  template <class A>
  [[gnu::flatten]] static void apply(const A& sigma, T* z, std::size_t registers) {
    for (std::size_t i = 0; i < registers; ++i)
      sigma(partial::load(z + i * width)).store(z + i * width);
  }
  template <class A>
  static vector slope(const vector& y) {
    partial of;
    of.v[0] = y;
    return A::derivative(of).v[0];
  }

  std::size_t out_, in_;
};

}  // namespace kutta::detail
