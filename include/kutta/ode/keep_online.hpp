// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Checkpoints for a pass whose number of steps is not known when it begins.

#include <cstdint>

#include <kutta/ode/keep.hpp>

namespace kutta {

namespace detail {

/// The fewest steps run forward, besides one recording of each, to reverse l steps with c
/// snapshots, one of them at the first: those beyond (c + i over c) are run for the i-th time
/// again,
///
///     Σ_i max(0, l − (c + i over c)),   i = 0, 1, …
constexpr std::int64_t fewest_repeated(std::int64_t l, std::int64_t c) {
  if (c == 1) return l * (l - 1) / 2;
  std::int64_t total = 0, reversible = 1;
  for (std::int64_t i = 1; reversible < l; ++i) {
    total += l - reversible;
    reversible = reversible * (c + i) / i;
  }
  return total;
}

}  // namespace detail

namespace keep {

/// c snapshots, the initial state included, whatever the number of steps.
///
/// A snapshot is taken at every step while there is room. Then each step takes the place of the
/// snapshot without which the steps so far can be reversed at the least cost, or of none if that is
/// cheapest. The reverse pass places those that have served as `binomial` does. The steps run
/// forward again are at most (c + 3)/(c + 2) times the fewest that would do with N known (9/7 times
/// for c = 2), found by running all N up to 1000.
///
/// Compare Stumm & Walther, New algorithms for optimal online checkpointing (2010), and Wang, Moin
/// & Iaccarino, Minimal repetition dynamic checkpointing (2009), who thin by fixed rules.
struct online {
  static constexpr bool recording = true;
  std::int64_t c;

  explicit online(std::int64_t snapshots) : c(snapshots) {
    detail::require_at_least_one("keep::online: c", c);
  }

  std::int64_t records(std::int64_t) const { return 1; }
  std::int64_t snapshots(std::int64_t n) const { return c < n ? c : n - 1; }
  std::int64_t next(std::int64_t step, std::int64_t end, std::int64_t free) const {
    return binomial{c}.next(step, end, free);
  }

  /// With p_j the steps of the snapshots, the steps behind p_j are reversed with count − j of them:
  ///
  ///     cost = Σ_j fewest_repeated(p_{j+1} − p_j, count − j)
  ///
  /// Without the i-th the two intervals beside it are one, and those behind have one snapshot more.
  std::int64_t drop(const std::int64_t* steps, std::int64_t count, std::int64_t n) const {
    const auto cost = [&](std::int64_t from, std::int64_t to, std::int64_t free) {
      return detail::fewest_repeated(to - steps[from], free);
    };
    const auto end = [&](std::int64_t j) { return j + 1 < count ? steps[j + 1] : n; };

    std::int64_t before = 0, behind = 0;  // of the intervals left and right of the two
    for (std::int64_t j = 1; j < count; ++j) behind += cost(j, end(j), count - j + 1);
    std::int64_t best = count, least = cost(count - 1, n + 1, 1);
    for (std::int64_t j = 0; j + 1 < count; ++j) least += cost(j, end(j), count - j);
    for (std::int64_t i = 1; i < count; ++i) {
      behind -= cost(i, end(i), count - i + 1);
      const std::int64_t without = before + cost(i - 1, end(i), count - i + 1) + behind;
      if (without < least) {
        least = without;
        best = i;
      }
      before += cost(i - 1, end(i - 1), count - i + 1);
    }
    return best;
  }
};

}  // namespace keep
}  // namespace kutta
