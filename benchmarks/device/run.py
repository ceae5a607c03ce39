#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds, tests and times kutta on a GPU, and writes what it found.

    python3 benchmarks/device/run.py                       # all stages
    python3 benchmarks/device/run.py bench peers report --out /tmp/results

Needs nvcc and a GPU; nothing else, and no network. The tests want doctest's header (`--include`, if
it lies where no compiler looks); compute-sanitizer, PyTorch, torchdiffeq, JAX and diffrax are used
where they are. Results are written to <out>/<machine>.json after every record: a run that was cut
short goes on where it stopped (`--again` starts anew). What is skipped is said, with the reason.

Stages: build, test, sanitize, bench, peers, report. Without a GPU `--system cpp` runs the same
programs on the processor, with Thrust's CPP system: `--smoke` says whether they run, and no more.
"""

import argparse
import concurrent.futures
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import results
import tables

ROOT = pathlib.Path(__file__).resolve().parents[2]
STAGES = ("build", "test", "sanitize", "bench", "peers", "report")
PROGRAMS = ("ceilings", "stage_sums", "ensemble", "ensemble_gradient", "mlp", "conv")


def text_of(command):
    """What a command prints, or nothing if there is none."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


class Machine:
    """What runs the programs, and what compiles them."""

    def __init__(self, system):
        self.system = system
        gpu = text_of(["nvidia-smi", "--query-gpu=name,compute_cap,driver_version,memory.total",
                       "--format=csv,noheader"]).splitlines() if system == "cuda" else []
        fields = [field.strip() for field in gpu[0].split(",")] if gpu else []
        self.has_gpu = len(fields) == 4
        self.name = fields[0] if self.has_gpu else "processor" if system == "cpp" else "no GPU"
        architecture = fields[1].replace(".", "") if self.has_gpu else "90"
        self.nvcc = os.environ.get("CUDACXX") or shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
        self.toolkit = pathlib.Path(os.path.realpath(self.nvcc)).parents[1]
        host = os.environ.get("CXX") or shutil.which("g++-12") or "g++"
        if system == "cuda":
            self.compiler = [self.nvcc, "-std=c++20", "-ccbin", host, f"-arch=sm_{architecture}",
                             "-O3", "-DNDEBUG", "-diag-suppress", "20012"]
            version = re.search(r"release [^\n]*", text_of([self.nvcc, "--version"]))
        else:
            thrust = self.toolkit / "include" / "cccl"
            self.compiler = [host, "-x", "c++", "-std=c++20", "-O2", "-DNDEBUG",
                             "-DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP"]
            self.compiler += ["-isystem", str(thrust)] if thrust.exists() else []
            version = re.search(r"[^\n]*", text_of([host, "--version"]))
        self.about = {"name": self.name, "system": system,
                      "compiler": version.group() if version else "not found"}
        if self.has_gpu:
            self.about |= {"driver": fields[2], "memory": fields[3]}

    def library(self, name, header):
        """Flags for a library of CUDA: of the toolkit, the system or Python's packages; or none."""
        spec = importlib.util.find_spec("nvidia")
        packages = spec.submodule_search_locations if spec else []
        folders = [self.toolkit, pathlib.Path("/usr"), pathlib.Path("/usr/local"),
                   *(pathlib.Path(p) / part for p in packages for part in ("cu13", name))]
        for folder in folders:
            for libraries in ("lib64", "lib", "lib/x86_64-linux-gnu"):
                found = sorted((folder / libraries).glob(f"lib{name}.so*"))
                if found and (folder / "include" / header).exists():
                    return [f"-I{folder / 'include'}", "-Xlinker", str(found[0]),
                            "-Xlinker", f"-rpath={folder / libraries}"]
        return []


