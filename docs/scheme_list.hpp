// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Every scheme of kutta, and what it is for.

#include <vector>

#include <kutta/schemes/embedded_eighth_order.hpp>
#include <kutta/schemes/embedded_fifth_order.hpp>
#include <kutta/schemes/embedded_fourth_order.hpp>
#include <kutta/schemes/embedded_implicit.hpp>
#include <kutta/schemes/embedded_second_order.hpp>
#include <kutta/schemes/embedded_sixth_order.hpp>
#include <kutta/schemes/embedded_third_order.hpp>
#include <kutta/schemes/fifth_order.hpp>
#include <kutta/schemes/first_order.hpp>
#include <kutta/schemes/fourth_order.hpp>
#include <kutta/schemes/implicit.hpp>
#include <kutta/schemes/low_storage.hpp>
#include <kutta/schemes/second_order.hpp>
#include <kutta/schemes/sixth_order.hpp>
#include <kutta/schemes/strong_stability.hpp>
#include <kutta/schemes/symplectic.hpp>
#include <kutta/schemes/third_order.hpp>

#include "scheme_entries.hpp"

namespace docs {

/// The schemes by kind, each in the order in which they are printed.
struct scheme_list {
  std::vector<entry> fixed;
  std::vector<entry> pairs;
  std::vector<entry> special;  ///< low-storage and strong-stability-preserving
  std::vector<entry> implicit;
  std::vector<entry> symplectic;
  std::vector<entry> stabilised;
};

// clang-format off

inline std::vector<entry> fixed_schemes() {
  using namespace kutta::schemes;
  return {
      recommended(entry_of<euler>("first_order", "residual networks: one layer, one step", "Euler 1768")),
      recommended(entry_of<midpoint>("second_order", "cheap; one rate, in the middle of the step", "Runge 1895")),
      entry_of<heun2>("second_order", "rates at the step's ends only", "Heun 1900"),
      entry_of<ralston2>("second_order", "least error of two stages", "Ralston 1962"),
      entry_of<kutta3>("third_order", "Simpson's rule: c = 0, 1/2, 1", "Kutta 1901"),
      entry_of<heun3>("third_order", "each stage sums one rate, c in thirds", "Heun 1900"),
      entry_of<ralston3>("third_order", "least error of these three-stage schemes", "Ralston 1962"),
      recommended(entry_of<rk4_classic>("fourth_order", "the first choice on smooth problems", "Kutta 1901")),
      entry_of<rk4_38>("fourth_order", "least error of these four-stage schemes", "Kutta 1901"),
      entry_of<ralston4>("fourth_order", "small bound on the local error", "Ralston 1962"),
      entry_of<nystrom5>("fifth_order", "order 5 in exact fractions", "Nyström 1925"),
      entry_of<butcher6>("sixth_order", "order 6 in exact fractions", "Butcher 1964"),
  };
}

inline std::vector<entry> embedded_pairs() {
  using namespace kutta::schemes;
  return {
      entry_of<heun_euler21>("embedded_second_order", "the least that can choose its step", "Heun 1900"),
      entry_of<fehlberg21>("embedded_second_order", "order 2 with a very accurate order 1", "Fehlberg 1969"),
      recommended(entry_of<bogacki_shampine32>("embedded_third_order", "low accuracy, adaptive", "Bogacki & Shampine 1989")),
      entry_of<fehlberg45>("embedded_fourth_order", "comparison with older programs", "Fehlberg 1970"),
      entry_of<cash_karp54>("embedded_fifth_order", "comparison with older programs", "Cash & Karp 1990"),
      recommended(entry_of<dormand_prince54>("embedded_fifth_order", "medium accuracy, exact fractions", "Dormand & Prince 1980")),
      recommended(entry_of<tsitouras54>("embedded_fifth_order", "medium accuracy, adaptive: the first choice", "Tsitouras 2011")),
      entry_of<verner65>("embedded_sixth_order", "high accuracy, exact fractions", "Verner 1978"),
      recommended(entry_of<dormand_prince87>("embedded_eighth_order", "high accuracy, adaptive", "Prince & Dormand 1981")),
  };
}

inline std::vector<entry> special_schemes() {
  using namespace kutta::schemes;
  return {
      entry_of<williamson3>("low_storage", "large states, order 3", "Williamson 1980"),
      recommended(entry_of<carpenter_kennedy4>("low_storage", "large states, waves", "Carpenter & Kennedy 1994")),
      recommended(entry_of<ssprk33>("strong_stability", "bounds that Euler's step keeps", "Shu & Osher 1988")),
      entry_of<ssprk54>("strong_stability", "the same, in longer steps", "Spiteri & Ruuth 2002"),
  };
}

inline std::vector<entry> implicit_schemes() {
  using namespace kutta::schemes;
  return {
      entry_of<backward_euler>("implicit", "the most robust, and the least accurate", "Hairer & Wanner 1996"),
      entry_of<implicit_midpoint>("implicit", "conserves quadratic invariants", "Hairer, Nørsett & Wanner 1993"),
      entry_of<crank_nicolson>("implicit", "diffusion with smooth data", "Crank & Nicolson 1947"),
      entry_of<sdirk2>("implicit", "stiff, two equal solves", "Alexander 1977"),
      recommended(entry_of<gauss4>("implicit", "conserves quadratic invariants", "Hairer, Nørsett & Wanner 1993")),
      entry_of<radau_iia3>("implicit", "stiff, low accuracy", "Ehle 1969"),
      recommended(entry_of<radau_iia5>("implicit", "stiff, high accuracy", "Ehle 1969")),
      entry_of<tr_bdf2>("embedded_implicit", "stiff, low accuracy, adaptive", "Hosea & Shampine 1996"),
      entry_of<kvaerno32>("embedded_implicit", "stiff, low accuracy, adaptive", "Kværnø 2004"),
      recommended(entry_of<kennedy_carpenter43>("embedded_implicit", "stiff, medium accuracy, adaptive", "Kennedy & Carpenter 2003")),
  };
}

inline std::vector<entry> symplectic_schemes() {
  using namespace kutta::schemes;
  return {
      entry_of<symplectic_euler>("symplectic", "the simplest", "de Vogelaere 1956"),
      recommended(entry_of<stoermer_verlet>("symplectic", "long motions without friction", "Verlet 1967")),
      entry_of<forest_ruth4>("symplectic", "order 4 with the fewest kicks", "Forest & Ruth 1990"),
      entry_of<pefrl4>("symplectic", "order 4 with a small error", "Omelyan, Mryglod & Folk 2002"),
  };
}

inline std::vector<entry> stabilised_schemes() {
  std::vector<entry> list;
  for (const int s : {2, 5, 10, 20, 50, 100})
    list.push_back(entry_of_rkc2(s, "diffusion, without a solver", "Sommeijer, Shampine & Verwer 1998"));
  list[2].recommended = true;
  return list;
}

// clang-format on

inline scheme_list all_schemes() {
  return {fixed_schemes(),    embedded_pairs(),     special_schemes(),
          implicit_schemes(), symplectic_schemes(), stabilised_schemes()};
}

}  // namespace docs
