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

/// Lays n ≤ W samples of `width` features (sample after sample) on a strip. Lanes left over get 0.
template <class T>
void to_strip(const T* x, std::size_t width, std::size_t n, T* on_strip) {
  constexpr std::size_t w = strip<T>;
  if (n < w)
    for (std::size_t i = 0; i < width * w; ++i) on_strip[i] = T(0);
  for (std::size_t l = 0; l < n; ++l)
    for (std::size_t d = 0; d < width; ++d) on_strip[d * w + l] = x[l * width + d];
}

/// The transpose: f(x, value) for each feature of each of the n samples.
template <class T, class F>
void from_strip(const T* on_strip, std::size_t width, std::size_t n, T* x, const F& f) {
  for (std::size_t l = 0; l < n; ++l)
    for (std::size_t d = 0; d < width; ++d) f(x[l * width + d], on_strip[d * strip<T> + l]);
}

/// z = σ(W h + b) on a strip. W is out × in, column-major; a width that is 0 in the type is given
/// at run time.
template <std::floating_point T, std::size_t Out, std::size_t In>
class affine_strip {
  using lanes = simd<T, strip<T>>;

 public:
  /// A sum over samples before its lanes are added: one register for each weight and bias.
  using partial = simd<T, register_lanes<T>>;

  affine_strip(std::size_t out, std::size_t in) : out_(out), in_(in) {}

  std::size_t rows() const { return Out == 0 ? out_ : Out; }
  std::size_t cols() const { return In == 0 ? in_ : In; }

  template <class A>
  void forward(const T* w, const T* b, const T* h, T* z, const A& sigma) const {
    for (std::size_t j = 0; j < rows(); ++j) {
      lanes sum(b[j]);
      for (std::size_t d = 0; d < cols(); ++d) sum = sum.plus_product(w[d * rows() + j], at(h, d));
      sigma(sum).store(z + j * strip<T>);
    }
  }

  /// dh ← σ'(h) ∘ Wᵀ g for the σ that made h;   dw += g hᵀ,   db += g 1, lane by lane.
  template <class A>
  void vjp(const T* w, const T* h, const T* g, T* dh, partial* dw, partial* db, const A&) const {
    for (std::size_t j = 0; j < rows(); ++j)
      for (const auto& r : at(g, j).v) db[j].v[0] += r;
    for (std::size_t d = 0; d < cols(); ++d) {
      const lanes hd = at(h, d);
      lanes sum(T(0));
      for (std::size_t j = 0; j < rows(); ++j) {
        const lanes gj = at(g, j);
        sum = sum.plus_product(w[d * rows() + j], gj);
        auto& total = dw[d * rows() + j].v[0];
        for (std::size_t r = 0; r < lanes::registers; ++r) total += gj.v[r] * hd.v[r];
      }
      (sum * A::derivative(hd)).store(dh + d * strip<T>);
    }
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
  static lanes at(const T* x, std::size_t d) { return lanes::load(x + d * strip<T>); }

  std::size_t out_, in_;
};

}  // namespace kutta::detail
