// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A few threads that wait for work, so that a pass starts none.
///
/// POSIX threads and C++20 atomics: `<thread>` would add a quarter to the library's include time.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <pthread.h>

namespace kutta {

/// Runs f(job, worker) for job = 0 … jobs − 1 on the calling thread and `threads` − 1 others.
///
/// Which worker takes a job is not determined: whatever depends on it must not show in a result.
/// When every job has ended, `run` rethrows the first exception of one. Stays where it was made.
class worker_pool {
 public:
  /// @throws std::runtime_error if a thread cannot be started.
  explicit worker_pool(std::size_t threads) : servants_(threads > 1 ? threads - 1 : 0) {
    for (std::size_t i = 0; i < servants_.size(); ++i) {
      servants_[i] = {this, i + 1, {}};
      if (const int error = pthread_create(&servants_[i].thread, nullptr, serve, &servants_[i])) {
        dismiss(i);
        throw std::runtime_error("worker_pool: expected to start " + std::to_string(threads - 1) +
                                 " threads, pthread_create failed with error " +
                                 std::to_string(error) + " at number " + std::to_string(i + 1));
      }
    }
  }

  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  ~worker_pool() { dismiss(servants_.size()); }

  /// The number of threads, the caller's included.
  std::size_t size() const { return servants_.size() + 1; }

  /// One call at a time; allocates nothing.
  template <class F>
  void run(std::size_t jobs, F&& f) {
    call_ = const_cast<void*>(static_cast<const void*>(&f));
    invoke_ = [](void* call, std::size_t job, std::size_t worker) {
      (*static_cast<std::remove_reference_t<F>*>(call))(job, worker);
    };
    jobs_ = jobs;
    next_ = 0;
    failed_ = false;
    failure_ = nullptr;
    busy_ = servants_.size();
    if (!servants_.empty()) start_round();
    work(0);
    for (std::size_t left = busy_; left != 0; left = busy_) busy_.wait(left);
    if (failed_) std::rethrow_exception(failure_);
  }

 private:
  struct servant {
    worker_pool* pool;
    std::size_t worker;
    pthread_t thread;
  };

  static void* serve(void* self) {
    const auto& [pool, worker, thread] = *static_cast<servant*>(self);
    for (std::uint64_t seen = 0;; ++seen) {
      pool->round_.wait(seen);
      if (pool->stop_) return nullptr;
      pool->work(worker);
      if (--pool->busy_ == 0) pool->busy_.notify_one();
    }
  }

  void work(std::size_t worker) {
    for (std::size_t job = next_++; job < jobs_; job = next_++) {
      try {
        invoke_(call_, job, worker);
      } catch (...) {
        if (!failed_.exchange(true)) failure_ = std::current_exception();
      }
    }
  }

  void start_round() {
    ++round_;
    round_.notify_all();
  }

  void dismiss(std::size_t started) {
    stop_ = true;
    start_round();
    for (std::size_t i = 0; i < started; ++i) pthread_join(servants_[i].thread, nullptr);
  }

  std::vector<servant> servants_;
  std::atomic<std::uint64_t> round_{0};
  std::atomic<std::size_t> next_{0}, busy_{0};
  std::atomic<bool> stop_{false}, failed_{false};
  std::size_t jobs_ = 0;
  void* call_ = nullptr;
  void (*invoke_)(void*, std::size_t, std::size_t) = nullptr;
  std::exception_ptr failure_;
};

}  // namespace kutta
