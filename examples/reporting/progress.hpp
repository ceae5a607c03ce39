// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// How far a long computation has come: one line that is rewritten on a terminal, a line for every
/// tenth of the work elsewhere.

#include <chrono>
#include <cstdio>
#include <string>

#include <unistd.h>

namespace reporting {

/// Writes to standard error, ten times a second at most.
class progress {
 public:
  explicit progress(double work) : work_(work) {}
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress() {
    if (open_line_) std::fputs("\n", stderr);
  }

  /// `done` of the work is done. `describe()` says at what, as text, and is only called for a line
  /// that is shown.
  template <class F>
  void report(double done, F&& describe) {
    const auto now = clock::now();
    if (terminal_ ? now < next_ && done < work_ : 10 * done < tenth_ * work_) return;
    next_ = now + std::chrono::milliseconds(100);
    tenth_ = static_cast<int>(10 * done / work_) + 1;

    const double spent = std::chrono::duration<double>(now - begin_).count();
    char line[160];
    std::snprintf(line, sizeof(line), "%3.0f %%  %s, %.0f s left", 100 * done / work_,
                  std::string(describe()).c_str(), spent * (work_ / done - 1));
    std::fprintf(stderr, terminal_ ? "\r%-78s" : "%s\n", line);
    open_line_ = terminal_;
  }

 private:
  using clock = std::chrono::steady_clock;

  double work_;
  bool terminal_ = isatty(STDERR_FILENO) == 1;
  bool open_line_ = false;
  int tenth_ = 1;
  clock::time_point begin_ = clock::now(), next_ = begin_;
};

}  // namespace reporting
