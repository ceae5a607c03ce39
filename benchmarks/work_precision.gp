# SPDX-License-Identifier: Apache-2.0
#
# gnuplot -e "table='work_precision.csv'; directory='docs/images'" work_precision.gp
#
# Draws the table that the program work_precision prints: error over evaluations and over time.

set datafile separator ','
set datafile missing NaN
set tics nomirror
set border 3
set grid lc rgb '#e5e5e5'
set logscale xy
set format x '10^{%T}'
set format y '10^{%T}'
unset mxtics
unset mytics
set yrange [1e-14:1]
colour(order) = word("#7f7f7f #d55e00 #009e73 #0072b2 #cc79a7 #000000 #000000 #7b3294", order)
of(c, scheme) = strcol(1) eq problem && strcol(2) eq control && strcol(3) eq scheme ? column(c) : NaN
fixed = 'euler midpoint heun2 ralston2 kutta3 heun3 ralston3 ssprk33 williamson3 rk4_classic rk4_38 '.\
  'ralston4 ssprk54 carpenter_kennedy4 nystrom5 butcher6'
fixed_orders = '1 2 2 2 3 3 3 3 3 4 4 4 4 4 5 6'
adaptive = 'heun_euler21 fehlberg21 bogacki_shampine32 fehlberg45 cash_karp54 dormand_prince54 '.\
  'tsitouras54 verner65 dormand_prince87'
adaptive_orders = '2 2 3 4 5 5 5 6 8'
problems = 'kepler lorenz driven'
titles = '"Kepler, e = 0.5, t = 42" "Lorenz, t = 2" "driven logistic curve, t = 5"'

do for [control in 'fixed adaptive'] {
  schemes = control eq 'fixed' ? fixed : adaptive
  orders = control eq 'fixed' ? fixed_orders : adaptive_orders
  set terminal svg size 1200,760 font 'Helvetica,13' background '#ffffff'
  set output directory.'/work_precision_'.control.'.svg'
  set multiplot layout 2,3 margins 0.065,0.835,0.08,0.95 spacing 0.05,0.13
  do for [row = 1:2] {
    do for [p = 1:3] {
      problem = word(problems, p)
      set title (row == 1 ? word(titles, p) : '') offset 0,-0.5
      set xlabel (row == 1 ? 'evaluations' : 'time (µs)') offset 0,0.4
      set ylabel (p == 1 ? 'error at the end' : '') offset 0.5,0
      if (row == 1 && p == 3) {
        set key at screen 0.995,0.96 right top vertical maxcols 1 samplen 2 spacing 0.85 font ',12'
      } else {
        unset key
      }
      plot for [i = 1:words(schemes)] table skip 1 using (of(5 + row, word(schemes, i))):5 \
        with linespoints lw 1.3 pt i ps 0.5 lc rgb colour(int(word(orders, i))) \
        title word(schemes, i) noenhanced
    }
  }
  unset multiplot
  unset output
}
