// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A few threads that wait for work, so that a pass starts none.
///
/// POSIX threads: `<thread>`, and even `<atomic>`, would add a tenth or more to the library's
/// include time. A job is a tile's forward and reverse pass, or a shard of the samples of one
/// layer, so a lock around the counter is cheap. No job may call `run` of the pool that runs it.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
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
    const auto call = [](void* function, std::size_t job, std::size_t worker) {
      (*static_cast<std::remove_reference_t<F>*>(function))(job, worker);
    };
    pthread_mutex_lock(&mutex_);
    round_ = {call, const_cast<void*>(static_cast<const void*>(&f)), jobs, 0, servants_.size(), {}};
    start_round();
    work(0);
    while (round_.busy != 0) pthread_cond_wait(&done_, &mutex_);
    const std::exception_ptr failure = std::move(round_.failure);
    pthread_mutex_unlock(&mutex_);
    if (failure) std::rethrow_exception(failure);
  }

 private:
  struct servant {
    worker_pool* pool;
    std::size_t worker;
    pthread_t thread;
  };

  /// What a call of `run` asks for, and how far it has come.
  struct round {
    void (*call)(void*, std::size_t, std::size_t) = nullptr;
    void* function = nullptr;
    std::size_t jobs = 0, next = 0, busy = 0;
    std::exception_ptr failure;
  };

  static void* serve(void* self) {
    const auto& [pool, worker, thread] = *static_cast<servant*>(self);
    pthread_mutex_lock(&pool->mutex_);
    for (std::uint64_t seen = 0;; ++seen) {
      while (pool->rounds_ == seen) pthread_cond_wait(&pool->start_, &pool->mutex_);
      if (pool->stop_) break;
      pool->work(worker);
      if (--pool->round_.busy == 0) pthread_cond_signal(&pool->done_);
    }
    pthread_mutex_unlock(&pool->mutex_);
    return nullptr;
  }

  /// Takes jobs until none is left. The mutex is held on entry and on return, not during a job.
  void work(std::size_t worker) {
    while (round_.next < round_.jobs) {
      const std::size_t job = round_.next++;
      pthread_mutex_unlock(&mutex_);
      std::exception_ptr failure;
      try {
        round_.call(round_.function, job, worker);
      } catch (...) {
        failure = std::current_exception();
      }
      pthread_mutex_lock(&mutex_);
      if (failure && !round_.failure) round_.failure = failure;
    }
  }

  void start_round() {
    ++rounds_;
    pthread_cond_broadcast(&start_);
  }

  void dismiss(std::size_t started) {
    pthread_mutex_lock(&mutex_);
    stop_ = true;
    start_round();
    pthread_mutex_unlock(&mutex_);
    for (std::size_t i = 0; i < started; ++i) pthread_join(servants_[i].thread, nullptr);
  }

  std::vector<servant> servants_;
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t start_ = PTHREAD_COND_INITIALIZER, done_ = PTHREAD_COND_INITIALIZER;
  std::uint64_t rounds_ = 0;
  bool stop_ = false;
  round round_;
};

}  // namespace kutta
