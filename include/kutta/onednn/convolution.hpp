// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Convolutions of images in host memory by oneDNN, whose Winograd kernels need fewer
/// multiplications: faster than ours where there are many channels.
///
///     kutta::onednn::conv2d<Eigen::MatrixXf> conv({8, 8, 64}, 64);     // a layers::conv2d

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include <kutta/layers/conv2d.hpp>
#include <kutta/layers/image_shape.hpp>
#include <kutta/layers/packed_weights.hpp>
#include <kutta/onednn/operand.hpp>
#include <kutta/tensor/array.hpp>
#include <kutta/tensor/tensor.hpp>

namespace kutta {

class worker_pool;

namespace onednn {

namespace detail {

using memory_desc = dnnl::memory::desc;
using arguments = std::unordered_map<int, dnnl::memory>;

/// A primitive made of such arguments; `hint`: the one of the forward pass, for the others. Its
/// temporaries are handed to it: memory that oneDNN keeps for them belongs to the thread that made
/// the primitive, and another thread that runs it would have none.
template <class Primitive, class... Argument>
auto described(const std::tuple<Argument...>& how, const auto&... hint) {
  using description = typename Primitive::primitive_desc;
  dnnl::primitive_attr own_temporaries;
  own_temporaries.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return std::apply(
      [&](const auto&... a) {
#if DNNL_VERSION_MAJOR >= 3
        return description(processor(), a..., hint..., own_temporaries);
#else
        return description(typename Primitive::desc(a...), own_temporaries, processor(), hint...);
#endif
      },
      how);
}

/// The arrays of a convolution in our layout: images NHWC, weights [ky][kx][in][out].
struct convolution_arrays {
  memory_desc x, y, w, b;
};

struct forward_pass {
  using primitive = dnnl::convolution_forward;

  input x, w, b;
  output y;
  dnnl::memory temporaries;
  primitive run;
  arguments all;

  forward_pass(const convolution_arrays& ours, const primitive::primitive_desc& made)
      : x(ours.x, made.src_desc()),
        w(ours.w, made.weights_desc()),
        b(ours.b, made.bias_desc()),
        y(ours.y, made.dst_desc()),
        temporaries(made.scratchpad_desc(), processor()),
        run(made),
        all{{DNNL_ARG_SRC, x.memory()},
            {DNNL_ARG_WEIGHTS, w.memory()},
            {DNNL_ARG_BIAS, b.memory()},
            {DNNL_ARG_DST, y.memory()},
            {DNNL_ARG_SCRATCHPAD, temporaries}} {}

  std::size_t heap_bytes() const {
    return x.heap_bytes() + w.heap_bytes() + b.heap_bytes() + y.heap_bytes() +
           temporaries.get_desc().get_size();
  }
};

struct image_gradient {
  using primitive = dnnl::convolution_backward_data;

  input dy, w;
  output dx;
  dnnl::memory temporaries;
  primitive run;
  arguments all;

  image_gradient(const convolution_arrays& ours, const primitive::primitive_desc& made)
      : dy(ours.y, made.diff_dst_desc()),
        w(ours.w, made.weights_desc()),
        dx(ours.x, made.diff_src_desc()),
        temporaries(made.scratchpad_desc(), processor()),
        run(made),
        all{{DNNL_ARG_DIFF_DST, dy.memory()},
            {DNNL_ARG_WEIGHTS, w.memory()},
            {DNNL_ARG_DIFF_SRC, dx.memory()},
            {DNNL_ARG_SCRATCHPAD, temporaries}} {}

  std::size_t heap_bytes() const {
    return dy.heap_bytes() + w.heap_bytes() + dx.heap_bytes() + temporaries.get_desc().get_size();
  }
};

struct weight_gradient {
  using primitive = dnnl::convolution_backward_weights;

  input x, dy;
  output dw, db;
  dnnl::memory temporaries;
  primitive run;
  arguments all;

