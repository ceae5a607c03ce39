// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <kutta/tensor/worker_pool.hpp>

namespace {

using kutta::worker_pool;

/// How often each of `jobs` jobs was run, and whether every worker's number was below pool.size().
struct tally {
  std::vector<std::atomic<int>> runs;
  std::atomic<bool> known_workers = true;

  explicit tally(std::size_t jobs) : runs(jobs) {}
  bool each_once() const {
    return std::all_of(runs.begin(), runs.end(), [](const auto& n) { return n == 1; });
  }
};

bool runs_each_once(worker_pool& pool, std::size_t jobs) {
  tally t(jobs);
  pool.run(jobs, [&](std::size_t job, std::size_t worker) {
    ++t.runs[job];
    if (worker >= pool.size()) t.known_workers = false;
  });
  return t.each_once() && t.known_workers;
}

}  // namespace

TEST_CASE("every job is run exactly once, round after round") {
  for (const std::size_t threads : {1u, 2u, 3u, 8u}) {
    worker_pool pool(threads);
    CAPTURE(threads);
    CHECK(pool.size() == threads);
    int wrong = 0;
    for (int round = 0; round < 200; ++round)
      for (const std::size_t jobs : {0u, 1u, 2u, 7u, 64u}) wrong += !runs_each_once(pool, jobs);
    CHECK(wrong == 0);
  }
}

TEST_CASE("a worker runs one job at a time") {
  worker_pool pool(4);
  std::vector<std::atomic<int>> busy(pool.size());
  std::atomic<bool> alone = true;
  for (int round = 0; round < 50; ++round)
    pool.run(64, [&](std::size_t, std::size_t worker) {
      if (++busy[worker] != 1) alone = false;
      --busy[worker];
    });
  CHECK(alone);
}

TEST_CASE("the caller is worker 0, and alone in a pool of one") {
  worker_pool pool(1);
  std::vector<std::size_t> jobs;
  pool.run(3, [&](std::size_t job, std::size_t worker) {
    CHECK(worker == 0);
    jobs.push_back(job);
  });
  CHECK(jobs == std::vector<std::size_t>{0, 1, 2});

  worker_pool several(3);
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> right = true;
  several.run(100, [&](std::size_t, std::size_t worker) {
    if ((std::this_thread::get_id() == caller) != (worker == 0)) right = false;
  });
  CHECK(right);
}

TEST_CASE("run returns when the last job has ended, and its writes are seen") {
  worker_pool pool(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<int> plain(16);  // not atomic: a missing synchronisation is a data race
    pool.run(16, [&](std::size_t job, std::size_t) { plain[job] = round + 1; });
    CHECK(std::count(plain.begin(), plain.end(), round + 1) == 16);
  }
}

TEST_CASE("an exception of a job comes out of run, and the pool goes on") {
  for (const std::size_t threads : {1u, 2u, 3u}) {
    worker_pool pool(threads);
    CAPTURE(threads);
    for (int round = 0; round < 20; ++round) {
      CHECK_THROWS_WITH_AS(pool.run(16,
                                    [](std::size_t job, std::size_t) {
                                      if (job == 5) throw std::runtime_error("job 5");
                                    }),
                           "job 5", std::runtime_error);
      CHECK(runs_each_once(pool, 16));
    }
    CHECK_THROWS_AS(pool.run(16, [](std::size_t, std::size_t) { throw 1; }), int);
    CHECK(runs_each_once(pool, 16));
  }
}

TEST_CASE("a pool need not run anything, and stays where it was made") {
  static_assert(!std::is_move_constructible_v<worker_pool>);
  for (int made = 0; made < 20; ++made) CHECK(worker_pool(4).size() == 4);
  CHECK(worker_pool(0).size() == 1);
}
