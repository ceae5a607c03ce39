// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A fully connected network on Eigen matrices, one sample a column.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include <Eigen/Core>

#include <kutta/eigen/mlp_products.hpp>
#include <kutta/eigen/mlp_strips.hpp>
#include <kutta/eigen/tensor.hpp>
#include <kutta/layers/activation.hpp>
#include <kutta/layers/affine_strips.hpp>
#include <kutta/layers/initialisers.hpp>
#include <kutta/layers/layer.hpp>
#include <kutta/tensor/heap_bytes.hpp>
#include <kutta/tensor/index.hpp>
#include <kutta/tensor/product.hpp>
#include <kutta/tensor/shape.hpp>

namespace kutta {

/// The parameters of y = W x + b.
template <std::floating_point T, int Out = Eigen::Dynamic, int In = Eigen::Dynamic>
struct affine_params {
  Eigen::Matrix<T, Out, In> w;
  Eigen::Matrix<T, Out, 1> b;

  static constexpr auto fields =
      std::tuple{field{"w", &affine_params::w}, field{"b", &affine_params::b}};
};

namespace layers {

/// The widths of a network; those that are Eigen::Dynamic are given to its constructor.
template <int... N>
struct sizes {
  static constexpr std::size_t count = sizeof...(N);
  static constexpr int values[count] = {N...};
};

/// x ↦ W_L σ(… σ(W_1 x + b_1) …) + b_L: affine maps with σ between them, none behind the last.
///
///     mlp net{2, 50, 2};                       // double, sizes at run time
///     mlp<float, sizes<2, 50, 2>> net;         // float, sizes known to the compiler
///
/// Shapes: x (n_0 × samples), W_l (n_l × n_{l−1}), b_l (n_l). A residual where n_L = n_0.
/// FLOPs: 2 Σ n_l n_{l−1} a sample forward, twice that in reverse. `Batch` fixes the number of
/// samples at compile time, for single ones.
template <std::floating_point T, class Sizes, class Activation = activations::tanh,
          int Batch = Eigen::Dynamic>
class mlp;

template <std::floating_point T, int... N, class Activation, int Batch>
class mlp<T, sizes<N...>, Activation, Batch> {
  static constexpr std::size_t depth = sizeof...(N) - 1;
  static_assert(depth >= 1, "an mlp has at least two sizes: its input and its output");
  static constexpr int n[depth + 1] = {N...};

  template <std::size_t... L>
  static std::tuple<affine_params<T, n[L + 1], n[L]>...> params_of(std::index_sequence<L...>);
  template <std::size_t... L>
  static std::tuple<Eigen::Matrix<T, n[L + 1], Batch>...> hidden_of(std::index_sequence<L...>);
  using products = detail::mlp_products<T, Activation, depth>;

 public:
  static constexpr bool samples_independent = true;

  using input = Eigen::Matrix<T, n[0], Batch>;
  using output = Eigen::Matrix<T, n[depth], Batch>;
  using state = std::conditional_t<std::same_as<input, output>, input, void>;
  using params = decltype(params_of(std::make_index_sequence<depth>{}));
  using tape = decltype(hidden_of(std::make_index_sequence<depth - 1>{}));  ///< σ(…), inner layers

  /// The adjoints of the inner layers and transposed weights, or the temporaries of `mlp_strips`.
  struct scratch {
    tape inner;
    typename products::scratch of_theta;
    typename detail::mlp_strips<T, Activation, N...>::scratch strips;

    std::size_t heap_bytes() const {
      return kutta::heap_bytes(inner, of_theta.transposed, strips.x, strips.v, strips.sums);
    }
  };

  constexpr mlp()
    requires((N != Eigen::Dynamic) && ...)
      : sizes_{N...} {}

  /// @throws std::invalid_argument if a width is not positive, or not the one in the type.
  template <std::integral... I>
    requires(sizeof...(I) == sizeof...(N))
  constexpr explicit mlp(I... width) : sizes_{static_cast<Eigen::Index>(width)...} {
    for (std::size_t l = 0; l <= depth; ++l)
      if (sizes_[l] < 1 || (n[l] != Eigen::Dynamic && sizes_[l] != n[l]))
        throw std::invalid_argument(
            "mlp: width " + std::to_string(l) + " must be " +
            (n[l] == Eigen::Dynamic ? std::string("at least 1") : std::to_string(n[l])) + ", got " +
            std::to_string(sizes_[l]));
  }