  weight_gradient(const convolution_arrays& ours, const primitive::primitive_desc& made)
      : x(ours.x, made.src_desc()),
        dy(ours.y, made.diff_dst_desc()),
        dw(ours.w, made.diff_weights_desc()),
        db(ours.b, made.diff_bias_desc()),
        temporaries(made.scratchpad_desc(), processor()),
        run(made),
        all{{DNNL_ARG_SRC, x.memory()},
            {DNNL_ARG_DIFF_DST, dy.memory()},
            {DNNL_ARG_DIFF_WEIGHTS, dw.memory()},
            {DNNL_ARG_DIFF_BIAS, db.memory()},
            {DNNL_ARG_SCRATCHPAD, temporaries}} {}

  std::size_t heap_bytes() const {
    return x.heap_bytes() + dy.heap_bytes() + dw.heap_bytes() + db.heap_bytes() +
           temporaries.get_desc().get_size();
  }
};

}  // namespace detail

/// The kernels of a `layers::conv2d`, with the interface of `kutta::detail::convolution`.
///
/// The algorithm is oneDNN's choice for the shapes. Where it wants another layout than ours, images
/// are copied to it and from it. It takes threads of its own (`OMP_NUM_THREADS`), not those of
/// `workers`; with another number of them sums may be added in another order.
class convolution {
  struct passes {
    std::size_t samples;
    detail::forward_pass forward;
    detail::image_gradient by_images;
    detail::weight_gradient by_weights;
  };

 public:
  /// What oneDNN made for a number of samples: a call with another number has it made anew.
  class scratch {
   public:
    scratch() = default;
    scratch(scratch&&) = default;
    scratch& operator=(scratch&&) = default;

    std::size_t heap_bytes() const {
      return zeros_.capacity() * sizeof(float) +
             (made_ ? made_->forward.heap_bytes() + made_->by_images.heap_bytes() +
                          made_->by_weights.heap_bytes()
                    : 0);
    }

   private:
    friend convolution;
    dnnl::stream stream_{processor()};
    std::optional<passes> made_;
    std::vector<float> zeros_;  ///< the bias of what has none
  };

  convolution(const kutta::detail::strided_axis& y, const kutta::detail::strided_axis& x,
              std::size_t in, std::size_t out)
      : y_(y), x_(x), in_{y.n, x.n, in}, out_{y.out, x.out, out} {}

  const layers::image_shape& in() const { return in_; }
  const layers::image_shape& out() const { return out_; }
  std::size_t weights() const { return y_.kernel * x_.kernel * in_.channels * out_.channels; }

  /// @throws std::runtime_error if oneDNN has no kernel for these shapes.
  scratch make_scratch(std::size_t samples) const {
    scratch s;
    s.zeros_.assign(out_.channels, 0.f);
    if (samples > 0) make(samples, s);
    return s;
  }

  /// y ← b + w ∗ x for n samples; b may be null.
  void forward(const float* w, const float* b, const float* x, float* y, std::size_t n, scratch& s,
               worker_pool* = nullptr) const {
    run_forward(w, b, x, y, n, s, false);
  }
  /// y += w ∗ x.
  void add_forward(const float* w, const float* x, float* y, std::size_t n, scratch& s,
                   worker_pool* = nullptr) const {
    run_forward(w, nullptr, x, y, n, s, true);
  }
  /// dx += wᵀ ∗ dy,   dw += Σ_samples x ∗ dy,   db += Σ_{samples, pixels} dy. What is null of dx,
  /// dw and db is not computed.
  void vjp(const float* w, const float* x, const float* dy, float* dx, float* dw, float* db,
           std::size_t n, scratch& s, worker_pool* = nullptr) const {
    if (n == 0) return;
    passes& all = made_for(n, s);
    if (dx) {
      auto& p = all.by_images;
      p.dy.read(dy, s.stream_);
      p.w.read(w, s.stream_);
      p.dx.begin(dx, true);
      p.run.execute(s.stream_, p.all);
      p.dx.end(true, s.stream_);
    }
    if (dw || db) {
      auto& p = all.by_weights;
      p.x.read(x, s.stream_);
      p.dy.read(dy, s.stream_);
      p.dw.begin(dw, true);
      p.db.begin(db, true);
      p.run.execute(s.stream_, p.all);
      if (dw) p.dw.end(true, s.stream_);
      if (db) p.db.end(true, s.stream_);
    }
    s.stream_.wait();
  }

