// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The tables of schemes in Markdown.

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "scheme_list.hpp"

namespace docs {

/// 1.39e+04 and 4.51e-06 as 1.39e4 and 4.51e-6.
inline std::string with_short_exponent(std::string text) {
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;
  if (text[e + 2] == '0') text.erase(e + 2, 1);
  if (text[e + 1] == '+') text.erase(e + 1, 1);
  return text;
}

/// Three significant digits: 2.79, 27.9, 1.39e4, 0; ∞; – for NaN.
inline std::string number(double x) {
  if (std::isnan(x)) return "–";
  if (std::isinf(x)) return "∞";
  if (x == 0) return "0";
  char text[32];
  std::snprintf(text, sizeof(text), "%#.3g", x);
  std::string result = text;
  if (result.back() == '.') result.pop_back();
  return with_short_exponent(result);
}

/// Three significant digits and an exponent: 4.51e-6; – for NaN.
inline std::string small_number(double x) {
  if (std::isnan(x)) return "–";
  char text[32];
  std::snprintf(text, sizeof(text), "%.2e", x);
  return with_short_exponent(text);
}

/// A column of a table: its title, whether it holds figures, and the text for a scheme.
struct column {
  std::string title;
  bool figures;
  std::string (*text)(const entry&);
};

/// A row, as `| a | b |`.
inline std::string row_of(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const auto& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

inline std::string table_of(const std::vector<column>& columns, const std::vector<entry>& schemes) {
  std::vector<std::string> titles, rules;
  titles.reserve(columns.size());
  for (const column& c : columns) {
    titles.push_back(c.title);
    rules.emplace_back(c.figures ? "---:" : "---");
  }
  std::string text = row_of(titles) + row_of(rules);
  for (const entry& e : schemes) {
    std::vector<std::string> cells;
    cells.reserve(columns.size());
    for (const column& c : columns) cells.push_back(c.text(e));
    text += row_of(cells);
  }
  return text;
}

inline std::string count(std::size_t n) {
  return n == 0 ? "–" : std::to_string(n);
}

/// 5(4): the order, and that of the embedding.
inline std::string orders(const entry& e) {
  const std::string p = std::to_string(e.order);
  return e.embedded_order == 0 ? p : p + "(" + std::to_string(e.embedded_order) + ")";
}

/// What a step solves for a state of size n.
inline std::string equations(const entry& e) {
  const std::string solved = std::to_string(e.solved_stages);
  return e.coupled ? "1 of size " + solved + "n" : solved + " of size n";
}

/// L, A or neither.
inline std::string stability(const entry& e) {
  if (e.l_stable) return "L";
  return e.a_stable ? "A" : "–";
}

namespace columns {

inline const column name{"scheme", false, [](const entry& e) { return "`" + e.name + "`"; }};
inline const column header{"header", false, [](const entry& e) { return "`" + e.header + "`"; }};
inline const column order{"order", true, orders};
inline const column stages{"stages", true, [](const entry& e) { return count(e.stages); }};
inline const column evaluations{"rates", true, [](const entry& e) { return count(e.evaluations); }};
inline const column exact{"fractions", false,
                          [](const entry& e) { return std::string(e.exact ? "exact" : "–"); }};
inline const column fsal{"FSAL", false,
                         [](const entry& e) { return std::string(e.fsal ? "yes" : "–"); }};
inline const column dense{
    "dense", true, [](const entry& e) { return count(static_cast<std::size_t>(e.dense_order)); }};
inline const column error{"error", true, [](const entry& e) { return small_number(e.error); }};
inline const column embedded_error{"embedded error", true,
                                   [](const entry& e) { return small_number(e.embedded_error); }};
inline const column real{"real", true, [](const entry& e) { return number(e.real); }};
inline const column imaginary{"imaginary", true,
                              [](const entry& e) { return number(e.imaginary); }};
inline const column drifts{"drifts", true, [](const entry& e) { return count(e.stages); }};
inline const column kicks{"kicks", true, [](const entry& e) { return count(e.evaluations); }};
inline const column phase{"phase error", true,
                          [](const entry& e) { return small_number(e.phase_error); }};
inline const column reach{"real / stages", true, [](const entry& e) {
                            return number(e.real / static_cast<double>(e.stages));
                          }};
inline const column registers{"vectors", true, [](const entry& e) { return count(e.registers); }};
inline const column ssp{"SSP", true, [](const entry& e) { return number(e.ssp); }};
inline const column solves{"equations", false, equations};
inline const column stable{"stable", false, stability};
inline const column purpose{"for", false, [](const entry& e) { return e.purpose; }};
inline const column source{"source", false, [](const entry& e) { return e.source; }};

}  // namespace columns

/// Rates in a unit of time for an error of E h^p = `error`, if E is the principal error.
inline double work(const entry& e, double error) {
  return static_cast<double>(e.evaluations) * std::pow(e.error / error, 1. / e.order);
}

/// A row a scheme, a column an error; the least of a column is bold.
inline std::string work_table(const std::vector<entry>& schemes) {
  constexpr int exponents[] = {-2, -4, -6, -8, -10};
  std::vector<std::string> titles{"scheme"}, rules{"---"};
  for (const int exponent : exponents) {
    titles.push_back("1e" + std::to_string(exponent));
    rules.emplace_back("---:");
  }
  std::string text = row_of(titles) + row_of(rules);
  for (const entry& e : schemes) {
    std::vector<std::string> cells{columns::name.text(e)};
    for (const int exponent : exponents) {
      const double error = std::pow(10., exponent);
      bool least = true;
      for (const entry& other : schemes) least = least && work(e, error) <= work(other, error);
      const std::string rates = number(work(e, error));
      cells.push_back(least ? "**" + rates + "**" : rates);
    }
    text += row_of(cells);
  }
  return text;
}

/// What docs/schemes.md shows.
inline std::string docs_part(const scheme_list& schemes) {
  using namespace columns;
  std::vector<entry> smooth = schemes.fixed;
  smooth.insert(smooth.end(), schemes.pairs.begin(), schemes.pairs.end());
  return "\n### Explicit\n\n" +
         table_of({name, header, order, stages, error, real, imaginary, exact, purpose, source},
                  schemes.fixed) +
         "\n### Explicit, with an error estimate\n\n" +
         table_of({name, header, order, stages, evaluations, fsal, dense, error, embedded_error,
                   real, imaginary, exact, purpose, source},
                  schemes.pairs) +
         "\n### Low storage and strong stability\n\n" +
         table_of({name, header, order, stages, registers, ssp, error, real, imaginary, exact,
                   purpose, source},
                  schemes.special) +
         "\n### Implicit\n\n" +
         table_of({name, header, order, stages, solves, stable, fsal, error, embedded_error, exact,
                   purpose, source},
                  schemes.implicit) +
         "\n### Symplectic\n\n" +
         table_of({name, header, order, drifts, kicks, imaginary, phase, exact, purpose, source},
                  schemes.symplectic) +
         "\n### Stabilised\n\n" + table_of({name, order, stages, real, reach}, schemes.stabilised) +
         "\n### Work for an error\n\n" + work_table(smooth) + "\n";
}

/// What README.md shows: the recommended schemes, and the names of the others.
inline std::string readme_part(const scheme_list& schemes) {
  using namespace columns;
  std::vector<entry> shown;
  std::string others;
  for (const auto* kind : {&schemes.fixed, &schemes.pairs, &schemes.special, &schemes.implicit,
                           &schemes.symplectic, &schemes.stabilised})
    for (const entry& e : *kind) {
      if (e.recommended)
        shown.push_back(e);
      else if (kind != &schemes.stabilised)
        others += (others.empty() ? "" : ", ") + name.text(e);
    }
  return "\n" + table_of({name, order, evaluations, error, real, imaginary, purpose}, shown) +
         "\nAnd " + others + ".\n\n";
}

}  // namespace docs
