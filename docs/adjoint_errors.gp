# SPDX-License-Identifier: Apache-2.0
#
# gnuplot -e "table='adjoint_errors.csv'; directory='docs/images'" adjoint_errors.gp
#
# Draws the table that the program adjoint_errors prints.

set datafile separator ','
set datafile missing NaN
set tics nomirror
set border 3
set grid lc rgb '#e5e5e5'
set logscale y
set format y '10^{%T}'
unset mxtics
unset mytics
set key left bottom samplen 2 spacing 0.95 font ',12'
of(plot, curve) = strcol(1) eq plot && strcol(2) eq curve ? column(4) : NaN
steps = '"euler" "midpoint" "kutta3" "rk4_classic" "rk4_classic on weights that jump"'
step_colours = '#7f7f7f #d55e00 #009e73 #0072b2 #56b4e9'
time = '"adjoint" "adjoint along a record" "reversible in float" "reversible" '.\
  '"reversible with C = 60"'
time_colours = '#d55e00 #0072b2 #009e73 #7f7f7f #000000'

set terminal svg size 1100,430 font 'Helvetica,13' background '#ffffff'
set output directory.'/adjoint_errors.svg'
set multiplot layout 1,2 margins 0.075,0.985,0.14,0.9 spacing 0.09,0.1

set title 'adjoint and backprop, the same scheme and steps' offset 0,-0.5
set xlabel 'steps' offset 0,0.4
set ylabel 'distance of the gradients' offset 0.5,0
set logscale x
set xrange [5:2000]
set yrange [1e-14:10]
plot for [i = 1:words(steps)] table skip 1 using 3:(of('steps', word(steps, i))) \
  with linespoints lw 1.3 pt i ps 0.5 lc rgb word(step_colours, i) title word(steps, i) noenhanced

set title 'a contracting flow, 20 steps to a unit of time' offset 0,-0.5
set key right bottom
set xlabel 'time' offset 0,0.4
unset ylabel
unset logscale x
set xrange [0:25]
set yrange [1e-26:1e2]
plot for [i = 1:words(time)] table skip 1 using 3:(of('time', word(time, i))) \
  with linespoints lw 1.3 pt i ps 0.5 lc rgb word(time_colours, i) title word(time, i) noenhanced
unset multiplot
