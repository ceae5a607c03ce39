// SPDX-License-Identifier: Apache-2.0

/// @file
/// Would oneDNN compute the convolutions of `conv.cpp` sooner? Names and `of_peak` as there;
/// contenders:
///
///     kutta       our kernels
///     direct      oneDNN's direct algorithm, on images as ours are laid out
///     winograd    its Winograd algorithm, which wants 16 channels as an axis of their own: images
///                 are reordered from our layout and to it
///
/// Weights are reordered in each call: in a block they are others at each stage.

#include <array>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <kutta/layers/convolution.hpp>
#include <kutta/layers/image_shape.hpp>

#include "support/agreement.hpp"
#include "support/cost.hpp"
#include "support/fma_peak.hpp"
#include "support/report.hpp"

namespace {

using kutta::layers::image_shape;
using numbers = std::vector<float>;

constexpr std::size_t batch = 32;

enum class pass { forward, data_gradient, weight_gradient };

numbers random(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  numbers x(n);
  for (float& v : x) v = normal(generator);
  return x;
}

struct arrays {
  explicit arrays(const image_shape& s)
      : x(random(batch * s.size(), 1)),
        dy(random(batch * s.size(), 2)),
        y(x.size()),
        dx(x.size()),
        w(random(9 * s.channels * s.channels, 3)),
        dw(w.size()) {}

  numbers x, dy, y, dx, w, dw;
};

class by_kutta {
 public:
  by_kutta(const image_shape& s, pass p, arrays& a)
      : pass_(p),
        a_(a),
        kernels_({s.height, s.height, 3, 1, 1}, {s.width, s.width, 3, 1, 1}, s.channels,
                 s.channels),
        scratch_(kernels_.make_scratch(batch)) {}

  void operator()() {
    if (pass_ == pass::forward)
      return kernels_.forward(a_.w.data(), nullptr, a_.x.data(), a_.y.data(), batch, scratch_);
    const bool of_x = pass_ == pass::data_gradient;
    numbers& to = of_x ? a_.dx : a_.dw;  // gradients are added
    to.assign(to.size(), 0.f);
    kernels_.vjp(a_.w.data(), a_.x.data(), a_.dy.data(), of_x ? to.data() : nullptr,
                 of_x ? nullptr : to.data(), nullptr, batch, scratch_);
  }

 private:
  pass pass_;
  arrays& a_;
  kutta::detail::convolution<float> kernels_;
  kutta::detail::convolution<float>::scratch scratch_;
};

/// An array of ours, and the same as a primitive wants it, which may be the same memory.
class operand {
 public:
  operand(const dnnl::memory::desc& ours, const dnnl::memory::desc& theirs,
          const dnnl::engine& engine, numbers& values)
      : ours_(ours, engine, values.data()),
        theirs_(ours == theirs ? ours_ : dnnl::memory(theirs, engine)) {
    if (ours == theirs) return;
    in_ = std::make_unique<dnnl::reorder>(ours_, theirs_);
    out_ = std::make_unique<dnnl::reorder>(theirs_, ours_);
  }

  const dnnl::memory& theirs() const { return theirs_; }
  void read(dnnl::stream& s) {
    if (in_) in_->execute(s, ours_, theirs_);
  }
  void write(dnnl::stream& s) {
    if (out_) out_->execute(s, theirs_, ours_);
  }

 private:
  dnnl::memory ours_, theirs_;
  std::unique_ptr<dnnl::reorder> in_, out_;
};

class by_onednn {
 public:
  by_onednn(const image_shape& s, pass p, bool winograd, arrays& a)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    using dnnl::memory;
    using tag = memory::format_tag;
    const auto dim = [](std::size_t n) { return static_cast<memory::dim>(n); };
    const memory::dims image_dims{dim(batch), dim(s.channels), dim(s.height), dim(s.width)};
    const memory::dims tap_dims{dim(s.channels), dim(s.channels), 3, 3}, ones{1, 1};
    const auto type = memory::data_type::f32;
    const memory::desc images(image_dims, type, tag::nhwc), weights(tap_dims, type, tag::hwio);
    const memory::desc x(image_dims, type, winograd ? tag::any : tag::nhwc);
    const memory::desc w(tap_dims, type, tag::any);
    const auto algorithm =
        winograd ? dnnl::algorithm::convolution_winograd : dnnl::algorithm::convolution_direct;

