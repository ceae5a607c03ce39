// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Products of matrices in device memory, by cuBLAS.
///
///     cuda::blas blas(cuda::blas::usual_workspace);
///     blas.add({x, 128, 64}, {w, 64, 10}, y);                         // Y += X W
///     blas.add(row_major<float>{x, 128, 64}.transpose(), {dy, 128, 10}, dw);   // dW += Xᵀ dY
///
/// A program that uses them links cuBLAS (in CMake `kutta::cuda` does). On a host system they are
/// the products of the host.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#ifdef __CUDACC__
#  include <cublas_v2.h>
#endif

#include <kutta/cuda/buffer.hpp>
#include <kutta/cuda/error.hpp>
#include <kutta/cuda/factors.hpp>
#include <kutta/cuda/library_handle.hpp>
#include <kutta/cuda/stream.hpp>
#include <kutta/layers/matrix_kernels.hpp>

namespace kutta::cuda {

#ifdef __CUDACC__
/// @throws cuda_error unless `status`, the result of `call`, is success.
inline void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  cudaGetLastError();
  throw cuda_error(call, cublasGetStatusString(status), static_cast<int>(status));
}

namespace detail {

struct blas_library {
  using handle = cublasHandle_t;

  static handle create() {
    handle h = nullptr;
    check(cublasCreate(&h), "cublasCreate");
    return h;
  }
  static void destroy(handle h) { cublasDestroy(h); }
};

inline cublasHandle_t blas_handle() {
  return library_handle<blas_library>();
}

}  // namespace detail
#endif

/// Equally many numbers from one matrix to the next, in a product of `count` pairs.
struct repeated {
  std::size_t count = 1, a = 0, b = 0, c = 0;
};

/// Products of matrices, queued on the current stream. Holds the memory that cuBLAS works in, so
/// that no call takes any: it serves one stream, or one graph, at a time, and a graph needs it as
/// long as it is replayed. To be made by the thread that uses it: the first product of another
/// thread sets up cuBLAS for that, which waits.
///
/// The same matrices give the same bits, on the same kind of device.
class blas {
 public:
  /// Enough for sums over a long common extent to be cut into parts.
  static constexpr std::size_t usual_workspace = std::size_t(4) << 20;

  /// Without memory: for what will be assigned to.
  blas() = default;
  /// @throws cuda_error if the device has not so many bytes left, or cuBLAS cannot be set up.
  explicit blas([[maybe_unused]] std::size_t workspace_bytes) {
#ifdef __CUDACC__
    workspace_ = buffer<unsigned char>(workspace_bytes);
    detail::blas_handle();  // which takes memory: not in a pass
#endif
  }

  /// C ← A B, of rows(A) × columns(B) numbers, row after row; C overlaps neither. `repeat` says how
  /// far the matrices of the next product are.
  /// @throws cuda_error if cuBLAS refuses.
  template <std::floating_point T>
  void assign(const row_major<T>& a, const row_major<T>& b, T* c,
              const repeated& repeat = {}) const {
    multiply(a, b, false, c, repeat);
  }
  /// C ← C + A B.
  template <std::floating_point T>
  void add(const row_major<T>& a, const row_major<T>& b, T* c, const repeated& repeat = {}) const {
    multiply(a, b, true, c, repeat);
  }

  std::size_t heap_bytes() const { return workspace_.heap_bytes(); }

 private:
  template <std::floating_point T>
  void multiply(const row_major<T>& a, const row_major<T>& b, bool add, T* c,
                const repeated& repeat) const {
    if (a.rows == 0 || b.columns == 0 || repeat.count == 0 || (add && a.columns == 0)) return;
#ifdef __CUDACC__
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    constexpr bool single = std::is_same_v<T, float>;
    constexpr cudaDataType_t type = single ? CUDA_R_32F : CUDA_R_64F;
    const cublasComputeType_t compute = single ? of_floats() : CUBLAS_COMPUTE_64F;
    const cublasHandle_t handle = detail::blas_handle();
    check(cublasSetStream(handle, current_stream()), "cublasSetStream");  // forgets the workspace
    if (workspace_.size() > 0)
      check(cublasSetWorkspace(handle, workspace_.data(), workspace_.size()), "cublasSetWorkspace");
    // cuBLAS has matrices column after column, to which ours are transposed: Cᵀ = Bᵀ Aᵀ.
    const auto n = signed_of(b.columns), m = signed_of(a.rows), k = signed_of(a.columns);
    const T one = 1, factor = add ? T(1) : T(0);
    if (repeat.count == 1)
      check(cublasGemmEx_64(handle, operation(b), operation(a), n, m, k, &one, b.data, type,
                            apart(b), a.data, type, apart(a), &factor, c, type, n, compute,
                            CUBLAS_GEMM_DEFAULT),
            "cublasGemmEx");
    else
      check(cublasGemmStridedBatchedEx_64(
                handle, operation(b), operation(a), n, m, k, &one, b.data, type, apart(b),
                signed_of(repeat.b), a.data, type, apart(a), signed_of(repeat.a), &factor, c, type,
                n, signed_of(repeat.c), signed_of(repeat.count), compute, CUBLAS_GEMM_DEFAULT),
            "cublasGemmStridedBatchedEx");
#else
    for (std::size_t i = 0; i < repeat.count; ++i) {
      row_major<T> ai = a, bi = b;
      ai.data += i * repeat.a, bi.data += i * repeat.b;
      kutta::detail::multiply_matrices(ai, bi, add, c + i * repeat.c);
    }
#endif
  }

#ifdef __CUDACC__
  static std::int64_t signed_of(std::size_t n) { return static_cast<std::int64_t>(n); }

  /// How far the rows of what lies in memory are apart.
  template <class T>
  static std::int64_t apart(const row_major<T>& x) {
    const std::size_t n = x.transposed ? x.rows : x.columns;
    return signed_of(n > 0 ? n : 1);
  }
  template <class T>
  static cublasOperation_t operation(const row_major<T>& x) {
    return x.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  }
  static cublasComputeType_t of_floats() {
    switch (detail::current_factors()) {
      case factors::tf32:
        return CUBLAS_COMPUTE_32F_FAST_TF32;
      case factors::bf16:
        return CUBLAS_COMPUTE_32F_FAST_16BF;
      default:
        return CUBLAS_COMPUTE_32F;
    }
  }
#endif

  buffer<unsigned char> workspace_;
};

}  // namespace kutta::cuda
