// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Plots of the tables.

namespace spirals {

/// Draws weights.csv and graphs.csv in the working directory; `suffix` is added to the names.
inline constexpr const char* plot_script = R"gnuplot(
if (!exists('suffix')) suffix = ''
set datafile separator ','
set tics nomirror
set border 3
set style line 1 lc rgb '#000000' lw 2
set style line 2 lc rgb '#56b4e9' lw 2 dt 2
set style line 3 lc rgb '#d55e00' lw 2
set style line 4 lc rgb '#009e73' lw 2
svg(w, h) = sprintf("set terminal svg size %d,%d font 'Helvetica,13' background '#ffffff'", w, h)

# Weights as functions of depth, before and after a change of basis.
eval svg(1080, 400)
set output 'spirals_weights.svg'.suffix
set multiplot layout 1,3 margins 0.06,0.99,0.14,0.80 spacing 0.06,0
set xrange [0:1]
set xlabel 'depth t' offset 0,0.4
do for [w = 1:3] {
  set title word('W_{11} W_{12} A_{11}', w).'(t)' offset 0,-0.6
  if (w == 2) { set key vertical maxrows 1 center top at screen 0.52,0.99 samplen 3 width 2 } else { unset key }
  column_of(form) = column(sprintf('%s %d', form, w))
  plot 'weights.csv' using 't':(column_of('trained')) with lines ls 1 title '16 cells, trained', \
    '' using 't':(column_of('refined')) with lines ls 2 title '32 cells, refined', \
    '' using 't':(column_of('cells')) with lines ls 3 title '4 cells, projected', \
    '' using 't':(column_of('hats')) with lines ls 4 title '5 hats, projected'
}
unset multiplot
unset title

# What the graphs of the one model cost and what they get wrong.
eval svg(960, 420)
set output 'spirals_graphs.svg'.suffix
set datafile missing 'NaN'
set multiplot layout 1,2 margins 0.07,0.985,0.13,0.96 spacing 0.06,0
set logscale xy
set yrange [0.4:60]
set ytics add ('0.5' 0.5, '1' 1, '2' 2, '5' 5, '10' 10, '20' 20, '50' 50)
set grid xtics ytics lc rgb '#e4e4e4' lw 1
set style line 11 lc rgb '#d55e00' lw 2 pt 7 ps 0.7
set style line 12 lc rgb '#009e73' lw 2 pt 9 ps 0.8
set style line 13 lc rgb '#0072b2' lw 2 pt 5 ps 0.7
set style line 14 lc rgb '#cc79a7' lw 2 pt 13 ps 0.9
steps_of(s) = strcol('scheme') eq s && strcol('family') eq 'piecewise_constant' && \
  column('K') == 16 ? 100*column('error') : NaN
size_of(f) = strcol('scheme') eq 'rk4_classic' && strcol('family') eq f && \
  column('steps') == 16 ? 100*column('error') : NaN
set key default inside left bottom Left reverse samplen 2 spacing 1.2
set xrange [1.6:160]
set xtics (2, 4, 8, 16, 32, 64, 128)
set xlabel 'evaluations of the residual' offset 0,0.3
set ylabel 'points on the wrong spiral (%)' offset 1,0
plot 'graphs.csv' using 'evaluations':(steps_of('euler')) smooth unique with linespoints ls 11 title 'Euler', \
  '' using 'evaluations':(steps_of('midpoint')) smooth unique with linespoints ls 12 title 'midpoint', \
  '' using 'evaluations':(steps_of('rk4_classic')) smooth unique with linespoints ls 13 title 'RK4, as trained'
set key default inside right top Left reverse samplen 2 spacing 1.2
set xrange [220:11000]
set xtics (280, 560, 1120, 2240, 4480, 8960)
set xlabel 'parameters, projected from 4480' offset 0,0.3
unset ylabel
plot 'graphs.csv' using 'parameters':(size_of('piecewise_constant')) smooth unique with linespoints ls 13 \
    title 'cells, 16 steps of RK4', \
  '' using 'parameters':(size_of('hat')) smooth unique with linespoints ls 14 title 'hats, 16 steps of RK4'
unset multiplot
)gnuplot";

}  // namespace spirals