    const auto use = [&](const dnnl::primitive& primitive, const auto& made,
                         const std::array<std::pair<int, numbers*>, 3>& two_to_one) {
      primitive_ = primitive;
      for (const auto& [argument, values] : two_to_one) {
        const auto& ours = values == &a.w || values == &a.dw ? weights : images;
        operands_.emplace_back(ours, made.query_md(dnnl::query::exec_arg_md, argument), engine_,
                               *values);
        arguments_[argument] = operands_.back().theirs();
      }
    };
    const dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, algorithm, x, w, x, ones, ones, ones}, engine_);
    if (p == pass::forward) {
      use(dnnl::convolution_forward(forward), forward,
          {{{DNNL_ARG_SRC, &a.x}, {DNNL_ARG_WEIGHTS, &a.w}, {DNNL_ARG_DST, &a.y}}});
    } else if (p == pass::data_gradient) {
      const dnnl::convolution_backward_data::primitive_desc made(
          {algorithm, x, w, x, ones, ones, ones}, engine_, forward);
      use(dnnl::convolution_backward_data(made), made,
          {{{DNNL_ARG_DIFF_DST, &a.dy}, {DNNL_ARG_WEIGHTS, &a.w}, {DNNL_ARG_DIFF_SRC, &a.dx}}});
    } else {
      const dnnl::convolution_backward_weights::primitive_desc made(
          {algorithm, x, w, x, ones, ones, ones}, engine_, forward);
      use(dnnl::convolution_backward_weights(made), made,
          {{{DNNL_ARG_SRC, &a.x}, {DNNL_ARG_DIFF_DST, &a.dy}, {DNNL_ARG_DIFF_WEIGHTS, &a.dw}}});
    }
  }

  void operator()() {
    operands_[0].read(stream_);
    operands_[1].read(stream_);
    primitive_.execute(stream_, arguments_);
    operands_[2].write(stream_);
    stream_.wait();
  }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::primitive primitive_;
  std::vector<operand> operands_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

template <class Contender>
void measure(benchmark::State& state, const image_shape& s, pass p, arrays& a, Contender&& run) {
  arrays expected(s);
  by_kutta(s, p, expected)();
  run();
  if (!kutta::bench::require(state, kutta::bench::agree(a.y, expected.y, 1e-2) &&
                                        kutta::bench::agree(a.dx, expected.dx, 1e-2) &&
                                        kutta::bench::agree(a.dw, expected.dw, 1e-1)))
    return;
  const auto iteration = [&] {
    run();
    benchmark::ClobberMemory();
  };
  for (auto _ : state) iteration();
  const double flops = 2. * 9 * static_cast<double>(s.channels * s.size() * batch);
  kutta::bench::report(state, {flops, 0});
  state.counters["of_peak"] = benchmark::Counter(flops / kutta::bench::fma_peak_beside(iteration),
                                                 benchmark::Counter::kIsIterationInvariantRate);
}

[[maybe_unused]] const bool registered = [] {
  for (const image_shape s : {image_shape{32, 32, 16}, {16, 16, 32}, {8, 8, 64}})
    for (const auto& [p, name] : {std::pair{pass::forward, "forward"},
                                  {pass::data_gradient, "data_gradient"},
                                  {pass::weight_gradient, "weight_gradient"}}) {
      const std::string path = std::string(name) + "/" + std::to_string(s.channels) + "x" +
                               std::to_string(s.height) + "x" + std::to_string(s.width) + "/";
      const auto add = [&](const char* contender, auto make) {
        benchmark::RegisterBenchmark((path + contender).c_str(), [=,
                                                                  p = p](benchmark::State& state) {
          arrays a(s);
          measure(state, s, p, a, make(a));
        })->Unit(benchmark::kMicrosecond);
      };
      add("kutta", [s, p = p](arrays& a) { return by_kutta(s, p, a); });
      add("direct", [s, p = p](arrays& a) { return by_onednn(s, p, false, a); });
      add("winograd", [s, p = p](arrays& a) { return by_onednn(s, p, true, a); });
    }
  return true;
}();

}  // namespace
