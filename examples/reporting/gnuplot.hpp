// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Plots, by gnuplot where there is one.

#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "reporting/output_directory.hpp"

namespace reporting {

/// Runs gnuplot on plots.gp in the directory; `names` are the plots it draws, under these names
/// with the variable `suffix` behind them. Returns why there are none, or nothing.
inline std::string draw_plots(const output_directory& out, const std::vector<std::string>& names) {
  const std::string suffix = "suffix = '" + output_directory::partial_suffix() + "'";
  const pid_t child = fork();
  if (child == 0) {
    if (chdir(out.path().c_str()) == 0)
      execlp("gnuplot", "gnuplot", "-e", suffix.c_str(), "plots.gp", static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  const bool ended = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
  if (ended && WEXITSTATUS(status) == 0) {
    out.complete(names);
    return "";
  }
  out.discard(names);
  return ended && WEXITSTATUS(status) == 127 ? "gnuplot was not found" : "gnuplot failed";
}

}  // namespace reporting
