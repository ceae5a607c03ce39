// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How the programs of this folder measure: times on the device, a line of JSON for each record.
///
/// Every one takes `--smoke` (sizes that take no time: does it run?), `--seconds s` (of measuring
/// a record; .5), `--only text` (records whose name contains it) and `--done file` (of names, one a
/// line, that are not measured again). Built for a host system they measure by the host's clock.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <kutta/cuda/error.hpp>
#include <kutta/cuda/stream.hpp>

namespace kutta::bench {

/// Seconds that the current stream takes for what is queued between `start` and `stop`.
class stopwatch {
 public:
#ifdef __CUDACC__
  stopwatch() {
    cuda::check(cudaEventCreate(&begin_), "cudaEventCreate");
    cuda::check(cudaEventCreate(&end_), "cudaEventCreate");
  }
  ~stopwatch() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  void start() { cuda::check(cudaEventRecord(begin_, cuda::current_stream()), "cudaEventRecord"); }
  double stop() {
    cuda::check(cudaEventRecord(end_, cuda::current_stream()), "cudaEventRecord");
    cuda::check(cudaEventSynchronize(end_), "cudaEventSynchronize");
    float milliseconds = 0;
    cuda::check(cudaEventElapsedTime(&milliseconds, begin_, end_), "cudaEventElapsedTime");
    return 1e-3 * static_cast<double>(milliseconds);
  }

 private:
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
#else
  stopwatch() = default;
  void start() { begin_ = std::chrono::steady_clock::now(); }
  double stop() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_;
#endif
  stopwatch(const stopwatch&) = delete;
  stopwatch& operator=(const stopwatch&) = delete;
};

/// What is measured of one contender.
class record {
 public:
  record(double seconds, bool smoke) : seconds_(seconds), smoke_(smoke) {}

  /// How many operations a call is, all in all; `flops` and `bytes` are those of one call, as far
  /// as they cannot be avoided. 0: not counted.
  double operations = 1, flops = 0, bytes = 0;
  /// What else is to be known of it.
  std::vector<std::pair<std::string, double>> counts;

  /// @throws std::runtime_error unless the contender computes what it should.
  static void require(bool agreed) {
    if (!agreed) throw std::runtime_error("the contender and the baseline disagree");
  }

  /// Calls `work` again and again. A sample is as many calls as take two milliseconds.
  template <class F>
  void time(F&& work) {
    stopwatch watch;
    const auto seconds_of = [&](std::size_t calls) {
      watch.start();
      for (std::size_t i = 0; i < calls; ++i) work();
      return watch.stop() / static_cast<double>(calls);
    };
    const double once = (seconds_of(1), seconds_of(1));
    const auto calls = smoke_ ? 1 : static_cast<std::size_t>(std::clamp(2e-3 / once, 1., 1e4));
    const std::size_t least = smoke_ ? 1 : 5, most = smoke_ ? 1 : 31;
    double spent = 0;
    while (times_.size() < least || (times_.size() < most && spent < seconds_)) {
      times_.push_back(seconds_of(calls));
      spent += times_.back() * static_cast<double>(calls);
    }
  }

  /// {"name": …, "times": [seconds of a call, …], …}
  void print(const std::string& name) const {
    if (times_.empty()) throw std::logic_error("record: expected a measurement, got none");
    std::printf("{\"name\": \"%s\", \"operations\": %.17g, \"flops\": %.17g, \"bytes\": %.17g",
                name.c_str(), operations, flops, bytes);
    for (const auto& [what, count] : counts) std::printf(", \"%s\": %.6g", what.c_str(), count);
    std::printf(", \"times\": [");
    for (std::size_t i = 0; i < times_.size(); ++i)
      std::printf("%s%.6g", i > 0 ? ", " : "", times_[i]);
    std::printf("]}\n");
  }

 private:
  double seconds_;
  bool smoke_;
  std::vector<double> times_;
};

/// The records of a program, which are printed as they come.
class records {
 public:
  /// Says on which device. Ends the program if there is none, or it is told what it does not know.
  records(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string option = argv[i];
      if (option == "--smoke") {
        smoke_ = true;
        continue;
      }
      if (i + 1 == argc) refuse(argv[0], option);
      const std::string value = argv[++i];
      if (option == "--seconds")
        seconds_ = std::stod(value);
      else if (option == "--only")
        only_ = value;
      else if (option == "--done")
        read_done(value);
      else
        refuse(argv[0], option);
    }
#ifdef __CUDACC__
    cudaDeviceProp device{};
    if (const cudaError_t error = cudaGetDeviceProperties(&device, 0); error != cudaSuccess) {
      std::fprintf(stderr, "%s: no GPU: %s\n", argv[0], cudaGetErrorString(error));
      std::exit(2);
    }
    std::printf("{\"system\": \"cuda\", \"device\": \"%s\"}\n", device.name);
#else
    std::printf("{\"system\": \"cpp\", \"device\": \"host\"}\n");
#endif
  }

  bool smoke() const { return smoke_; }

  /// A record named `question/case/contender`, by f(record&). What it throws is printed instead.
  template <class F>
  void add(const std::string& name, F&& f) {
    if (name.find(only_) == std::string::npos || done_.count(name) > 0) return;
    try {
      record one(seconds_, smoke_);
      f(one);
      one.print(name);
    } catch (const std::exception& e) {
      std::string text = e.what();
      for (char& c : text)
        if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ') c = ' ';
      std::printf("{\"name\": \"%s\", \"error\": \"%s\"}\n", name.c_str(), text.c_str());
      ++failures_;
    }
    std::fflush(stdout);
  }

  /// The exit status of the program.
  int status() const { return failures_ > 0 ? 1 : 0; }

 private:
  [[noreturn]] static void refuse(const char* program, const std::string& option) {
    std::fprintf(stderr, "%s: expected --smoke, --seconds s, --only text, --done file; got %s\n",
                 program, option.c_str());
    std::exit(2);
  }
  void read_done(const std::string& file) {
    std::ifstream lines(file);
    for (std::string name; std::getline(lines, name);) done_.insert(name);
  }

  bool smoke_ = false;
  double seconds_ = .5;
  std::string only_;
  std::set<std::string> done_;
  int failures_ = 0;
};

}  // namespace kutta::bench
