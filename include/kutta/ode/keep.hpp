// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a forward pass keeps for the reverse pass: memory against evaluations.
///
///     auto ws = f.make_workspace(theta, x0, keep::binomial{8});
///
/// Of N steps a policy keeps full records (the points and tapes of a step) of the last few, and
/// snapshots (the state alone) of steps before: the reverse pass starts again from a snapshot to
/// record what it needs. Whatever the policy, the gradient has the same bits. `keep_online.hpp` has
/// one for a number of steps that is not known, `keep_disk.hpp` one that keeps snapshots in a file.

#include <cstdint>
#include <stdexcept>
#include <string>

namespace kutta {

/// A policy for a pass of N steps:
///
///     records(N)                 how many steps in a row it keeps full records of, at least 1
///     snapshots(N)               how many states besides
///     next(step, end, free)      after a snapshot at `step`: where to take the next one, of `free`
///                                that are left, so that the steps up to `end` can be reversed
template <class K>
concept memory_policy = requires(const K& keep, std::int64_t n) {
  keep.records(n);
  keep.snapshots(n);
  keep.next(n, n, n);
};

/// A policy under which a pass can be reversed.
template <class K>
concept recording_policy = memory_policy<K> && K::recording;

/// A policy that need not know N when the pass begins:
///
///     drop(steps, count, n)      which of the snapshots at steps[0] < … < steps[count − 1], when
///                                there is room for `count` only, to give up for one at step n:
///                                its index; or `count`, to do without one at n
template <class K>
concept online_policy = memory_policy<K> && requires(const K& keep, const std::int64_t* steps,
                                                     std::int64_t n) { keep.drop(steps, n, n); };

namespace detail {

/// (c + r over c): the most steps that c snapshots can reverse if no step is run forward more than
/// r times. 0 for r < 0.
constexpr std::int64_t reversible_steps(std::int64_t c, std::int64_t r) {
  constexpr std::int64_t enough = INT64_MAX / 4;
  if (r < 0) return 0;
  std::int64_t value = 1;
  for (std::int64_t i = 1; i <= (r < c ? r : c); ++i) {
    const std::int64_t factor = (r < c ? c : r) + i;
    if (value > enough / factor) return enough;
    value = value * factor / i;
  }
  return value;
}

inline void require_at_least_one(const char* what, std::int64_t value) {
  if (value < 1)
    throw std::invalid_argument(std::string(what) + " must be at least 1, got " +
                                std::to_string(value));
}

}  // namespace detail

namespace keep {

/// Records of all steps: no evaluation is repeated.
struct everything {
  static constexpr bool recording = true;
  std::int64_t records(std::int64_t n) const { return n; }
  std::int64_t snapshots(std::int64_t) const { return 0; }
  std::int64_t next(std::int64_t, std::int64_t end, std::int64_t) const { return end; }
};

/// Snapshots at every k-th step and records of k: all but the last of them are run twice.
struct every {
  static constexpr bool recording = true;
  std::int64_t k;

  explicit every(std::int64_t steps) : k(steps) {
    detail::require_at_least_one("keep::every: k", k);
  }

  std::int64_t records(std::int64_t n) const { return k < n ? k : n; }
  std::int64_t snapshots(std::int64_t n) const { return (n - 1) / k; }
  std::int64_t next(std::int64_t step, std::int64_t, std::int64_t) const { return step + k; }
};

/// The state of every step: the stages are run twice.
struct steps {
  static constexpr bool recording = true;
  std::int64_t records(std::int64_t) const { return 1; }
  std::int64_t snapshots(std::int64_t n) const { return n - 1; }
  std::int64_t next(std::int64_t step, std::int64_t, std::int64_t) const { return step + 1; }
};

/// c snapshots, the initial state included, placed so that the fewest steps are repeated.
///
/// Besides one recording of each step, r N − (c + r over c + 1) steps are run forward, r the least
/// with N ≤ (c + r over c).
/// Source: Griewank & Walther, Algorithm 799: revolve (2000), eq. (3).
struct binomial {
  static constexpr bool recording = true;
  std::int64_t c;

  explicit binomial(std::int64_t snapshots) : c(snapshots) {
    detail::require_at_least_one("keep::binomial: c", c);
  }

  std::int64_t records(std::int64_t) const { return 1; }
  std::int64_t snapshots(std::int64_t n) const { return c < n ? c : n - 1; }

  /// With c snapshots, that at `step` included, l steps are split so that none of them is run more
  /// than r times: those behind by c − 1 snapshots in r runs, those before by c in r − 1.
  std::int64_t next(std::int64_t step, std::int64_t end, std::int64_t free) const {
    if (free == 0) return end;
    const std::int64_t l = end - step, n = free + 1;
    std::int64_t r = 0;
    while (detail::reversible_steps(n, r) < l) ++r;
    // Any split between these bounds is best; the later one leaves fewer steps in the rear.
    const std::int64_t front = detail::reversible_steps(n, r - 1);
    const std::int64_t rear = l - detail::reversible_steps(n - 1, r - 1);
    const std::int64_t split = front < rear ? front : rear;
    return step + (split > 1 ? split : 1);
  }
};

/// Nothing: for inference.
struct nothing {
  static constexpr bool recording = false;
  std::int64_t records(std::int64_t) const { return 1; }
  std::int64_t snapshots(std::int64_t) const { return 0; }
  std::int64_t next(std::int64_t, std::int64_t end, std::int64_t) const { return end; }
};

}  // namespace keep
}  // namespace kutta
