#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What including each public header costs: CPU seconds of the compiler, the least of several runs
(whatever else the machine does only adds to it).

Prints a Markdown table beside an empty file, the standard headers that the core is made with, and
<Eigen/Core>. Exits with 1 if an umbrella header is
over its budget. A header that does not compile (its library is missing) is listed as such.
"""

import argparse
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STANDARD = "vector, string, stdexcept, cmath, tuple, array"
BUDGET = {  # seconds, and what they come on top of
    "kutta/kutta.hpp": (0.35, None),
    "kutta/eigen.hpp": (0.25, "Eigen/Core"),
}


def seconds(command):
    """CPU time of one compiler run and its children; None if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        return None
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--umbrellas", action="store_true", help="only the headers with a budget")
    parser.add_argument("--isystem", action="append", default=[], metavar="FOLDER",
                        help="where another library lies (default: /usr/include/eigen3)")
    options = parser.parse_args()

    include = ROOT / "include"
    headers = ["Eigen/Core"]
    headers += BUDGET if options.umbrellas else sorted(
        str(path.relative_to(include)) for path in (include / "kutta").rglob("*.hpp"))
    command = [options.compiler, "-std=c++20", "-O2", "-c", "-o", "/dev/null", f"-I{include}"]
    for folder in options.isystem or ["/usr/include/eigen3"]:
        command += ["-isystem", folder]

    least = {}
    with tempfile.TemporaryDirectory() as folder:
        for header in [None, STANDARD, *headers]:
            source = pathlib.Path(folder) / "include_one.cpp"
            names = header.split(", ") if header else []
            source.write_text("".join(f"#include <{name}>\n" for name in names))
            runs = [seconds([*command, str(source)]) for _ in range(options.runs)]
            least[header] = None if None in runs else min(runs)

    version = subprocess.run([options.compiler, "--version"], capture_output=True, text=True)
    print(f"{version.stdout.splitlines()[0]}, -std=c++20 -O2, least of {options.runs}\n")
    print("| header | CPU s | budget |")
    print("| --- | ---: | ---: |")
    over = False
    for header, value in least.items():
        limit = ""
        if header in BUDGET:
            allowed, base = BUDGET[header]
            if base:
                allowed = None if least[base] is None else allowed + least[base]
            limit = "-" if allowed is None else f"{allowed:.2f}"
            over |= value is None or allowed is None or not value <= allowed
        print(f"| {f'`{header}`' if header else 'an empty file'} | "
              f"{'does not compile here' if value is None else f'{value:.2f}'} | {limit} |")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
