// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Plots of the tables.

namespace pendulum {

/// Draws the tables in the working directory. `rates`, the list of sampling rates, is set before;
/// `suffix` is added to the names of the plots.
inline constexpr const char* plot_script = R"gnuplot(
if (!exists('suffix')) suffix = ''
dt = real(word(rates, 1))
errors(rate) = 'errors_'.rate.'.csv'
table = errors(word(rates, 1))
scheme(i) = word('Euler midpoint RK4', i)
motion(what) = column(what.' '.of)
net(trained, used) = column(scheme(trained).' net in '.scheme(used))

set datafile separator ','
set datafile missing 'nan'
set tics nomirror
set border 3
# 1, 2, 3: nets in Euler, midpoint, RK4; 4, 5, 6: the equation in them; 7: exact
set style line 1 lc rgb '#d55e00' lw 2 pt 7 ps 0.55
set style line 2 lc rgb '#009e73' lw 2 pt 9 ps 0.7
set style line 3 lc rgb '#0072b2' lw 2 pt 5 ps 0.5
set style line 4 lc rgb '#d55e00' lw 1.5 dt 2
set style line 5 lc rgb '#009e73' lw 1.5 dt 2
set style line 6 lc rgb '#0072b2' lw 1.5 dt 2
set style line 7 lc rgb '#000000' lw 1.5
set style line 8 lc rgb '#cc79a7' lw 2 pt 13 ps 0.8
svg(w, h) = sprintf("set terminal svg size %d,%d font 'Helvetica,13' background '#ffffff'", w, h)

# Trajectories at the time step of the training and at half of it.
eval svg(960, 600)
set output 'pendulum_trajectories.svg'.suffix
set multiplot layout 2,2 margins 0.07,0.985,0.09,0.86 spacing 0.08,0.13
set xrange [0:10]
do for [row = 1:2] {
  file = row == 1 ? 'trajectories_dt.csv' : 'trajectories_half_dt.csv'
  do for [of in 'angle velocity'] {
    if (of eq 'angle') {
      set yrange [-4:4]
      set ylabel 'angle (rad)' offset 1.5,0
    } else {
      set yrange [-9:9]
      set ylabel 'velocity (rad/s)' offset 1.5,0
    }
    if (row == 2) { set xlabel 'time (s)' offset 0,0.5 }
    set title sprintf('time step %g s, ', dt/row).(row == 1 ? 'as trained' : 'half as long') \
      offset 0,-0.6
    if (row == 1 && of eq 'angle') {
      set key vertical maxrows 2 samplen 3 width 2 center top at screen 0.53,0.995
    } else {
      unset key
    }
    plot file using 't':(motion('exact')) every 4*row with lines ls 7 title 'exact', \
      file using 't':(motion('numerical Euler')) every 4*row with lines ls 4 \
        title 'equation in Euler', \
      file using 't':(motion('Euler net')) every 20*row with points ls 1 \
        title 'net trained in Euler', \
      file using 't':(motion('RK4 net')) every 20*row::10*row with points ls 3 \
        title 'net trained in RK4'
  }
}
unset multiplot
unset title

# End errors over time steps.
set logscale xy
set xrange [0.0008:0.25]
set yrange [1e-7:30]
set format y '10^{%T}'
set grid xtics ytics lc rgb '#e4e4e4' lw 1
set xlabel 'time step (s)' offset 0,0.3
set ylabel 'error at 2 s (rad, rad/s)' offset 1,0
set arrow 1 from dt,graph 0 to dt,graph 1 nohead lc rgb '#808080' lw 1 dt 3
set label 1 'trained here' at dt,graph 1 offset 0,0.6 center

# Nets in the scheme they were trained in, next to the numerical integrators.
eval svg(780, 480)
set output 'pendulum_errors.svg'.suffix
set key default outside right center vertical Left reverse samplen 3 spacing 1.3
plot for [i = 1:3] table using 'dt':(net(i, i)) with linespoints ls i \
    title 'net trained in '.scheme(i), \
  for [i = 1:3] table using 'dt':(column('numerical '.scheme(i))) with lines ls 3 + i \
    title 'equation in '.scheme(i)

# The same nets in all schemes.
eval svg(1080, 420)
set output 'pendulum_swaps.svg'.suffix
set multiplot layout 1,3 margins 0.065,0.99,0.125,0.92 spacing 0.02,0
set yrange [5e-4:30]
do for [trained = 1:3] {
  set title 'trained in '.scheme(trained) offset 0,-0.5
  set label 1 ''
  if (trained == 1) { set key default left top Left reverse samplen 3 opaque } else { unset key }
  plot for [used = 1:3] table using 'dt':(net(trained, used)) with linespoints ls used \
    title 'used in '.scheme(used)
  set format y ''
  unset ylabel
}
unset multiplot

# Euler's nets of several sampling rates.
if (words(rates) > 1) {
  eval svg(780, 480)
  set output 'pendulum_rates.svg'.suffix
  set format y '10^{%T}'
  set ylabel 'error at 2 s (rad, rad/s)' offset 1,0
  unset title
  unset label
  unset arrow
  set key default outside right center vertical Left reverse samplen 3 spacing 1.3
  style(i) = i < 4 ? i : 8
  plot for [i = 1:words(rates)] errors(word(rates, i)) using 'dt':(net(1, 1)) \
    with linespoints ls style(i) title 'Euler net, '.word(rates, i).' s'
}
)gnuplot";

}  // namespace pendulum