  /// The same network with other weights to begin with.
  constexpr mlp with_weights(const initialiser& weights) const {
    mlp net = *this;
    net.weights_ = weights;
    return net;
  }

  /// Weights as the initialiser has them, by default `xavier_normal`; biases zero.
  template <std::uniform_random_bit_generator G>
  params make_params(G& generator) const {
    params theta;
    detail::for_each_index<depth>([&](auto l) {
      auto& [w, b] = std::get<l>(theta);
      const auto rows = sizes_[l + 1], cols = sizes_[l];
      w.resize(rows, cols);
      initialise(weights_, {1, static_cast<std::size_t>(cols), static_cast<std::size_t>(rows)},
                 w.data(), generator);
      b.setZero(rows);
    });
    return theta;
  }

  output make_output(const params&, const input& x) const {
    return output::Zero(sizes_[depth], x.cols());
  }

  /// @throws std::invalid_argument if theta or x does not have the widths of this network.
  tape make_tape(const params& theta, const input& x) const {
    require_widths(theta, x);
    tape saved;
    const Eigen::Index cols =
        by_strips(x)
            ? static_cast<Eigen::Index>(detail::strip_count<T>(cols_of(x)) * detail::strip<T>)
            : x.cols();
    detail::for_each_index<depth - 1>(
        [&](auto l) { std::get<l>(saved).setZero(sizes_[l + 1], cols); });
    return saved;
  }
  scratch make_scratch(const params& theta, const input& x) const {
    if (by_strips(x)) return {{}, {}, strips().make_scratch()};
    if (by_products(x)) return {make_tape(theta, x), products::make_scratch(sizes_), {}};
    return {make_tape(theta, x), {}, {}};
  }

  void forward(const params& theta, const input& x, output& y, tape& saved,
               const context<mlp>& context) const {
    if (by_strips(x))
      return strips().forward(theta, x.data(), cols_of(x), y.data(), saved, context.scratch.strips);
    if (by_products(x)) return products::forward(theta, x, y, saved);
    const auto biased = [](T z, T b) { return Activation{}(z + b); };
    detail::for_each_index<depth>([&](auto l) {
      const auto& [w, b] = std::get<l>(theta);
      auto& z = at<l + 1>(saved, y);
      z.noalias() = w * at<l>(saved, x);
      if constexpr (l + 1 < depth)
        for (Eigen::Index c = 0; c < z.cols(); ++c)  // a plain loop: both compilers vectorise it
          detail::map_n(z.col(c).data(), static_cast<std::size_t>(z.rows()), biased,
                        z.col(c).data(), b.data());
      else
        z.colwise() += b;
    });
  }

  /// With g_l the adjoint of W_l h_{l−1} + b_l:   dW_l += g_l h_{l−1}ᵀ,   db_l += g_l 1,
  /// g_{l−1} = σ'(h_{l−1}) ∘ W_lᵀ g_l.
  void vjp(const params& theta, const input& x, const tape& saved, const output& dy, input& dx,
           params& dtheta, const context<mlp>& context) const {
    if (by_strips(x))
      return strips().vjp(theta, x.data(), cols_of(x), saved, dy.data(), dx.data(), dtheta,
                          context.scratch.strips);
    if (by_products(x))
      return products::vjp(theta, context.theta_key, x, saved, dy, dx, dtheta,
                           context.scratch.inner, context.scratch.of_theta);
    auto& g = context.scratch.inner;
    detail::for_each_index_reversed<depth>([&](auto l) {
      const auto& w = std::get<l>(theta).w;
      auto& [dw, db] = std::get<l>(dtheta);
      const auto& gl = at<l + 1>(g, dy);
      const auto& h = at<l>(saved, x);
      if (h.cols() == 1)  // an outer product, which Eigen would send through its matrix product
        dw.noalias() += gl.col(0) * h.col(0).transpose();
      else
        dw.noalias() += gl * h.transpose();
      db.noalias() += gl.rowwise().sum();
      if constexpr (l == 0) {
        dx.noalias() += w.transpose() * gl;
      } else {
        auto& gh = std::get<l - 1>(g);
        gh.noalias() = w.transpose() * gl;
        gh.array() *= h.array().unaryExpr([](T v) { return Activation::derivative(v); });
      }
    });
  }

