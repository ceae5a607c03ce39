// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Plots of the tables.

#include <string>

namespace images {

/// Draws training.csv, and graphs.csv with compression.csv, in the working directory. The names of
/// the plots begin with that of the program; the variable `suffix` is added to them. `paper`: there
/// are published numbers in the table.
inline std::string plot_script(const std::string& program, bool paper) {
  return "program = '" + program + "'\npaper = " + (paper ? "1" : "0") + R"gnuplot(
if (!exists('suffix')) suffix = ''
set datafile separator ','
set datafile missing 'NaN'
set tics nomirror
set border 3
set grid ytics lc rgb '#e4e4e4' lw 1
set style line 1 lc rgb '#000000' lw 2 pt 7 ps 0.6
set style line 2 lc rgb '#0072b2' lw 2 pt 5 ps 0.7
set style line 11 lc rgb '#d55e00' lw 2 pt 7 ps 0.7
set style line 12 lc rgb '#009e73' lw 2 pt 9 ps 0.8
set style line 13 lc rgb '#0072b2' lw 2 pt 5 ps 0.7
set style line 14 lc rgb '#cc79a7' lw 2 pt 13 ps 0.9
svg(w, h) = sprintf("set terminal svg size %d,%d font 'Helvetica,13' background '#ffffff'", w, h)

# Loss and wrong images by epoch.
eval svg(960, 400)
set output program.'_training.svg'.suffix
set multiplot layout 1,2 margins 0.07,0.985,0.15,0.93 spacing 0.09,0
set xlabel 'epoch' offset 0,0.3
set logscale y
set xrange [0.5:*]
set key top right samplen 2
set ytics (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
set ylabel 'cross-entropy' offset 1.5,0
plot 'training.csv' using 'epoch':'train loss' with linespoints ls 1 title 'training', \
  '' using 'epoch':'test loss' with linespoints ls 2 title 'test'
set ytics (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
set ylabel 'wrong images (%)' offset 1.5,0
plot 'training.csv' using 'epoch':(100*(1-column('train accuracy'))) with linespoints ls 1 title 'training', \
  '' using 'epoch':(100*(1-column('test accuracy'))) with linespoints ls 2 title 'test', \
  '' using 'epoch':(100*(1-column('test accuracy'))):(stringcolumn('steps')) with labels offset 0,0.8 \
    tc ls 2 font ',11' title 'the numbers: K = N'
unset multiplot

# What other graphs of the one model get wrong.
eval svg(960, 420)
set output program.'_graphs.svg'.suffix
set multiplot layout 1,2 margins 0.07,0.985,0.13,0.93 spacing 0.09,0
wrong_in(s) = strcol('scheme') eq s ? 100*(1-column('accuracy')) : NaN
set ylabel 'wrong images (%)' offset 1.5,0
set logscale x 2
set xrange [0.9:*]
set xtics 2
set xlabel 'steps' offset 0,0.3
set key top right samplen 2 spacing 1.2
plot 'graphs.csv' using 'steps':(wrong_in('euler')) with linespoints ls 11 title 'Euler', \
  '' using 'steps':(wrong_in('midpoint')) with linespoints ls 12 title 'midpoint', \
  '' using 'steps':(wrong_in('rk4')) with linespoints ls 13 title 'RK4', \
  '' using 'steps':(wrong_in('rk4_38')) with linespoints ls 14 title 'three-eighths rule'
set xrange [*:*]
set offsets graph 0.1, graph 0.1, 0, 0
unset xtics
set xtics nomirror
set xlabel 'parameters, projected from the most' offset 0,0.3
unset ylabel
here = "'compression.csv' using 'parameters':(100*(1-column('accuracy'))):xtic(strcol('parameters')) \
  with linespoints ls 13 title 'here'"
there = ", '' using 'parameters':(100*(1-column('paper'))) with linespoints ls 1 title 'paper'"
eval 'plot '.here.(paper ? there : '')
unset multiplot
)gnuplot";
}

}  // namespace images