 private:
  void run_forward(const float* w, const float* b, const float* x, float* y, std::size_t n,
                   scratch& s, bool add) const {
    if (n == 0) return;
    auto& p = made_for(n, s).forward;
    p.x.read(x, s.stream_);
    p.w.read(w, s.stream_);
    p.b.read(b ? b : s.zeros_.data(), s.stream_);
    p.y.begin(y, add);
    p.run.execute(s.stream_, p.all);
    p.y.end(add, s.stream_);
    s.stream_.wait();
  }

  passes& made_for(std::size_t n, scratch& s) const {
    if (!s.made_ || s.made_->samples != n) make(n, s);
    return *s.made_;
  }

  void make(std::size_t n, scratch& s) const try {
    using dnnl::memory;
    using tag = memory::format_tag;
    constexpr auto type = memory::data_type::f32;
    const memory::dims x{dim(n), dim(in_.channels), dim(in_.height), dim(in_.width)};
    const memory::dims y{dim(n), dim(out_.channels), dim(out_.height), dim(out_.width)};
    const memory::dims w{dim(out_.channels), dim(in_.channels), dim(y_.kernel), dim(x_.kernel)};
    const memory::dims b{dim(out_.channels)};
    const detail::convolution_arrays ours{
        {x, type, tag::nhwc}, {y, type, tag::nhwc}, {w, type, tag::hwio}, {b, type, tag::a}};
    const detail::memory_desc any_x(x, type, tag::any), any_y(y, type, tag::any),
        any_w(w, type, tag::any);
    const memory::dims strides{dim(y_.stride), dim(x_.stride)};
    const memory::dims front{dim(y_.front), dim(x_.front)},
        behind{zeros_behind(y_), zeros_behind(x_)};
    constexpr auto best = dnnl::algorithm::convolution_auto;

    const auto forward = detail::described<dnnl::convolution_forward>(
        std::tuple(dnnl::prop_kind::forward_training, best, any_x, any_w, ours.b, any_y, strides,
                   front, behind));
    const auto by_images = detail::described<dnnl::convolution_backward_data>(
        std::tuple(best, any_x, any_w, any_y, strides, front, behind), forward);
    const auto by_weights = detail::described<dnnl::convolution_backward_weights>(
        std::tuple(best, any_x, any_w, ours.b, any_y, strides, front, behind), forward);
    s.made_.reset();
    s.made_.emplace(n, detail::forward_pass(ours, forward), detail::image_gradient(ours, by_images),
                    detail::weight_gradient(ours, by_weights));
  } catch (const dnnl::error& e) {
    throw std::runtime_error("onednn: no convolution of " + std::to_string(n) +
                             " images of shape " + shape_text(in_) + " to " + shape_text(out_) +
                             ": " + e.message);
  }

  static dnnl::memory::dim dim(std::size_t n) { return static_cast<dnnl::memory::dim>(n); }
  /// As many as the last output needs.
  static dnnl::memory::dim zeros_behind(const kutta::detail::strided_axis& a) {
    return std::max<dnnl::memory::dim>(dim((a.out - 1) * a.stride + a.kernel) - dim(a.n + a.front),
                                       0);
  }

  kutta::detail::strided_axis y_, x_;
  layers::image_shape in_, out_;
};

/// A convolution of float images in host memory, by oneDNN.
template <host_array X, bool Bias = false>
  requires std::same_as<scalar_t<X>, float>
using conv2d = layers::conv2d<X, Bias, convolution>;

}  // namespace onednn
}  // namespace kutta
