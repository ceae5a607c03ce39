// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The arrays of a oneDNN primitive, in our layout and in the one that it wants.

#include <cstddef>
#include <stdexcept>
#include <string>

#include <oneapi/dnnl/dnnl.hpp>

namespace kutta::onednn {

/// @throws std::runtime_error if oneDNN was built for other devices only.
inline const dnnl::engine& processor() try {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
} catch (const dnnl::error& e) {
  throw std::runtime_error(std::string("onednn: no engine for the processor: ") + e.message);
}

/// What a primitive reads: where it wants our layout the array itself, else a copy.
class input {
 public:
  input(const dnnl::memory::desc& ours, const dnnl::memory::desc& theirs)
      : direct_(ours == theirs),
        ours_(ours, processor(), nullptr),
        theirs_(direct_ ? ours_ : dnnl::memory(theirs, processor())) {
    if (!direct_) copy_ = dnnl::reorder(ours_, theirs_);
  }

  const dnnl::memory& memory() const { return theirs_; }
  std::size_t heap_bytes() const { return direct_ ? 0 : theirs_.get_desc().get_size(); }

  void read(const float* x, const dnnl::stream& s) {
    ours_.set_data_handle(const_cast<float*>(x));  // which oneDNN does not write to
    if (!direct_) copy_.execute(s, ours_, theirs_);
  }

 private:
  bool direct_;
  dnnl::memory ours_, theirs_;
  dnnl::reorder copy_;
};

/// What a primitive writes: the array itself where it may, else memory from which the result is
/// copied, or added, to the array.
class output {
 public:
  output(const dnnl::memory::desc& ours, const dnnl::memory::desc& theirs)
      : direct_(ours == theirs),
        ours_(ours, processor(), nullptr),
        own_(theirs, processor()),
        theirs_(theirs, processor(), own_.get_data_handle()),
        copy_(theirs_, ours_) {
    dnnl::post_ops sum;
    sum.append_sum();
    dnnl::primitive_attr adding;
    adding.set_post_ops(sum);
    add_ = dnnl::reorder(dnnl::reorder::primitive_desc(theirs_, ours_, adding));
  }
  const dnnl::memory& memory() const { return theirs_; }
  std::size_t heap_bytes() const { return theirs_.get_desc().get_size(); }

  /// To be called before the primitive runs, and after it.
  void begin(float* y, bool add) {
    ours_.set_data_handle(y);
    theirs_.set_data_handle(direct_ && !add ? y : own_.get_data_handle());
  }
  void end(bool add, const dnnl::stream& s) {
    if (add)
      add_.execute(s, theirs_, ours_);
    else if (!direct_)
      copy_.execute(s, theirs_, ours_);
  }

 private:
  bool direct_;
  dnnl::memory ours_;
  dnnl::memory own_;     ///< another handle would free it, so that theirs_ only refers to it
  dnnl::memory theirs_;  ///< y or own_
  dnnl::reorder copy_, add_;
};

}  // namespace kutta::onednn
