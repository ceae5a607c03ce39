// SPDX-License-Identifier: Apache-2.0
//
// scheme_table [--readme FILE] [--docs FILE] [--check]
//
// Writes the tables of schemes, every figure computed from the scheme's coefficients, between the
// marker lines of README.md and docs/schemes.md; without a file, to the standard output. --check
// changes nothing: the exit status is 1 if a file is not up to date.

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "generated_part.hpp"
#include "scheme_pages.hpp"

namespace {

struct options {
  std::string readme;
  std::string docs;
  bool check = false;
};

options parsed(const std::vector<std::string>& arguments) {
  options result;
  for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
    if (*argument == "--check") {
      result.check = true;
    } else if (*argument == "--readme" || *argument == "--docs") {
      std::string& path = *argument == "--readme" ? result.readme : result.docs;
      if (++argument == arguments.end())
        throw std::invalid_argument(*(argument - 1) + ": a file is expected");
      path = *argument;
    } else {
      throw std::invalid_argument("expected [--readme FILE] [--docs FILE] [--check], got '" +
                                  *argument + "'");
    }
  }
  return result;
}

/// Whether every page was, or now is, up to date.
bool run(const options& how) {
  const auto schemes = docs::all_schemes();
  std::vector<docs::page> pages;
  if (!how.readme.empty()) pages.push_back(docs::page_with(how.readme, docs::readme_part(schemes)));
  if (!how.docs.empty()) pages.push_back(docs::page_with(how.docs, docs::docs_part(schemes)));

  if (pages.empty()) {
    if (how.check) throw std::invalid_argument("--check: --readme FILE or --docs FILE is expected");
    std::fputs((docs::readme_part(schemes) + "\n" + docs::docs_part(schemes)).c_str(), stdout);
  }
  if (!how.check) {
    docs::write(pages);
    return true;
  }
  bool up_to_date = true;
  for (const docs::page& file : pages)
    if (const std::string difference = docs::first_difference(file); !difference.empty()) {
      std::fprintf(stderr, "%s\n", difference.c_str());
      up_to_date = false;
    }
  if (!up_to_date) std::fputs("out of date: run the same command without --check\n", stderr);
  return up_to_date;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parsed({argv + 1, argv + argc})) ? 0 : 1;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "scheme_table: %s\n", failure.what());
    return 2;
  }
}
