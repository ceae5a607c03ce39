// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Convolution of images of floats in device memory by cuDNN, where KUTTA_CUDNN is defined.
///
/// Its algorithms and their memory are chosen in `make_scratch`, of those whose results are the
/// same bits every time. Where it has none, or pads as ours does not (more zeros behind than in
/// front), and for passes on fewer samples than the scratch was made for, our own kernels do the
/// work.

#if defined(__CUDACC__) && defined(KUTTA_CUDNN)

#  include <algorithm>
#  include <array>
#  include <cstddef>
#  include <limits>

#  include <kutta/cuda/buffer.hpp>
#  include <kutta/cuda/convolution_kernels.hpp>
#  include <kutta/cuda/cudnn.hpp>
#  include <kutta/cuda/direct_convolution.hpp>
#  include <kutta/cuda/elementwise.hpp>
#  include <kutta/cuda/factors.hpp>
#  include <kutta/layers/image_shape.hpp>
#  include <kutta/layers/matrix_kernels.hpp>
#  include <kutta/layers/packed_weights.hpp>
#  include <kutta/tensor/array.hpp>

namespace kutta {

class worker_pool;

namespace cuda::detail {

/// An algorithm of cuDNN and the bytes it works in, if there is one.
template <class Algorithm>
struct cudnn_way {
  bool found = false;
  Algorithm algorithm{};
  std::size_t bytes = 0;
};

/// The first that cuDNN expects to be fast, gives the same bits every time and is as exact as
/// `how` says. `get` and `size` ask cuDNN about the map of a and b to c.
template <class Algorithm, class Found, class A, class B, class C>
cudnn_way<Algorithm> find_way(
    cudnnStatus_t (*get)(cudnnHandle_t, A, B, cudnnConvolutionDescriptor_t, C, int, int*, Found*),
    cudnnStatus_t (*size)(cudnnHandle_t, A, B, cudnnConvolutionDescriptor_t, C, Algorithm,
                          std::size_t*),
    A a, B b, const cudnn_correlation& how, C c, cudnnMathType_t math) {
  const cudnnHandle_t handle = cudnn_handle();
  std::array<Found, 8> ways;
  int count = 0;
  if (get(handle, a, b, how.get(), c, static_cast<int>(ways.size()), &count, ways.data()) !=
      CUDNN_STATUS_SUCCESS)
    return {};
  for (int i = 0; i < count; ++i) {
    const Found& one = ways[static_cast<std::size_t>(i)];
    const bool rounds = one.mathType == CUDNN_TENSOR_OP_MATH ||
                        one.mathType == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;
    std::size_t bytes = 0;
    if (one.status == CUDNN_STATUS_SUCCESS && one.determinism == CUDNN_DETERMINISTIC &&
        !(math == CUDNN_FMA_MATH && rounds) &&
        size(handle, a, b, how.get(), c, one.algo, &bytes) == CUDNN_STATUS_SUCCESS)
      return {true, one.algo, bytes};
  }
  return {};
}

/// `direct_convolution<float>` with cuDNN's kernels where they serve.
class cudnn_convolution {
  using axis = kutta::detail::strided_axis;

  /// The ways for factors that are rounded, or not.
  struct plan {
    cudnn_correlation how;
    cudnn_way<cudnnConvolutionFwdAlgo_t> forward;
    cudnn_way<cudnnConvolutionBwdDataAlgo_t> data;
    cudnn_way<cudnnConvolutionBwdFilterAlgo_t> filter;

    std::size_t bytes() const { return std::max({forward.bytes, data.bytes, filter.bytes}); }
  };

 public:
  struct scratch {
    direct_convolution<float>::scratch direct;
    std::size_t samples;  ///< that the plans are for
    cudnn_tensor x, y;
    cudnn_filter w;
    plan exact, rounded;
    buffer<char> workspace;
    buffer<float> weights;  ///< in cuDNN's order, or their gradient

    std::size_t heap_bytes() const {
      return direct.heap_bytes() + workspace.heap_bytes() + weights.heap_bytes();
    }
  };

  cudnn_convolution(const axis& y, const axis& x, std::size_t in, std::size_t out)
      : y_(y), x_(x), direct_(y, x, in, out), order_(direct_.order(true)) {}

  const layers::image_shape& in() const { return direct_.in(); }
  const layers::image_shape& out() const { return direct_.out(); }
  std::size_t weights() const { return direct_.weights(); }

  /// For passes on up to so many samples.
  /// @throws cuda_error if cuDNN cannot be started, or the device has no memory left.
  scratch make_scratch(std::size_t samples) const {
    scratch s{direct_.make_scratch(samples), samples, {}, {}, {}, {}, {}, {},
              buffer<float>(weights())};
    if (samples == 0 || samples * std::max(in().size(), out().size()) > most || !centred(y_) ||
        !centred(x_))
      return s;
    describe(s.x, samples, in());
    describe(s.y, samples, out());
    check(cudnnSetFilter4dDescriptor(s.w.get(), CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC,
                                     to_int(out().channels), to_int(in().channels),
                                     to_int(y_.kernel), to_int(x_.kernel)),
          "cudnnSetFilter4dDescriptor");
    make_plan(s.exact, s, CUDNN_FMA_MATH);
    make_plan(s.rounded, s, CUDNN_DEFAULT_MATH);
    s.workspace = buffer<char>(std::max(s.exact.bytes(), s.rounded.bytes()));
    return s;
  }