class Builds:
    """The programs, each compiled once; those that cannot be are said and left out."""

    def __init__(self, machine, how, kept):
        self.machine, self.how, self.kept = machine, how, kept
        self.folder = how.programs or how.build
        self.includes = [f"-I{ROOT / 'include'}", f"-I{ROOT / 'benchmarks'}", f"-I{ROOT / 'tests'}",
                         *(f"-I{pathlib.Path(folder).resolve()}" for folder in how.include)]
        self.libraries = ["-lpthread"]
        if machine.system == "cuda" and "build" in how.stages:
            cudnn = machine.library("cudnn", "cudnn.h")
            self.libraries = [*machine.library("cublas", "cublas_v2.h"), *cudnn,
                              *(["-DKUTTA_CUDNN"] if cudnn else [])]
            if not cudnn:
                kept.skip("cuDNN", "not found: convolutions are those of our own kernels")

    def path(self, name):
        return self.folder / name

    def sources(self):
        """{program: its sources}."""
        programs = {name: [ROOT / "benchmarks" / "device" / f"{name}.cu"] for name in PROGRAMS}
        if self.machine.system == "cuda" and {"test", "sanitize"} & set(self.how.stages):
            main = ROOT / "tests" / "device_main.cpp"
            programs |= {f"test_{source.stem}": [source, main]
                         for source in sorted((ROOT / "tests" / "cuda").glob("*_test.cu"))}
        return {name: of for name, of in programs.items() if self.how.only in name}

    def compile(self, name, sources):
        newest = max(path.stat().st_mtime for folder in ("include", "benchmarks", "tests")
                     for path in (ROOT / folder).rglob("*") if path.suffix in (".hpp", ".cu"))
        program = self.path(name)
        if program.exists() and program.stat().st_mtime > newest:
            return name, ""
        command = [*self.machine.compiler, *self.includes, *map(str, sources), "-o", str(program),
                   *self.libraries]
        done = subprocess.run(command, capture_output=True, text=True)
        return name, "" if done.returncode == 0 else (done.stderr or done.stdout or "no message")

    def all(self):
        if self.how.programs:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        sources = self.sources()
        if any(name.startswith("test_") for name in sources) and not self.has_doctest():
            self.kept.skip("tests", "doctest/doctest.h not found: say where with --include")
            sources = {name: of for name, of in sources.items() if not name.startswith("test_")}
        start = time.time()
        with concurrent.futures.ThreadPoolExecutor(self.how.jobs) as pool:
            for name, error in pool.map(lambda item: self.compile(*item), sources.items()):
                if error:
                    lines = [line for line in error.splitlines() if "error" in line] or [error]
                    self.kept.skip(f"build {name}", lines[0][:300])
        print(f"built {len(sources)} programs in {time.time() - start:.0f} s", flush=True)

    def has_doctest(self):
        done = subprocess.run([*self.machine.compiler, *self.includes, "-x", "c++", "-E", "-"],
                              input="#include <doctest/doctest.h>", capture_output=True, text=True)
        return done.returncode == 0

    def tests(self):
        return sorted(path for path in self.folder.glob("test_*") if self.how.only in path.name)


def run_tests(builds, kept, how):
    if not builds.tests():
        kept.skip("test", "no test is built")
    for test in builds.tests():
        done = results.finished([str(test)], how.seconds_left())
        kept.check(f"test {test.name[5:]}", done.returncode, done.last_line())


def sanitize(builds, kept, how):
    sanitizer = shutil.which("compute-sanitizer") or str(
        builds.machine.toolkit / "bin" / "compute-sanitizer")
    if builds.machine.system != "cuda" or not pathlib.Path(sanitizer).exists():
        return kept.skip("sanitize", "compute-sanitizer not found")
    for tool in ("memcheck", "racecheck"):
        checked = [[str(test)] for test in builds.tests()]
        checked += [[str(builds.path(name)), "--smoke"] for name in PROGRAMS
                    if builds.path(name).exists() and how.only in name]
        for command in checked:
            name = f"{tool} {pathlib.Path(command[0]).name}"
            if kept.passed(name):
                continue
            done = results.finished([sanitizer, "--tool", tool, "--error-exitcode", "9", *command],
                                    how.seconds_left())
            kept.check(name, done.returncode, done.last_line("ERROR SUMMARY|RACECHECK SUMMARY"))


def bench(builds, kept, how):
    for name in PROGRAMS:
        program = builds.path(name)
        if how.only and how.only not in name:
            continue
        if not program.exists():
            kept.skip(f"bench {name}", "not built")
            continue
        measure(kept, [str(program), *options_of(how)], f"bench {name}", how)


