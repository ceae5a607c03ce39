#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the JSON of the benchmarks into Markdown tables of ratios. Runs nothing.

    build/.../rk_steps --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true \
        --benchmark_out=rk_steps.json --benchmark_out_format=json
    python3 benchmarks/report.py rk_steps.json

A benchmark's name is a case and, behind the last slash, a contender. A row is a case; the baseline's
time is for one operation (median CPU time of the repetitions), every other column the time over the
baseline's, so less than 1 is faster. `±` is half the interquartile range over the median, the
largest in the row.
"""

import argparse
import collections
import json
import re
import statistics
import sys

NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def read(paths):
    """{case: {contender: [nanoseconds of one operation, a repetition each]}}."""
    times = collections.defaultdict(lambda: collections.defaultdict(list))
    machines = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        context = data["context"]
        machines.append(f"{context['num_cpus']} cores, {context['mhz_per_cpu']} MHz nominal, "
                        f"load {context['load_avg'][0]:.1f} at the start")
        # Random interleaving shuffles the list; family_index is the order of registration.
        for entry in sorted(data["benchmarks"], key=lambda e: e.get("family_index", 0)):
            if entry.get("run_type") != "iteration":
                continue
            if entry.get("error_occurred"):
                sys.exit(f"report.py: {entry['name']}: {entry.get('error_message')}")
            case, contender = entry["run_name"].rsplit("/", 1)
            time = entry["cpu_time"] * NANOSECONDS[entry["time_unit"]]
            times[case][contender].append(time / entry.get("operations", 1))
    return times, machines


def readable(nanoseconds):
    for unit, size in (("ms", 1e6), ("µs", 1e3), ("ns", 1)):
        if nanoseconds >= size or unit == "ns":
            value = nanoseconds / size
            return f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"


def spread(values):
    if len(values) < 4:
        return 0
    low, _, high = statistics.quantiles(values, n=4)
    return (high - low) / 2 / statistics.median(values)


def table(cases, base, more=None):
    """One Markdown table for cases that have the same question (the first part of their name).
    `more` are further columns, {column: {case: text}}."""
    more = more or {}
    contenders = []
    for case in cases.values():
        contenders += [name for name in case if name not in contenders and name != base]
    lines = ["| " + " | ".join(["case", base, *contenders, *more, "±"]) + " |",
             "| --- |" + " ---: |" * (len(contenders) + len(more) + 2)]
    for name, case in cases.items():
        if base not in case:
            continue
        median = {contender: statistics.median(values) for contender, values in case.items()}
        ratios = [f"{median[c] / median[base]:.2f}" if c in median else "" for c in contenders]
        ratios += [column.get(name, "") for column in more.values()]
        lines.append("| " + " | ".join([
            name, readable(median[base]), *ratios,
            f"{100 * max(map(spread, case.values())):.0f} %"]) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("json", nargs="+", help="output of a benchmark program")
    parser.add_argument("--base", default="by_hand", help="the contender that the others are over")
    parser.add_argument("--filter", default="", help="only cases that match this regular expression")
    options = parser.parse_args()

    times, machines = read(options.json)
    questions = collections.defaultdict(dict)
    for name, case in times.items():
        if re.search(options.filter, name):
            question, _, rest = name.partition("/")
            questions[question][rest] = case
    if not questions:
        sys.exit("report.py: expected benchmarks that match, found none")
    for machine in dict.fromkeys(machines):
        print(machine)
    for question, cases in questions.items():
        print(f"\n**{question}**\n\n{table(cases, options.base)}")


if __name__ == "__main__":
    main()