  /// y ← b + w ∗ x for n samples; b may be null. Reordering the weights takes 8 bytes of traffic
  /// each and a launch, as in `vjp`.
  void forward(const float* weights, const float* b, const float* x, float* y, std::size_t n,
               scratch& s, worker_pool* = nullptr) const {
    const plan& p = plan_of(s);
    if (n != s.samples || !p.forward.found) return direct_.forward(weights, b, x, y, n, s.direct);
    if (b) {
      using row = kutta::detail::one_column<kutta::detail::repeat_row<float>>;
      cuda::detail::for_each_pair(n * out().pixels(), out().channels, row{{b, y, out().channels}});
    }
    correlate(p, weights, x, y, b != nullptr, s);
  }
  /// y += w ∗ x.
  void add_forward(const float* weights, const float* x, float* y, std::size_t n, scratch& s,
                   worker_pool* = nullptr) const {
    const plan& p = plan_of(s);
    if (n != s.samples || !p.forward.found) return direct_.add_forward(weights, x, y, n, s.direct);
    correlate(p, weights, x, y, true, s);
  }
  /// dx += wᵀ ∗ dy,   dw += Σ_samples x ∗ dy,   db += Σ_{samples, pixels} dy. What is null of dx,
  /// dw and db is not computed.
  void vjp(const float* weights, const float* x, const float* dy, float* dx, float* dw, float* db,
           std::size_t n, scratch& s, worker_pool* = nullptr) const {
    const plan& p = plan_of(s);
    const bool ours = n != s.samples, data = dx && !ours && p.data.found,
               filter = dw && !ours && p.filter.found;
    const float one = 1, zero = 0;
    if (data) {
      read_weights(weights, s);
      check(cudnnConvolutionBackwardData(
                cudnn_handle(), &one, s.w.get(), s.weights.data(), s.y.get(), dy, p.how.get(),
                p.data.algorithm, s.workspace.data(), s.workspace.size(), &one, s.x.get(), dx),
            "cudnnConvolutionBackwardData");
    }
    if (filter) {
      check(cudnnConvolutionBackwardFilter(cudnn_handle(), &one, s.x.get(), x, s.y.get(), dy,
                                           p.how.get(), p.filter.algorithm, s.workspace.data(),
                                           s.workspace.size(), &zero, s.w.get(), s.weights.data()),
            "cudnnConvolutionBackwardFilter");
      for_each_index(this->weights(), add_reordered_weights<float>{order_, s.weights.data(), dw});
    }
    direct_.vjp(weights, x, dy, data ? nullptr : dx, filter ? nullptr : dw, db, n, s.direct);
  }

 private:
  static constexpr auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());

  static int to_int(std::size_t n) { return static_cast<int>(n); }
  static const plan& plan_of(const scratch& s) {
    return current_factors() == factors::exact ? s.exact : s.rounded;
  }

  /// Whether as many pixels come out with as many zeros behind as in front.
  static bool centred(const axis& a) {
    const std::size_t padded = a.n + 2 * a.front;
    return padded >= a.kernel && (padded - a.kernel) / a.stride + 1 == a.out;
  }

  static void describe(const cudnn_tensor& t, std::size_t n, const layers::image_shape& s) {
    check(cudnnSetTensor4dDescriptor(t.get(), CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, to_int(n),
                                     to_int(s.channels), to_int(s.height), to_int(s.width)),
          "cudnnSetTensor4dDescriptor");
  }

  void make_plan(plan& p, const scratch& s, cudnnMathType_t math) const {
    check(cudnnSetConvolution2dDescriptor(p.how.get(), to_int(y_.front), to_int(x_.front),
                                          to_int(y_.stride), to_int(x_.stride), 1, 1,
                                          CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
          "cudnnSetConvolution2dDescriptor");
    check(cudnnSetConvolutionMathType(p.how.get(), math), "cudnnSetConvolutionMathType");
    p.forward =
        find_way(cudnnGetConvolutionForwardAlgorithm_v7, cudnnGetConvolutionForwardWorkspaceSize,
                 s.x.get(), s.w.get(), p.how, s.y.get(), math);
    p.data = find_way(cudnnGetConvolutionBackwardDataAlgorithm_v7,
                      cudnnGetConvolutionBackwardDataWorkspaceSize, s.w.get(), s.y.get(), p.how,
                      s.x.get(), math);
    p.filter = find_way(cudnnGetConvolutionBackwardFilterAlgorithm_v7,
                        cudnnGetConvolutionBackwardFilterWorkspaceSize, s.x.get(), s.y.get(), p.how,
                        s.w.get(), math);
  }

  void read_weights(const float* weights, scratch& s) const {
    for_each_index(this->weights(), reorder_weights<float>{order_, weights, s.weights.data()});
  }

  /// y ← w ∗ x, or with `add` y += w ∗ x.
  void correlate(const plan& p, const float* weights, const float* x, float* y, bool add,
                 scratch& s) const {
    read_weights(weights, s);
    const float one = 1, beta = add ? 1.F : 0.F;
    check(cudnnConvolutionForward(cudnn_handle(), &one, s.x.get(), x, s.w.get(), s.weights.data(),
                                  p.how.get(), p.forward.algorithm, s.workspace.data(),
                                  s.workspace.size(), &beta, s.y.get(), y),
          "cudnnConvolutionForward");
  }

  axis y_, x_;
  direct_convolution<float> direct_;
  weight_order order_;
};

}  // namespace cuda::detail
}  // namespace kutta

#endif