def peers(builds, kept, how):
    script = ROOT / "benchmarks" / "peers" / "device.py"
    device = "cpu" if builds.machine.system == "cpp" else "cuda"
    for library in ("torch", "jax"):
        if how.only and how.only not in library:
            continue
        python = how.python or sys.executable
        if subprocess.run([python, "-c", f"import {library}"], capture_output=True).returncode != 0:
            kept.skip(f"peers {library}", f"{python} has no {library}")
            continue
        measure(kept, [python, str(script), library, "--device", device, *options_of(how)],
                f"peers {library}", how)


def options_of(how):
    return ["--seconds", str(how.seconds), *(["--smoke"] if how.smoke else []),
            *(["--only", how.records] if how.records else [])]


def measure(kept, command, what, how):
    """Keeps the lines of JSON that a program prints, as they come."""
    limit = how.seconds_left()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as done:
        done.write("".join(f"{name}\n" for name in kept.names()))
        done.flush()
        run = subprocess.Popen([*command, "--done", done.name], stdout=subprocess.PIPE, text=True)
        with results.limited(run, limit) as clock:
            for line in run.stdout:
                kept.line(line, what)
        if clock.ran_out:
            kept.skip(what, f"ended after {limit:.0f} s: run it again, it goes on from there")
        elif run.returncode not in (0, 1):  # 1: it has said what failed
            kept.skip(what, f"exit status {run.returncode}")


def options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("stages", nargs="*", choices=[[], *STAGES], help="some of the stages; all if none is named")
    add("--out", type=pathlib.Path, default=ROOT / "benchmarks" / "results")
    add("--system", choices=("cuda", "cpp"), default="cuda")
    add("--build", type=pathlib.Path, help="folder of the programs (build/device)")
    add("--programs", type=pathlib.Path, help="folder of programs that are built already")
    add("--include", action="append", default=[], help="another folder of headers")
    add("--python", help="the Python that has the other libraries")
    add("--only", default="", help="programs, tests or libraries whose name contains this")
    add("--records", default="", help="records whose name contains this")
    add("--seconds", type=float, default=.5, help="of measuring a record")
    add("--limit", type=float, default=300, help="seconds that one program may take")
    add("--deadline", type=float, default=1e6, help="seconds that all may take, but for compilers")
    add("--jobs", type=int, default=os.cpu_count(), help="compilers at a time")
    add("--results", type=pathlib.Path, help="report these, of another machine, and nothing else")
    add("--again", action="store_true", help="forget the results that are there")
    add("--smoke", action="store_true", help="small sizes: does it run?")
    add("--readme", type=pathlib.Path, default=ROOT / "benchmarks" / "README.md",
        help="the file whose tables are replaced")
    how = parser.parse_args()
    how.stages = how.stages or list(STAGES)
    end = time.monotonic() + how.deadline
    how.seconds_left = lambda: max(1, min(how.limit, end - time.monotonic()))
    how.build = how.build or ROOT / "build" / ("device" if how.system == "cuda" else "device_host")
    return how


def report(data, readme):
    """Prints the tables, and puts them into a file if one is given."""
    text = tables.report(data)
    print(text)
    if readme:
        tables.insert(text, readme, data["machine"]["name"])


def main():
    how = options()
    if how.results:
        return report(json.loads(how.results.read_text(encoding="utf-8")), how.readme)
    machine = Machine(how.system)
    kept = results.Results(how.out, machine.about, how.smoke, how.again)
    kept.forget_skipped(how.stages)
    builds = Builds(machine, how, kept)
    if "build" in how.stages:
        builds.all()
    ready = machine.system == "cpp" or machine.has_gpu
    for stage, work in (("test", run_tests), ("sanitize", sanitize), ("bench", bench),
                        ("peers", peers)):
        if stage in how.stages:
            print(f"-- {stage}", flush=True)
            work(builds, kept, how) if ready else kept.skip(stage, "nvidia-smi finds no GPU")
    if "report" in how.stages:
        report(kept.data, how.readme if kept.data["records"] and not how.smoke else None)
    return kept.summary()


if __name__ == "__main__":
    sys.exit(main())