  /// vz = W vh + vW h + vb,   vh = σ'(h) ∘ vz.
  void jvp(const params& theta, const input& x, const tape& saved, const input& vx,
           const params& vtheta, output& vy, const context<mlp>& context) const {
    if (by_strips(x))
      return strips().jvp(theta, x.data(), cols_of(x), saved, vx.data(), vtheta, vy.data(),
                          context.scratch.strips);
    if (by_products(x))
      return products::jvp(theta, x, saved, vx, vtheta, vy, context.scratch.inner);
    auto& v = context.scratch.inner;
    detail::for_each_index<depth>([&](auto l) {
      const auto& [vw, vb] = std::get<l>(vtheta);
      auto& vz = at<l + 1>(v, vy);
      vz.noalias() = std::get<l>(theta).w * at<l>(v, vx);
      vz.noalias() += vw * at<l>(saved, x);
      vz.colwise() += vb;
      if constexpr (l + 1 < depth)
        vz.array() *=
            std::get<l>(saved).array().unaryExpr([](T h) { return Activation::derivative(h); });
    });
  }

 private:
  void require_widths(const params& theta, const input& x) const {
    const auto require = [](const std::string& what, const auto& m, Eigen::Index rows,
                            Eigen::Index cols) {
      if (m.rows() != rows || m.cols() != cols)
        throw std::invalid_argument("mlp: expected " + what + " of shape (" + std::to_string(rows) +
                                    ", " + std::to_string(cols) + "), got " + shape_text(m));
    };
    require("x", x, sizes_[0], x.cols());
    detail::for_each_index<depth>([&](auto l) {
      const std::string name = "theta[" + std::to_string(l) + "]";
      require(name + ".w", std::get<l>(theta).w, sizes_[l + 1], sizes_[l]);
      require(name + ".b", std::get<l>(theta).b, sizes_[l + 1], 1);
    });
  }

  /// Small networks on batches go through `mlp_strips`, those of medium size through
  /// `mlp_products`; single samples and large networks through Eigen.
  static constexpr std::size_t most_weights_on_strips = 1024;
  static constexpr std::size_t most_bytes_in_products = std::size_t{1} << 20;  ///< of a layer
  static constexpr Eigen::Index fewest_samples_in_products = 4;

  bool by_strips(const input& x) const {
    if constexpr (Batch != Eigen::Dynamic)
      return false;
    else
      return 2 * cols_of(x) >= detail::strip<T> && strips().weights() <= most_weights_on_strips;
  }
  bool by_products(const input& x) const {
    if constexpr (Batch != Eigen::Dynamic)
      return false;
    else
      return x.cols() >= fewest_samples_in_products &&
             static_cast<std::size_t>(products::largest(sizes_)) * sizeof(T) <=
                 most_bytes_in_products;
  }
  auto strips() const { return detail::mlp_strips<T, Activation, N...>(sizes_); }
  static std::size_t cols_of(const input& x) { return static_cast<std::size_t>(x.cols()); }

  /// h_l: the end itself for l = 0 or L, the inner layer's matrix otherwise.
  template <std::size_t L, class Inner, class End>
  static auto& at(Inner& inner, End& end) {
    if constexpr (L == 0 || L == depth)
      return end;
    else
      return std::get<L - 1>(inner);
  }

  std::array<Eigen::Index, depth + 1> sizes_;
  initialiser weights_ = initialisers::xavier_normal();
};

template <std::integral... I>
mlp(I...) -> mlp<double, sizes<((void)I{}, Eigen::Dynamic)...>>;

}  // namespace layers
}  // namespace kutta
