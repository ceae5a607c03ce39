// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The passes of a small mlp on strips of samples.

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include <kutta/layers/activation.hpp>
#include <kutta/layers/affine_strips.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/lane_sums.hpp>

namespace kutta::detail {

/// An mlp of widths N (Eigen::Dynamic: at run time), a strip at a time through all layers.
///
/// `theta` is the mlp's tuple of affine_params. `saved` holds σ(…) of the inner layers: matrices of
/// n_l × (W strips) whose memory is one n_l × W block a strip.
template <std::floating_point T, class Activation, int... N>
class mlp_strips {
  static constexpr std::size_t depth = sizeof...(N) - 1;
  static constexpr std::size_t w = strip<T>;
  static constexpr std::size_t fixed[depth + 1] = {(N == Eigen::Dynamic ? 0 : std::size_t(N))...};
  using partial = simd<T, register_lanes<T>>;

 public:
  /// The ends and the adjoints on one strip, aligned to registers, and the partial sums of all
  /// weights.
  struct scratch {
    std::array<Eigen::Matrix<T, Eigen::Dynamic, 1>, depth + 1> x, v;
    std::vector<partial> sums;
  };

  explicit mlp_strips(const std::array<Eigen::Index, depth + 1>& sizes) {
    for (std::size_t l = 0; l <= depth; ++l) size_[l] = static_cast<std::size_t>(sizes[l]);
  }

  std::size_t weights() const {
    std::size_t count = 0;
    for (std::size_t l = 0; l < depth; ++l) count += (size_[l] + 1) * size_[l + 1];
    return count;
  }

  scratch make_scratch() const {
    scratch s;
    for (std::size_t l = 0; l <= depth; ++l) {
      s.v[l].setZero(static_cast<Eigen::Index>(size_[l] * w));
      if (l == 0 || l == depth) s.x[l].setZero(static_cast<Eigen::Index>(size_[l] * w));
    }
    s.sums.resize(weights());
    return s;
  }

  template <class P, class Tape>
  void forward(const P& theta, const T* x, std::size_t samples, T* y, Tape& saved,
               scratch& s) const {
    for (std::size_t first = 0; first < samples; first += w) {
      const std::size_t n = std::min(w, samples - first);
      to_strip(x + first * size_[0], size_[0], n, s.x[0].data());
      for_each_index<depth>([&](auto l) {
        const auto& [weight, bias] = std::get<l>(theta);
        affine<l>().forward(weight.data(), bias.data(), at<l>(saved, s, first),
                            at<l + 1>(saved, s, first), activation<l + 1>());
      });
      from_strip(s.x[depth].data(), size_[depth], n, y + first * size_[depth],
                 [](T& to, T value) { to = value; });
    }
  }

  template <class P, class Tape>
  void vjp(const P& theta, const T* x, std::size_t samples, const Tape& saved, const T* dy, T* dx,
           P& dtheta, scratch& s) const {
    std::fill(s.sums.begin(), s.sums.end(), partial(T(0)));
    for (std::size_t first = 0; first < samples; first += w) {
      const std::size_t n = std::min(w, samples - first);
      to_strip(x + first * size_[0], size_[0], n, s.x[0].data());
      to_strip(dy + first * size_[depth], size_[depth], n, s.v[depth].data());
      partial* sums = s.sums.data() + s.sums.size();
      for_each_index_reversed<depth>([&](auto l) {
        sums -= (size_[l] + 1) * size_[l + 1];
        affine<l>().vjp(std::get<l>(theta).w.data(), at<l>(saved, s, first), s.v[l + 1].data(),
                        s.v[l].data(), sums, sums + size_[l] * size_[l + 1], activation<l>());
      });
      from_strip(s.v[0].data(), size_[0], n, dx + first * size_[0],
                 [](T& to, T value) { to += value; });
    }
    const partial* sums = s.sums.data();
    for_each_index<depth>([&](auto l) {
      auto& [dw, db] = std::get<l>(dtheta);
      add_lane_sums(sums, static_cast<std::size_t>(dw.size()), dw.data());
      sums += dw.size();
      add_lane_sums(sums, static_cast<std::size_t>(db.size()), db.data());
      sums += db.size();
    });
  }

  template <class P, class Tape>
  void jvp(const P& theta, const T* x, std::size_t samples, const Tape& saved, const T* vx,
           const P& vtheta, T* vy, scratch& s) const {
    for (std::size_t first = 0; first < samples; first += w) {
      const std::size_t n = std::min(w, samples - first);
      to_strip(x + first * size_[0], size_[0], n, s.x[0].data());
      to_strip(vx + first * size_[0], size_[0], n, s.v[0].data());
      for_each_index<depth>([&](auto l) {
        const auto& [vw, vb] = std::get<l>(vtheta);
        affine<l>().jvp(std::get<l>(theta).w.data(), vw.data(), vb.data(), at<l>(saved, s, first),
                        s.v[l].data(), at<l + 1>(saved, s, first), s.v[l + 1].data(),
                        activation<l + 1>());
      });
      from_strip(s.v[depth].data(), size_[depth], n, vy + first * size_[depth],
                 [](T& to, T value) { to = value; });
    }
  }

 private:
  template <std::size_t L>
  auto affine() const {
    return affine_strip<T, fixed[L + 1], fixed[L]>(size_[L + 1], size_[L]);
  }

  /// σ makes the inner layers; the ends are what they are.
  template <std::size_t L>
  static auto activation() {
    if constexpr (L == 0 || L == depth)
      return activations::identity{};
    else
      return Activation{};
  }

  /// h_l on the strip that starts at sample `first`.
  template <std::size_t L, class Tape>
  auto at(Tape& saved, scratch& s, std::size_t first) const {
    if constexpr (L == 0 || L == depth)
      return s.x[L].data();
    else
      return std::get<L - 1>(saved).data() + first * size_[L];
  }

  std::array<std::size_t, depth + 1> size_;
};

}  // namespace kutta::detail
